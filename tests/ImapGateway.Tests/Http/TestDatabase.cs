using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Code = ImapGateway.Mail.ErrorCode;

namespace ImapGateway.Tests.Http;

/// <summary>A database file of its own; one write at a time, each in a transaction.</summary>
public sealed class TestDatabase(string file) : IDatabase, IDisposable
{
    private readonly SemaphoreSlim _writer = new(1);
    private readonly string _connection = new SqliteConnectionStringBuilder { DataSource = file, Pooling = false, DefaultTimeout = 30 }.ToString();

    /// <summary>Set: every call fails as a full disk does.</summary>
    public bool IsAway { get; set; }

    public async Task CreateAsync()
    {
        await using var db = Open(QueryTrackingBehavior.TrackAll);
        await db.Database.EnsureCreatedAsync();
    }

    public async Task<T> ReadAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> query, CancellationToken cancel)
    {
        ThrowIfAway();
        await using var db = Open(QueryTrackingBehavior.NoTracking);
        return await query(db, cancel);
    }

    public async Task<T> WriteAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> job, CancellationToken cancel)
    {
        await _writer.WaitAsync(cancel);
        try
        {
            ThrowIfAway();
            await using var db = Open(QueryTrackingBehavior.TrackAll);
            await using var transaction = await db.Database.BeginTransactionAsync(CancellationToken.None);
            var result = await job(db, CancellationToken.None);
            await db.SaveChangesAsync(CancellationToken.None);
            await transaction.CommitAsync(CancellationToken.None);
            return result;
        }
        finally
        {
            _writer.Release();
        }
    }

    public void Dispose() => _writer.Dispose();

    private void ThrowIfAway()
    {
        if (IsAway)
        {
            throw new ProblemException(Code.Unavailable, "The database is away.");
        }
    }

    private Context Open(QueryTrackingBehavior tracking) => new(new DbContextOptionsBuilder().UseSqlite(_connection).UseQueryTrackingBehavior(tracking).Options);

    private sealed class Context(DbContextOptions options) : GatewayDbContext(options)
    {
        protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
        {
            base.ConfigureConventions(configurationBuilder);
            configurationBuilder.Properties<DateTimeOffset>().HaveConversion<Milliseconds>();
        }
    }

    private sealed class Milliseconds() : ValueConverter<DateTimeOffset, long>(at => at.ToUnixTimeMilliseconds(), number => DateTimeOffset.FromUnixTimeMilliseconds(number));
}
