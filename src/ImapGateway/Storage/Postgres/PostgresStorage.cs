using ImapGateway.Settings;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace ImapGateway.Storage.Postgres;

/// <summary>A database of a PostgreSQL server, with the key ring in it; several gateways may use it.</summary>
public sealed class PostgresStorage : IStorage
{
    private readonly string _connectionString;
    private readonly ILogger _log;
    private readonly NpgsqlDataSource _source;
    private readonly PostgresDatabase _database;

    public PostgresStorage(string connectionString, ILoggerFactory logs)
    {
        _connectionString = connectionString;
        _log = logs.CreateLogger<PostgresStorage>();
        _source = PostgresConnectionString.Open(connectionString);
        _database = new PostgresDatabase(_source, NewContext, logs.CreateLogger<PostgresDatabase>());
        KeyRing = new PostgresKeyRing(_source);
    }

    public IDatabase Database => _database;

    /// <summary>Each job has a connection of its own: what fails may work again.</summary>
    public event Action<Exception>? Failed
    {
        add { }
        remove { }
    }

    public IXmlRepository KeyRing { get; }

    public async Task<IReadOnlyList<string>> OpenAsync(Action whileAlone, CancellationToken cancel)
    {
        try
        {
            await using var source = PostgresConnectionString.Open(_connectionString, pooled: false);
            var applied = await new PostgresMigrations(source, NewContext, _log).ApplyAsync(whileAlone, cancel);
            _database.Open();
            return applied;
        }
        catch (NpgsqlException failure)
        {
            throw new StartupException($"Storage:ConnectionString: {PostgresStartupFault.Describe(failure, _connectionString)}");
        }
    }

    public async Task CheckAsync(CancellationToken cancel)
    {
        _database.ThrowIfCorrupt();
        await _database.ReadAsync((read, token) => read.Database.ExecuteSqlAsync($"SELECT 1", token), cancel);
        if (_database.WritesFail)
        {
            // A row as good as any: it has to be written, and says the same as before.
            await _database.WriteAsync(
                (write, token) => write.Database.ExecuteSqlAsync($"""UPDATE "__EFMigrationsHistory" SET "ProductVersion" = "ProductVersion" """, token), cancel);
        }
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    private static PostgresGatewayDbContext NewContext(DbContextOptions options) => new(options);
}
