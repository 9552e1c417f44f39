using ImapGateway.IntegrationTests.Servers;
using ImapGateway.Storage;
using ImapGateway.Storage.KeyRing;
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

    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IStorage? _storage;

    public IStorage Storage => _storage ?? throw new InvalidOperationException("The store is not open.");

    public IDatabase Database => Storage.Database;

    /// <summary>Completes when a process that uses the storage would have to end.</summary>
    public Task<Exception> StorageFailed => _failed.Task;

    /// <summary>Of PostgreSQL.</summary>
    public string? ConnectionString { get; private init; }

    public string? DatabaseName => new NpgsqlConnectionStringBuilder(ConnectionString).Database;

    public static async Task<StoreUnderTest> Sqlite() => await new SqliteUnderTest().Opened();

    public static async Task<StoreUnderTest> Postgres() => await Postgres(await (await SharedServers.Postgres).NewDatabase(await Prepared.Value));

    /// <summary>As another gateway opens it; a database that is empty gets its tables.</summary>
    public static async Task<StoreUnderTest> Postgres(string connectionString, TimeSpan waitAtStart = default) =>
        await new PostgresUnderTest(waitAtStart) { ConnectionString = connectionString }.Opened();

    /// <summary>Other connections to the same PostgreSQL database on behalf of the same gateway: two owners of an account, which is all that one process can have of two gateways.</summary>
    internal PostgresDatabase Beside(string? connectionString = null)
    {
        var database = new PostgresDatabase(
            NpgsqlDataSource.Create(connectionString ?? ConnectionString!), PostgresStorage.NewContext, ((PostgresStorage)Storage).Owner, NullLogger<PostgresDatabase>.Instance);
        database.Open();
        return database;
    }

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
        _storage.Failed += failure => _failed.TrySetResult(failure);
        await _storage.OpenAsync(NoGuard.Instance, CancellationToken.None);
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

    private sealed class PostgresUnderTest(TimeSpan waitAtStart) : StoreUnderTest
    {
        protected override IStorage Make() => new PostgresStorage(new StorageOptions { ConnectionString = ConnectionString!, WaitAtStart = waitAtStart }, new DataDirectory("unused"), TimeProvider.System, NullLoggerFactory.Instance);
    }
}

/// <summary>For stores in which nothing is encrypted.</summary>
internal sealed class NoGuard : IKeyRingGuard
{
    public static readonly NoGuard Instance = new();

    public void Verify(IKeyRing ring) { }

    public void Protect(IKeyRing ring) { }
}
