using System.Net;
using Microsoft.Data.Sqlite;

namespace ImapGateway.IntegrationTests.Accounts;

[Trait("Category", "judges")]
public class RemovalTests
{
    private static long Count(GatewayProcess gateway, string sql)
    {
        using var database = new SqliteConnection($"Data Source={Path.Combine(gateway.DataDirectory, "gateway.db")};Mode=ReadOnly;Pooling=False");
        database.Open();
        using var command = database.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    [Fact]
    public async Task Nothing_of_a_removed_account_is_left_in_the_database_but_what_others_have_stays()
    {
        await using var world = await World.OfItsOwn();
        await world.Dovecot.Seed(world.User, 3_000, i => System.Text.Encoding.ASCII.GetBytes($"Subject: {i}\r\n\r\n{i}\r\n"));
        var removed = await world.AddAccount();
        var kept = await world.AddAccount();
        foreach (var account in new[] { removed, kept })
        {
            await account.Items(account.Messages("inbox"));
            (await world.Api.Patch(account.Path, new { metadata = new { note = "x" } })).Is(HttpStatusCode.OK);
        }
        string[] tables = ["mailbox", "index_page", "fence", "account_metadata", "account"];
        var before = tables.ToDictionary(table => table, table => Count(world.Gateway, $"SELECT count(*) FROM {table}"));
        Assert.True(before["index_page"] >= 6, $"{before["index_page"]}");
        (await world.Api.Delete(removed.Path)).Is(HttpStatusCode.NoContent);
        // Before anything else.
        Assert.Equal(0, Count(world.Gateway, "SELECT count(*) FROM account WHERE RemovedAt IS NOT NULL AND (ImapSecret <> '' OR SmtpSecret IS NOT NULL)"));
        await TestWait.For(() => Count(world.Gateway, "SELECT count(*) FROM account") == 1);
        Assert.Equal(before.ToDictionary(pair => pair.Key, pair => pair.Value / 2), tables.ToDictionary(table => table, table => Count(world.Gateway, $"SELECT count(*) FROM {table}")));
        await kept.Items(kept.Messages("inbox"));
        // Whoever follows the account is told, and with the notes it had.
        Assert.Equal(1, Count(world.Gateway, "SELECT count(*) FROM change WHERE Type = 'account.removed' AND CAST(Metadata AS TEXT) = '{\"note\":\"x\"}'"));
    }

    [Fact]
    public async Task What_a_removal_had_no_time_for_is_done_after_the_next_start()
    {
        await using var world = await World.OfItsOwn();
        var account = await world.AddAccount();
        await account.Items(account.Messages("inbox"));
        (await world.Api.Delete(account.Path)).Is(HttpStatusCode.NoContent);
        await world.Gateway.Kill();
        await world.Gateway.Resume();
        await TestWait.For(() => Count(world.Gateway, "SELECT (SELECT count(*) FROM account) + (SELECT count(*) FROM mailbox) + (SELECT count(*) FROM index_page) + (SELECT count(*) FROM fence)") == 0);
    }
}
