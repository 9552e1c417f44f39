using ImapGateway.IntegrationTests.Servers;
using ImapGateway.Settings;

namespace ImapGateway.IntegrationTests.Storage;

/// <summary>
/// The content of a PostgreSQL database is replaced by an earlier one of the same term while the gateway runs. The gateway remembers what is lost, so it ends, and the next start opens a new epoch,
/// also with a new data directory.
/// </summary>
[Trait("Category", "judges")]
public class ReplacedDatabaseTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_dump_that_is_loaded_into_a_new_database_ends_the_gateway(bool loseDataDirectory) => EndsTheGateway(
        (site, server) => server.Dump(site.DatabaseName),
        async (site, server, dump) =>
        {
            await server.Empty(site.DatabaseName);
            // A gateway that ended now would be started again on the empty database, where the dump could not be loaded any more.
            await TestWait.For(async () => await server.Execute($"SELECT sessions >= 5 FROM pg_stat_database WHERE datname = '{site.DatabaseName}'") is true);
            Assert.False(site.Gateway.HasExited);
            await server.Load(site.DatabaseName, dump);
        },
        loseDataDirectory);

    [Fact]
    public Task A_dump_that_is_loaded_over_the_tables_ends_the_gateway() => EndsTheGateway(
        (site, server) => server.Dump(site.DatabaseName),
        (site, server, dump) =>
            server.Load(site.DatabaseName, $"SET client_min_messages = warning; DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION {PostgresServer.User};\n{dump}"));

    [Fact]
    public Task A_copy_of_its_files_ends_the_gateway() => EndsTheGateway(
        async (site, server) =>
        {
            await server.CopyFiles(site.DatabaseName, $"copy_of_{site.DatabaseName}");
            return $"copy_of_{site.DatabaseName}";
        },
        async (site, server, copy) =>
        {
            await server.Execute($"DROP DATABASE {site.DatabaseName} WITH (FORCE)");
            await server.Execute($"ALTER DATABASE {copy} RENAME TO {site.DatabaseName}");
        },
        loseDataDirectory: true);

    /// <summary>The session that holds the database stays open.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Rows_that_are_loaded_into_the_emptied_tables_end_the_gateway(bool loseDataDirectory) => EndsTheGateway(
        async (site, server) =>
        {
            await server.Execute("CREATE SCHEMA saved", site.DatabaseName);
            var tables = ((string)(await server.Execute("SELECT string_agg(quote_ident(tablename), ',') FROM pg_tables WHERE schemaname = 'public'", site.DatabaseName))!).Split(',');
            await server.Execute(string.Join(';', tables.Select(table => $"CREATE TABLE saved.{table} AS TABLE public.{table}")), site.DatabaseName);
            return tables;
        },
        (site, server, tables) => server.Execute(
            $"BEGIN; SET session_replication_role = replica; TRUNCATE {string.Join(',', tables)}; {string.Join(';', tables.Select(table => $"INSERT INTO public.{table} TABLE saved.{table}"))}; COMMIT",
            site.DatabaseName),
        loseDataDirectory);

    [Fact]
    public async Task Storage_restore_into_a_new_database_of_the_same_name_ends_the_gateway()
    {
        using var elsewhere = new TemporaryDirectory();
        await EndsTheGateway(
            (site, _) => site.BackUp(hot: true),
            async (site, server, backup) =>
            {
                await server.Empty(site.DatabaseName);
                var (exitCode, output) = await site.Gateway.Run("storage", "restore", backup, $"--DataDirectory={elsewhere["data"]}");
                Assert.True(exitCode == 0, output);
            });
    }

    private static async Task EndsTheGateway<T>(Func<RestoreSite, PostgresServer, Task<T>> save, Func<RestoreSite, PostgresServer, T, Task> replace, bool loseDataDirectory = false)
    {
        var server = await SharedServers.Postgres;
        await using var site = await RestoreSite.Start(server);
        await site.Deliver("first");
        var before = await site.Keep("first");
        var saved = await save(site, server);
        await site.Deliver("second");
        var lost = await site.Keep("second");
        await site.Remove("second");

        await replace(site, server, saved);
        Assert.Equal(FatalFault.ExitCode, await site.Gateway.Ended());
        Assert.Single(site.Gateway.Output.Entries, line => line.StartsWith("The gateway ends: ", StringComparison.Ordinal));

        if (loseDataDirectory)
        {
            site.EmptyDataDirectory();
        }
        await site.ResumeRestored();
        await site.Deliver("third");
        await site.IsGood(before, "first");
        await site.IsGone(lost, "second");
        await site.Follows(before, lost, ["third"]);
        site.NoWebhookIdHasTwoContents();
    }
}
