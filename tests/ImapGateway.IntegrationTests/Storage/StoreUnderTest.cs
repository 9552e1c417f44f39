using ImapGateway.IntegrationTests.Servers;
using ImapGateway.Storage;
using ImapGateway.Storage.Postgres;
using ImapGateway.Storage.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ImapGateway.IntegrationTests.Storage;

/// <summary>A real database with the gateway's own tables, for one test.</summary>
public abstract class StoreUnderTest : IAsyncDisposable
{
    /// <summary>Has the tables already: a copy of it costs less than to migrate an empty one.</summary>
    private static readonly Lazy<Task<string>> Prepared = new(async () =>
    {
        var server = await SharedServers.Postgres;
        var prepared = await server.NewDatabase();
        await using (await Postgres(prepared))
        {
            return new NpgsqlConnectionStringBuilder(prepared).Database!;
        }
    });

    private IStorage? _storage;

    public IStorage Storage => _storage ?? throw new InvalidOperationException("The store is not open.");

    public IDatabase Database => Storage.Database;

    /// <summary>Of PostgreSQL.</summary>
    public string? ConnectionString { get; private init; }

    public string? DatabaseName => new NpgsqlConnectionStringBuilder(ConnectionString).Database;

    public static async Task<StoreUnderTest> Sqlite() => await new SqliteUnderTest().Opened();

    public static async Task<StoreUnderTest> Postgres() => await Postgres(await (await SharedServers.Postgres).NewDatabase(await Prepared.Value));

    /// <summary>Another one beside those of other processes, as a second gateway opens it; a database that is empty gets its tables.</summary>
    public static async Task<StoreUnderTest> Postgres(string connectionString) => await new PostgresUnderTest { ConnectionString = connectionString }.Opened();

    public async Task Reopen()
    {
        await Storage.DisposeAsync();
        await Opened();
    }

    public virtual async ValueTask DisposeAsync()
    {
        if (_storage is not null)
        {
            await _storage.DisposeAsync();
        }
    }

    protected abstract IStorage Make();

    private async Task<StoreUnderTest> Opened()
    {
        _storage = Make();
        await _storage.OpenAsync(() => { }, CancellationToken.None);
        return this;
    }

    private sealed class SqliteUnderTest : StoreUnderTest
    {
        private readonly TemporaryDirectory _directory = new();

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            _directory.Dispose();
        }

        protected override IStorage Make() => new SqliteStorage(new DataDirectory(_directory.Path), TimeProvider.System, NullLoggerFactory.Instance);
    }

    private sealed class PostgresUnderTest : StoreUnderTest
    {
        protected override IStorage Make() => new PostgresStorage(ConnectionString!, new DataDirectory("unused"), TimeProvider.System, NullLoggerFactory.Instance);
    }
}
