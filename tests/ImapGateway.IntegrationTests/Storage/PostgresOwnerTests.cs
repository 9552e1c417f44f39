using System.Net;
using ImapGateway.Changes;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.Mail;
using ImapGateway.Settings;
using ImapGateway.Storage;
using ImapGateway.Storage.Postgres;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using ErrorCode = ImapGateway.Mail.ErrorCode;

namespace ImapGateway.IntegrationTests.Storage;

/// <summary>One gateway at a time on a PostgreSQL database.</summary>
[Trait("Category", "judges")]
public class PostgresOwnerTests
{
    private static readonly (string, string)[] Patient = [("Storage:WaitAtStart", "2m")];

    private static string NameOf(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString).Database!;

    private static string Through(TapProxy network, string connectionString) => new NpgsqlConnectionStringBuilder(connectionString)
    {
        Port = network.Port,
        SslMode = SslMode.Disable,
        GssEncryptionMode = GssEncryptionMode.Disable,
    }.ConnectionString;

    private static async Task CanWrite(GatewayProcess gateway, string name) =>
        (await new ApiClient(gateway).Post("/v1/keys", new { name, scopes = new[] { "mail.read" } })).Is(HttpStatusCode.Created);

    private static async Task<bool> TryAdd(StoreUnderTest store, string id)
    {
        try
        {
            await store.Database.Add(id);
            return true;
        }
        catch (ProblemException refused) when (refused.Code == ErrorCode.Unavailable)
        {
            return false;
        }
    }

    private static async Task<HealthStatus> Health(StoreUnderTest store) => (await new StorageHealth(store.Storage).CheckHealthAsync(new HealthCheckContext())).Status;

    /// <summary>The session that has the lock, as a condition on pg_stat_activity.</summary>
    private static string OwnerOf(string database) => $"datname = '{database}' AND application_name LIKE 'ImapGateway on %'";

    [Fact]
    public async Task A_second_gateway_is_refused_and_told_who_has_the_database_until_the_first_is_dead()
    {
        var database = await (await SharedServers.Postgres).NewDatabase();
        await using var first = await GatewayProcess.Start(PostgresServer.Settings(database));
        var (code, output) = await GatewayProcess.StartRefused(PostgresServer.Settings(database));
        Assert.Equal(1, code);
        Assert.Contains(
            $"The gateway cannot start: Storage:ConnectionString: the database \"{NameOf(database)}\" is used by another gateway: ImapGateway on {Environment.MachineName}, process {first.ProcessId} (from 127.0.0.1), connected since {DateTime.UtcNow:yyyy-MM-dd} ",
            output,
            StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        await CanWrite(first, "undisturbed");
        await first.Kill();
        await using var next = await GatewayProcess.Start(PostgresServer.Settings(database));
        await CanWrite(next, "next");
    }

    [Fact]
    public async Task A_gateway_that_stands_still_loses_the_database_and_ends_as_soon_as_it_goes_on()
    {
        var database = await (await SharedServers.Postgres).NewDatabase();
        await using var frozen = await GatewayProcess.Start(PostgresServer.Settings(database));
        frozen.Freeze();
        await using var next = await GatewayProcess.Start([.. PostgresServer.Settings(database), .. Patient]);
        frozen.Thaw();
        Assert.Equal(FatalFault.ExitCode, await frozen.Ended());
        Assert.Contains("The gateway ends: another gateway has used the database since", frozen.Output.Entries);
        await CanWrite(next, "next");
        var (code, _) = await GatewayProcess.StartRefused(PostgresServer.Settings(database));
        Assert.Equal(1, code);
    }

    [Fact]
    public async Task What_an_earlier_owner_has_begun_to_write_behind_a_silent_network_is_never_committed()
    {
        var server = await SharedServers.Postgres;
        var database = await server.NewDatabase();
        await using var network = TapProxy.Start(server.Port);
        await using var first = await StoreUnderTest.Postgres(Through(network, database));
        await first.Database.Add("before");
        var began = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        var write = first.Database.WriteAsync(
            async (db, cancel) =>
            {
                db.Add(StoreRows.Row("late"));
                await db.SaveChangesAsync(cancel);
                began.TrySetResult();
                await go.Task;
                return 0;
            },
            default);
        await TestWait.For(began.Task);
        network.Stall();
        await using var second = await StoreUnderTest.Postgres(database, waitAtStart: TimeSpan.FromMinutes(2));
        await second.Database.Add("second");
        go.SetResult();
        network.Resume();
        Assert.Equal(ErrorCode.Unavailable, (await Assert.ThrowsAsync<ProblemException>(() => write)).Code);
        await first.StorageFailed.WaitAsync(Journal<string>.Patience);
        Assert.False(await TryAdd(first, "later"));
        Assert.Equal(HealthStatus.Unhealthy, await Health(first));
        Assert.Equal(["before", "second"], await second.Database.Ids());
        Assert.False(second.StorageFailed.IsCompleted);
    }

    [Fact]
    public async Task While_another_session_has_the_lock_nothing_is_written_and_if_it_was_no_owner_all_goes_on()
    {
        var server = await SharedServers.Postgres;
        await using var store = await StoreUnderTest.Postgres();
        var owner = OwnerOf(store.DatabaseName!);
        // Waits for the lock of the owner, so that it has it before the owner can take it again.
        await using var other = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(store.ConnectionString) { Pooling = false }.ConnectionString);
        await other.OpenAsync();
        await using var take = new NpgsqlCommand("SELECT pg_advisory_lock(classid::int4, objid::int4) FROM pg_locks WHERE locktype = 'advisory' AND objid = 1 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())", other);
        var taking = take.ExecuteNonQueryAsync();
        await TestWait.For(async () => await server.Execute($"SELECT count(*) FROM pg_stat_activity WHERE pid = {other.ProcessID} AND wait_event = 'advisory'") is 1L);
        Assert.True(await TryAdd(store, "held"));
        await server.Execute($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {owner}");
        await taking;
        Assert.False(await TryAdd(store, "lost"));
        Assert.Equal(HealthStatus.Unhealthy, await Health(store));
        Assert.Equal(["held"], await store.Database.Ids());   // reads go on
        await other.CloseAsync();
        await TestWait.For(() => TryAdd(store, "again"));
        Assert.Equal(HealthStatus.Healthy, await Health(store));
        Assert.False(store.StorageFailed.IsCompleted);
    }

    /// <summary>A server whose files were set back to a snapshot: nothing but the stamp of the data directory shows it.</summary>
    [Fact]
    public async Task A_database_that_is_older_than_what_the_data_directory_has_seen_is_not_taken_again()
    {
        var server = await SharedServers.Postgres;
        var database = await server.NewDatabase();
        using var folder = new TemporaryDirectory();
        var directory = new DataDirectory(folder.Path);
        await using var storage = new PostgresStorage(new StorageOptions { ConnectionString = database }, directory, TimeProvider.System, NullLoggerFactory.Instance);
        var failed = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
        storage.Failed += failure => failed.TrySetResult(failure);
        await storage.OpenAsync(NoGuard.Instance, CancellationToken.None);
        var stamps = new StoreStamp(directory);
        var store = new StoreStart(storage.Database, new StoreEpoch(), stamps, NullLogger<StoreStart>.Instance);
        await store.RunAsync(CancellationToken.None);
        await server.Execute($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OwnerOf(NameOf(database))}");
        await TestWait.For(async () => await storage.Owner.NumberAsync() is not null);
        Assert.False(failed.Task.IsCompleted);

        stamps.Write(store.Incarnation, "a later stamp");
        await server.Execute($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OwnerOf(NameOf(database))}");
        Assert.Equal("the database is in an earlier state than before", (await failed.Task.WaitAsync(Journal<string>.Patience)).Message);
    }

    /// <summary>The command takes the database from a gateway that stands still.</summary>
    [Fact]
    public async Task Storage_restored_ends_a_gateway_that_stands_still_meanwhile()
    {
        var database = await (await SharedServers.Postgres).NewDatabase();
        await using var frozen = await GatewayProcess.Start(PostgresServer.Settings(database));
        using var elsewhere = new TemporaryDirectory();
        frozen.Freeze();
        await TestWait.For(async () => (await frozen.Run("storage", "restored", $"--DataDirectory={elsewhere.Path}")).ExitCode == 0);
        frozen.Thaw();
        Assert.Equal(FatalFault.ExitCode, await frozen.Ended());
        Assert.Contains("The gateway ends: another gateway has used the database since", frozen.Output.Entries);
    }

    [Fact]
    public async Task An_owner_whose_session_the_server_ends_again_and_again_writes_everything_once()
    {
        var server = await SharedServers.Postgres;
        await using var store = await StoreUnderTest.Postgres();
        for (var round = 0; round < 5; round++)
        {
            await server.Execute($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OwnerOf(store.DatabaseName!)}");
            await Task.WhenAll(Enumerable.Range(0, 4).Select(n => store.Database.Add($"{round}-{n}")));
        }
        Assert.Equal(20, (await store.Database.Ids()).Count);
    }

    [Fact]
    public async Task Connections_that_a_router_has_forgotten_do_not_keep_the_owner_from_its_own_database()
    {
        var server = await SharedServers.Postgres;
        var database = await server.NewDatabase();
        await using var network = TapProxy.Start(server.Port);
        await using var store = await StoreUnderTest.Postgres(Through(network, database));
        await store.Database.Add("before");
        network.ForgetConnections();
        await TestWait.For(() => TryAdd(store, $"after"));
        Assert.False(store.StorageFailed.IsCompleted);
    }
}
