using System.Net;
using System.Text.Json;
using ImapGateway.IntegrationTests.Webhooks;
using Microsoft.Data.Sqlite;

namespace ImapGateway.IntegrationTests.Faults;

/// <summary>A row that holds what the gateway never writes costs the account, endpoint or key it belongs to, and nothing else.</summary>
public sealed class DamagedRowsTests
{
    private static async Task Damage(GatewayProcess gateway, params string[] statements)
    {
        await gateway.Stop();
        await using (var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(gateway.DataDirectory, "gateway.db"), Pooling = false }.ToString()))
        {
            connection.Open();
            foreach (var statement in statements)
            {
                await using var command = connection.CreateCommand();
                command.CommandText = statement;
                Assert.True(await command.ExecuteNonQueryAsync() > 0, statement);
            }
        }
        await gateway.Resume();
    }

    [Theory]
    [InlineData("""UPDATE account SET Imap = '{"host":' """)]
    [InlineData("""UPDATE account SET Imap = '[1]' """)]
    [InlineData("UPDATE account SET ImapSecret = 'garbage' ")]
    [InlineData("UPDATE account SET ImapSecret = '' ")]
    [InlineData("DELETE FROM fence ")]
    public async Task An_account_with_a_damaged_row_can_be_removed_and_the_others_work(string damage)
    {
        await using var world = await World.OfItsOwn();
        await world.Deliver("one");
        var damaged = await world.AddAccount(watch: "all");
        var whole = await world.AddAccount(watch: "all");
        await whole.Newest();
        await Damage(world.Gateway, $"{damage} WHERE {(damage.StartsWith("DELETE", StringComparison.Ordinal) ? $"Incarnation = (SELECT Incarnation FROM account WHERE Id = '{damaged.Id}')" : $"Id = '{damaged.Id}'")}");

        await whole.Newest();
        Assert.Equal(2, (await world.Api.Get("/v1/accounts")).Is(HttpStatusCode.OK).Json.GetProperty("items").GetArrayLength());
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await world.Api.Get(damaged.Mailboxes, ("Cache-Control", "no-cache"))).Status);
        (await world.Api.Delete(damaged.Path)).Is(HttpStatusCode.NoContent);
        (await world.Api.Get(damaged.Path)).Is(HttpStatusCode.NotFound);
        Assert.False(world.Gateway.HasExited);
    }

    [Theory]
    [InlineData("""Imap = '{"host":'""")]
    [InlineData("Smtp = 'x'")]
    [InlineData("LastError = 'x'")]
    [InlineData("State = 99")]
    [InlineData("Told = 99")]
    public async Task An_account_with_a_damaged_row_is_mended_by_new_settings(string damage)
    {
        await using var world = await World.OfItsOwn();
        await world.Deliver("one");
        var account = await world.AddAccount(watch: "all");
        await Damage(world.Gateway, $"UPDATE account SET {damage} WHERE Id = '{account.Id}'");
        (await world.Api.Get(account.Path)).Is(HttpStatusCode.OK);
        (await world.Api.Put(account.Path, world.Settings(world.Dovecot.Port, watch: "all"))).Is(HttpStatusCode.OK);
        await TestWait.For(async () => (await world.Api.Get(account.Path)).Is(HttpStatusCode.OK).Text("state") == "connected");
        await account.Newest();
    }

    [Theory]
    [InlineData("Types = 'x'", true)]
    [InlineData("""Types = '["message.invented"]'""", true)]
    [InlineData("Url = 'x'", true)]
    [InlineData("Mailboxes = 'x'", true)]
    [InlineData("Roles = '[7]'", true)]
    [InlineData("State = 99", true)]
    [InlineData("Format = 99", true)]
    [InlineData("Secret = 'x'", false)]
    [InlineData("HeaderSecret = 'x'", false)]
    public async Task A_webhook_with_a_damaged_row_is_disabled_and_the_others_work(string damage, bool bySettings)
    {
        await using var receiver = await Receiver.Start();
        await using var world = await World.OfItsOwn();
        await world.AddAccount(watch: "all");
        var damaged = "/v1/webhooks/" + (await world.Api.Post("/v1/webhooks", new { url = receiver.Url("damaged") })).Is(HttpStatusCode.Created).Text("id");
        await world.Api.Post("/v1/webhooks", new { url = receiver.Url("whole"), types = new[] { "message.*" } });
        await Damage(world.Gateway, $"UPDATE webhook SET {damage} WHERE Id = '{damaged.Split('/')[^1]}'");

        await TestWait.For(async () => (await world.Api.Get(damaged)).Is(HttpStatusCode.OK).Text("reason") == (bySettings ? "settings_unreadable" : "secret_unreadable"));
        Assert.Equal(2, (await world.Api.Get("/v1/webhooks")).Is(HttpStatusCode.OK).Json.GetProperty("items").GetArrayLength());
        await world.Deliver("one");
        await TestWait.For(() => receiver.At("whole").Any());
        (await world.Api.Get($"{damaged}/deliveries")).Is(HttpStatusCode.OK);
        Assert.Equal("""{"status":"healthy"}""", (await world.Api.Get("/health/ready")).Is(HttpStatusCode.OK).Text);

        (await world.Api.Post($"{damaged}/rotate-secret")).Is(HttpStatusCode.OK);
        var mended = await world.Api.Patch(damaged, new { url = receiver.Url("damaged"), types = new[] { "message.*" }, mailboxes = (string[]?)null, roles = (string[]?)null, headers = (object?)null, format = "standard" });
        Assert.Equal("active", mended.Is(HttpStatusCode.OK).Text("state"));
        await TestWait.For(() => receiver.At("damaged").Any());
        (await world.Api.Delete(damaged)).Is(HttpStatusCode.NoContent);
    }

    [Theory]
    [InlineData("Type = 'message.invented'")]
    [InlineData("Data = X'7B'")]
    [InlineData("Data = X'5B5D'")]
    [InlineData("Message = X'00'")]
    [InlineData("Metadata = X''")]
    public async Task Readers_go_past_a_change_that_is_damaged(string damage)
    {
        await using var receiver = await Receiver.Start();
        await using var world = await World.OfItsOwn();
        var account = await world.AddAccount(watch: "all");
        await TestWait.For(async () => (await world.Api.Get(account.Path)).Is(HttpStatusCode.OK).Text("state") == "connected");
        // What it has not been told of yet waits in the log.
        var webhook = "/v1/webhooks/" + (await world.Api.Post("/v1/webhooks", new { url = receiver.Url(), types = new[] { "message.*" } })).Is(HttpStatusCode.Created).Text("id");
        (await world.Api.Post($"{webhook}/pause")).Is(HttpStatusCode.OK);
        foreach (var subject in new[] { "one", "two", "three" })
        {
            await world.Deliver(subject);
        }
        await TestWait.For(async () => (await Added(world, "/v1/changes?after=0")).Count == 3);
        var second = (await Added(world, "/v1/changes?after=0"))[1];
        await Damage(world.Gateway, $"UPDATE change SET {damage} WHERE Sequence = {second}");

        foreach (var feed in new[] { "/v1/changes", $"{account.Path}/changes" })
        {
            Assert.Equal(2, (await Added(world, $"{feed}?after=0")).Count);
        }
        (await world.Api.Get($"{webhook}/deliveries")).Is(HttpStatusCode.OK);
        (await world.Api.Post($"{webhook}/resume")).Is(HttpStatusCode.OK);
        await TestWait.For(() => receiver.Count == 2);
        await world.Deliver("four");
        await TestWait.For(() => receiver.Count == 3);
        Assert.Contains(world.Gateway.Output.Entries, line => line.Contains($"The change {second} of account {account.Id} is damaged", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_key_whose_limit_cannot_be_read_sees_nothing()
    {
        await using var world = await World.OfItsOwn();
        var account = await world.AddAccount();
        var key = (await world.Api.Post("/v1/keys", new { name = "limited", scopes = new[] { "mail.read" }, accounts = new[] { account.Id } })).Is(HttpStatusCode.Created).Text("key");
        await Damage(world.Gateway, "UPDATE api_key SET Accounts = 'x'");
        using var http = world.Gateway.ClientWithKey(key);
        (await new ApiClient(http).Get(account.Path)).Is(HttpStatusCode.NotFound);
        (await world.Api.Get("/v1/keys")).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_outcome_that_is_damaged_is_shown_without_its_attempts()
    {
        await using var receiver = await Receiver.Start();
        await using var world = await World.OfItsOwn();
        var account = await world.AddAccount(watch: "all");
        // What is there at the first listing is not told.
        await TestWait.For(async () => (await world.Api.Get(account.Path)).Is(HttpStatusCode.OK).Text("state") == "connected");
        var webhook = "/v1/webhooks/" + (await world.Api.Post("/v1/webhooks", new { url = receiver.Url(), types = new[] { "message.*" } })).Is(HttpStatusCode.Created).Text("id");
        await world.Deliver("one");
        await TestWait.For(async () => (await Deliveries(world, webhook)).Any(delivery => delivery.GetProperty("state").GetString() == "delivered"));
        await Damage(world.Gateway, "UPDATE webhook_delivery SET Attempts = 'x', Type = 99");
        Assert.Empty((await Deliveries(world, webhook)).Single().GetProperty("attempts").EnumerateArray());
    }

    private static async Task<List<JsonElement>> Deliveries(World world, string webhook) =>
        [.. (await world.Api.Get($"{webhook}/deliveries")).Is(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray()];

    /// <summary>Sequences of what was added.</summary>
    private static async Task<List<string>> Added(World world, string path) =>
        [.. (await world.Api.Get(path)).Is(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray()
            .Where(change => change.GetProperty("type").GetString() == "message.added").Select(change => change.GetProperty("sequence").GetString()!)];
}
