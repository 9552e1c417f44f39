using ImapGateway.IntegrationTests.Servers;
using ImapGateway.Settings;
using ImapGateway.Storage;
using ImapGateway.Storage.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ImapGateway.IntegrationTests.Storage;

/// <summary>What an operator sees who starts a gateway on PostgreSQL, or several.</summary>
public class PostgresStartupTests
{
    private static (string, string)[] On(string connectionString) => PostgresServer.Settings(connectionString);

    private static string With(string connectionString, Action<NpgsqlConnectionStringBuilder> change)
    {
        var parts = new NpgsqlConnectionStringBuilder(connectionString);
        change(parts);
        return parts.ConnectionString;
    }

    private static PostgresStorage NewStorage(string connectionString, TimeSpan waitAtStart = default) =>
        new(new StorageOptions { ConnectionString = connectionString, WaitAtStart = waitAtStart }, new DataDirectory("unused"), TimeProvider.System, NullLoggerFactory.Instance);

    private static async Task<string> Refused(string connectionString)
    {
        await using var storage = NewStorage(connectionString);
        return Assert.Single((await Assert.ThrowsAsync<StartupException>(() => storage.OpenAsync(NoGuard.Instance, default))).Lines);
    }

    [Fact]
    public async Task A_wrong_password_is_one_line_that_does_not_tell_it()
    {
        var database = With(await (await SharedServers.Postgres).NewDatabase(), parts => parts.Password = "wrong-password-51");
        var (code, output) = await GatewayProcess.StartRefused(On(database));
        Assert.Equal(1, code);
        Assert.Contains("Storage:ConnectionString: PostgreSQL at 127.0.0.1:", output, StringComparison.Ordinal);
        Assert.Contains("password authentication failed for user \"gateway\"", output, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-password-51", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://gateway:secret-word-51@127.0.0.1/mail")]
    [InlineData("postgres://gateway:secret-word-51@127.0.0.1/mail?sslmode=require")]
    [InlineData("Host=127.0.0.1;Database=mail;Password=secret;word-51=1")]
    [InlineData("Host=127.0.0.1;Database=mail;Port=secret-word-51")]
    [InlineData("Host=127.0.0.1;Password=secret-word-51")]
    public async Task A_setting_that_cannot_be_read_is_one_line_that_repeats_nothing_of_it(string text)
    {
        var (code, output) = await GatewayProcess.StartRefused(On(text));
        Assert.Equal(1, code);
        Assert.Contains("Storage:ConnectionString: ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("word-51", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_down_or_has_no_such_database_or_lends_no_rights_says_what_to_do()
    {
        var server = await SharedServers.Postgres;
        var database = await server.NewDatabase();
        Assert.Contains($"127.0.0.1:9 cannot be reached", await Refused(With(database, parts => parts.Port = 9)), StringComparison.Ordinal);
        Assert.Contains("has no database \"missing\"", await Refused(With(database, parts => parts.Database = "missing")), StringComparison.Ordinal);
        Assert.Contains("no password", await Refused(With(database, parts => parts.Password = null)), StringComparison.OrdinalIgnoreCase);
        // Since PostgreSQL 15 only the owner of a database may make tables in it.
        await server.Execute("CREATE DATABASE of_somebody_else");
        var refused = await Refused(server.ConnectionString("of_somebody_else"));
        Assert.Contains("may not make tables in the database \"of_somebody_else\"", refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_of_a_newer_version_is_refused()
    {
        var server = await SharedServers.Postgres;
        var database = await server.NewDatabase();
        await using (await StoreUnderTest.Postgres(database))
        {
            // Makes the tables.
        }
        await server.Execute("""INSERT INTO "__EFMigrationsHistory" VALUES ('20990101000000_Future', '99.0.0')""", new NpgsqlConnectionStringBuilder(database).Database!);
        Assert.Contains("newer version of the gateway (it has 20990101000000_Future)", await Refused(database), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_many_that_start_at_once_on_an_empty_database_one_makes_the_tables_and_the_others_are_refused()
    {
        var database = await (await SharedServers.Postgres).NewDatabase();
        var storages = Enumerable.Range(0, 6).Select(_ => NewStorage(database)).ToList();
        var starts = await Task.WhenAll(storages.Select(storage => Task.Run(async () =>
        {
            try
            {
                Assert.NotEmpty(await storage.OpenAsync(NoGuard.Instance, default));
                return null;
            }
            catch (StartupException refused)
            {
                return Assert.Single(refused.Lines);
            }
        })));
        var winner = storages[Assert.Single(Enumerable.Range(0, 6), n => starts[n] is null)];
        Assert.All(starts.OfType<string>(), line => Assert.Contains($"is used by another gateway: ImapGateway on {Environment.MachineName}, process {Environment.ProcessId} ", line, StringComparison.Ordinal));
        await winner.CheckAsync(default);
        foreach (var storage in storages)
        {
            await storage.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_start_can_be_given_up_while_it_waits_for_another_and_one_that_is_killed_holds_up_nobody()
    {
        var server = await SharedServers.Postgres;
        var database = await server.NewDatabase();
        var name = new NpgsqlConnectionStringBuilder(database).Database!;
        // A table of the same name in a transaction that does not end holds the first migration in its middle.
        await using var obstacle = new NpgsqlConnection(With(database, parts => parts.Pooling = false));
        await obstacle.OpenAsync();
        await using var transaction = await obstacle.BeginTransactionAsync();
        await using var table = new NpgsqlCommand("CREATE TABLE account (n integer)", obstacle, transaction);
        await table.ExecuteNonQueryAsync();

        await using var gateway = await GatewayProcess.StartUnready(On(database));
        await Waiting(server, name, 1);
        await using var second = NewStorage(database, TimeSpan.FromHours(1));
        using var patience = new CancellationTokenSource();
        var waiting = second.OpenAsync(NoGuard.Instance, patience.Token);
        Assert.False(waiting.IsCompleted);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        await gateway.Kill();
        await transaction.RollbackAsync();
        await using var third = NewStorage(database, TimeSpan.FromMinutes(1));
        Assert.NotEmpty(await third.OpenAsync(NoGuard.Instance, default));
        await third.CheckAsync(default);
    }

    private static Task Waiting(PostgresServer server, string database, long sessions) => TestWait.For(async () =>
        (long)(await server.Execute($"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' AND wait_event_type = 'Lock'"))! >= sessions);
}
