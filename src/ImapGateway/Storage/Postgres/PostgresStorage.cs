using System.Diagnostics;
using ImapGateway.Settings;
using ImapGateway.Storage.KeyRing;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace ImapGateway.Storage.Postgres;

/// <summary>A database of a PostgreSQL server, with the key ring in it, for one gateway at a time.</summary>
public sealed partial class PostgresStorage : IStorage
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>The shortest time to wait, even if the settings have none: a gateway that was just stopped or killed may need a moment to give the database back.</summary>
    private static readonly TimeSpan LeastPatience = TimeSpan.FromSeconds(3);

    private readonly string _connectionString;
    private readonly TimeSpan _waitAtStart;
    private readonly ILogger _log;
    private readonly NpgsqlDataSource _source;
    private readonly PostgresDatabase _database;
    private readonly PostgresBackup _backup;

    public PostgresStorage(StorageOptions options, DataDirectory directory, TimeProvider time, ILoggerFactory logs)
    {
        (_connectionString, _waitAtStart) = (options.ConnectionString, options.WaitAtStart);
        _log = logs.CreateLogger<PostgresStorage>();
        _source = PostgresConnectionString.Open(_connectionString);
        Owner = new PostgresOwner(_connectionString, new StoreStamp(directory), _log);
        _database = new PostgresDatabase(_source, NewContext, Owner, logs.CreateLogger<PostgresDatabase>());
        _backup = new PostgresBackup(_connectionString, Owner, directory, time);
        KeyRing = new PostgresKeyRing(_source);
    }

    public IDatabase Database => _database;

    public event Action<Exception>? Failed
    {
        add => Owner.Lost += value;
        remove => Owner.Lost -= value;
    }

    public IKeyRing KeyRing { get; }

    internal PostgresOwner Owner { get; }

    public async Task<IReadOnlyList<string>> OpenAsync(IKeyRingGuard guard, CancellationToken cancel)
    {
        try
        {
            var waiting = Stopwatch.StartNew();
            await WaitForServerAsync(waiting, cancel);
            var left = _waitAtStart - waiting.Elapsed;
            await Owner.TakeAsync(left > LeastPatience ? left : LeastPatience, cancel);
            guard.Verify(KeyRing);
            var applied = await MigrateAsync(cancel);
            await Owner.BeginTermAsync(cancel);
            guard.Protect(KeyRing);
            _database.Open();
            return applied;
        }
        catch (NpgsqlException failure)
        {
            throw new StartupException($"Storage:ConnectionString: {PostgresStartupFault.Describe(failure, _connectionString)}");
        }
    }

    private async Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancel)
    {
        await using var unpooled = PostgresConnectionString.Open(_connectionString, pooled: false);
        await using var connection = await unpooled.OpenConnectionAsync(cancel);
        await Owner.JoinWritersAsync(connection, cancel);
        return await PostgresMigrations.ApplyAsync(connection, NewContext, cancel);
    }

    /// <summary>Waits until the server accepts a client.</summary>
    private async Task WaitForServerAsync(Stopwatch waiting, CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                await using var connection = await _source.OpenConnectionAsync(cancel);
                return;
            }
            catch (NpgsqlException failure) when (waiting.Elapsed < _waitAtStart && PostgresStartupFault.MayPass(failure))
            {
                LogWaiting(PostgresStartupFault.Describe(failure, _connectionString));
                await Task.Delay(RetryInterval, cancel);
            }
        }
    }

    public async Task CheckAsync(CancellationToken cancel)
    {
        _database.ThrowIfCorrupt();
        await _database.ReadAsync((read, token) => read.Database.ExecuteSqlAsync($"SELECT 1", token), cancel);
        if (await Owner.NumberAsync() is null)
        {
            throw PostgresFailure.Unavailable("The database is not held by this gateway at the moment.");
        }
        if (_database.WritesFail)
        {
            // Any row would do: it must be written, and keeps its value.
            await _database.WriteAsync(
                (write, token) => write.Database.ExecuteSqlAsync($"""UPDATE "__EFMigrationsHistory" SET "ProductVersion" = "ProductVersion" """, token), cancel);
        }
    }

    public Task BackUpAsync(string path, CancellationToken cancel) => _backup.BackUpAsync(path, cancel);

    public Task RestoreAsync(string folder, CancellationToken cancel) => _backup.RestoreAsync(folder, cancel);

    public Task MarkRestoredAsync(string reason, CancellationToken cancel) => _backup.MarkRestoredAsync(reason, cancel);

    /// <summary>Ends the jobs first: only then may another gateway own the database.</summary>
    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        await Owner.DisposeAsync();
    }

    internal static PostgresGatewayDbContext NewContext(DbContextOptions options) => new(options);

    [LoggerMessage(LogLevel.Information, "Waiting for the database: {Reason}")]
    private partial void LogWaiting(string reason);
}
