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
        (server, name) => server.Dump(name),
        async (server, name, dump) =>
        {
            await server.Empty(name);
            await server.Load(name, dump);
        },
        loseDataDirectory);

    [Fact]
    public Task A_dump_that_is_loaded_over_the_tables_ends_the_gateway() => EndsTheGateway(
        (server, name) => server.Dump(name),
        (server, name, dump) => server.Load(name, $"SET client_min_messages = warning; DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION {PostgresServer.User};\n{dump}"));

    [Fact]
    public Task A_copy_of_its_files_ends_the_gateway() => EndsTheGateway(
        async (server, name) =>
        {
            await server.CopyFiles(name, $"copy_of_{name}");
            return $"copy_of_{name}";
        },
        async (server, name, copy) =>
        {
            await server.Execute($"DROP DATABASE {name} WITH (FORCE)");
            await server.Execute($"ALTER DATABASE {copy} RENAME TO {name}");
        },
        loseDataDirectory: true);

    /// <summary>The session that holds the database stays open.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Rows_that_are_loaded_into_the_emptied_tables_end_the_gateway(bool loseDataDirectory) => EndsTheGateway(
        async (server, name) =>
        {
            await server.Execute("CREATE SCHEMA saved", name);
            var tables = ((string)(await server.Execute("SELECT string_agg(quote_ident(tablename), ',') FROM pg_tables WHERE schemaname = 'public'", name))!).Split(',');
            await server.Execute(string.Join(';', tables.Select(table => $"CREATE TABLE saved.{table} AS TABLE public.{table}")), name);
            return string.Join(',', tables);
        },
        (server, name, tables) => server.Execute(
            $"BEGIN; SET session_replication_role = replica; TRUNCATE {tables}; {string.Join(';', tables.Split(',').Select(table => $"INSERT INTO public.{table} TABLE saved.{table}"))}; COMMIT", name),
        loseDataDirectory);

    [Fact]
    public async Task Storage_restore_into_a_new_database_of_the_same_name_ends_the_gateway()
    {
        using var elsewhere = new TemporaryDirectory();
        RestoreSite? running = null;
        await EndsTheGateway(
            (_, _) => running!.BackUp(hot: true),
            async (server, name, backup) =>
            {
                await server.Empty(name);
                var (exitCode, output) = await running!.Gateway.Run("storage", "restore", backup, $"--DataDirectory={elsewhere["data"]}");
                Assert.True(exitCode == 0, output);
            },
            site: site => running = site);
    }

    private static async Task EndsTheGateway<T>(Func<PostgresServer, string, Task<T>> save, Func<PostgresServer, string, T, Task> replace, bool loseDataDirectory = false, Action<RestoreSite>? site = null)
    {
        var server = await SharedServers.Postgres;
        await using var running = await RestoreSite.Start(server);
        site?.Invoke(running);
        await running.Deliver("first");
        var before = await running.Keep("first");
        var saved = await save(server, running.DatabaseName);
        await running.Deliver("second");
        var lost = await running.Keep("second");
        await running.Remove("second");

        await replace(server, running.DatabaseName, saved);
        Assert.Equal(FatalFault.ExitCode, await running.Gateway.Ended());
        Assert.Single(running.Gateway.Output.Entries, line => line.StartsWith("The gateway ends: ", StringComparison.Ordinal));

        if (loseDataDirectory)
        {
            running.EmptyDataDirectory();
        }
        await running.ResumeRestored();
        await running.Deliver("third");
        await running.IsGood(before, "first");
        await running.IsGone(lost, "second");
        await running.Follows(before, lost, ["third"]);
        running.NoWebhookIdHasTwoContents();
    }
}
