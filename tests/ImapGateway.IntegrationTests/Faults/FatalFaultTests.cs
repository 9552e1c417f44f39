using System.Net;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.Settings;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace ImapGateway.IntegrationTests.Faults;

/// <summary>A process that cannot continue ends by itself with an exit code of its own, and one that was asked to stop ends with 0 whatever fails meanwhile.</summary>
[Trait("Category", "judges")]
public sealed class FatalFaultTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_gateway_whose_database_is_replaced_while_it_runs_ends_and_the_next_start_treats_it_as_restored(bool onPostgres)
    {
        var database = onPostgres ? await (await SharedServers.Postgres).NewDatabase() : null;
        await using var gateway = await GatewayProcess.Start(database is null ? [] : PostgresServer.Settings(database));
        await Execute("""UPDATE store SET "Stamp" = 'of another database' """);
        await CauseChange(gateway);
        Assert.Equal(FatalFault.ExitCode, await gateway.Ended());
        var printed = gateway.Output.Entries;
        Assert.Contains("The gateway ends: the database was replaced by another one, or by a copy of itself, while the gateway was running", printed);
        Assert.Contains(printed, line => line.Contains("cannot continue", StringComparison.Ordinal));

        await gateway.Resume();
        Assert.Contains(gateway.Output.Entries, line => line.Contains("restored from a copy", StringComparison.Ordinal));
        (await new ApiClient(gateway).Get("/v1/accounts")).Is(HttpStatusCode.OK);

        async Task Execute(string sql)
        {
            if (database is null)
            {
                await using var file = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(gateway.DataDirectory, "gateway.db"), Pooling = false }.ToString());
                await file.OpenAsync();
                await using var command = file.CreateCommand();
                command.CommandText = sql;
                Assert.Equal(1, await command.ExecuteNonQueryAsync());
                return;
            }
            await (await SharedServers.Postgres).Execute(sql, new NpgsqlConnectionStringBuilder(database).Database!);
        }
    }

    [Fact]
    public async Task A_gateway_that_is_stopped_while_its_database_is_away_ends_with_0_and_says_what_was_not_written()
    {
        await using var server = await PostgresServer.Start();
        await using var gateway = await GatewayProcess.Start(PostgresServer.Settings(await server.NewDatabase()));
        await CauseChange(gateway);
        var api = new ApiClient(gateway);
        await TestWait.For(async () => (await api.Get("/v1/accounts/a/changes?types=account.unavailable")).Is(HttpStatusCode.OK).Json.GetProperty("items").GetArrayLength() > 0);
        await server.Stop();
        Assert.Equal(0, await gateway.Stop());
        var printed = gateway.Output.Entries;
        Assert.Contains(printed, line => line.Contains("could not finish its work before the stop (unavailable)", StringComparison.Ordinal));
        Assert.DoesNotContain(printed, line => line.Contains("Exception", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_backup_that_was_copied_over_the_database_of_a_killed_gateway_is_not_mixed_with_its_log()
    {
        using var backups = new TemporaryDirectory();
        await using var gateway = await GatewayProcess.Start();
        Assert.Equal(0, (await gateway.Run("storage", "backup", backups["copy"])).ExitCode);
        await CauseChange(gateway);
        await gateway.Kill();
        var file = Path.Combine(gateway.DataDirectory, "gateway.db");
        Assert.True(new FileInfo(file + "-wal").Length > 0);
        File.Copy(Path.Combine(backups["copy"], "gateway.db"), file, overwrite: true);

        var (code, output) = await gateway.ResumeRefused();
        Assert.Equal(1, code);
        Assert.Contains("move gateway.db-wal and gateway.db-shm away", output, StringComparison.Ordinal);
        Assert.Equal(1, (await gateway.Run("storage", "restored")).ExitCode);

        File.Delete(file + "-wal");
        File.Delete(file + "-shm");
        await gateway.Resume();
        Assert.Contains(gateway.Output.Entries, line => line.Contains("restored from a copy", StringComparison.Ordinal));
        Assert.Equal(0, (await new ApiClient(gateway).Get("/v1/accounts")).Is(HttpStatusCode.OK).Json.GetProperty("items").GetArrayLength());
    }

    /// <summary>Adds an account whose mail server does not exist; a change that reports it is written soon.</summary>
    private static async Task CauseChange(GatewayProcess gateway)
    {
        var imap = new { host = "127.0.0.1", port = FreePort.Next(), security = "none", username = "a", password = "b" };
        try
        {
            (await new ApiClient(gateway).Put("/v1/accounts/a?verify=false", new { email = "a@example.com", imap })).Is(HttpStatusCode.Created);
        }
        catch (HttpRequestException)
        {
            // The change came before the answer, and has ended the gateway.
        }
    }
}
