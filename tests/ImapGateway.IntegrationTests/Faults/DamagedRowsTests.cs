using System.Net;
using System.Text.Json;
using ImapGateway.IntegrationTests.Webhooks;

namespace ImapGateway.IntegrationTests.Faults;

/// <summary>
/// What becomes of accounts, endpoints, keys and changes with damaged rows while mail is watched and delivered. That none of the columns costs more than its own account, endpoint or key is shown by
/// <see cref="DamagedColumnsTests"/>.
/// </summary>
[Trait("Category", "judges")]
public sealed class DamagedRowsTests
{
    private static async Task Damage(GatewayProcess gateway, params string[] statements)
    {
        await gateway.Stop();
        using (var database = new GatewayDatabase(gateway))
        {
            Assert.All(statements, statement => Assert.True(database.Execute(statement) > 0, statement));
        }
        await gateway.Resume();
    }

    /// <summary>Damage that new settings do not repair, or that is not repaired: the account can only be removed.</summary>
    private static readonly string[] Lasting =
    [
        "UPDATE account SET ImapSecret = 'garbage' WHERE Id = '{0}'",
        "DELETE FROM fence WHERE Incarnation = (SELECT Incarnation FROM account WHERE Id = '{0}')",
    ];

    /// <summary>Columns that new settings write anew.</summary>
    private static readonly string[] Repairable = ["""Imap = '{"host":'""", "Smtp = 'x'", "LastError = 'x'", "State = 99", "Told = 99"];

    [Fact]
    public async Task Accounts_with_damaged_rows_are_repaired_by_new_settings_or_removed_and_the_others_work()
    {
        await using var world = await World.OfItsOwn();
        await world.Deliver("one");
        var whole = await world.AddAccount(watch: "all");
        await whole.Newest();
        var lasting = new List<(ApiAccount Account, string Damage)>();
        foreach (var damage in Lasting)
        {
            var account = await world.AddAccount(watch: "all");
            lasting.Add((account, damage.Replace("{0}", account.Id, StringComparison.Ordinal)));
        }
        var repairable = new List<(ApiAccount Account, string Damage)>();
        foreach (var damage in Repairable)
        {
            var account = await world.AddAccount(watch: "all");
            repairable.Add((account, $"UPDATE account SET {damage} WHERE Id = '{account.Id}'"));
        }
        await Damage(world.Gateway, [.. lasting.Concat(repairable).Select(one => one.Damage)]);

        await whole.Newest();
        Assert.Equal(1 + Lasting.Length + Repairable.Length, (await world.Api.Get("/v1/accounts")).Is(HttpStatusCode.OK).Json.GetProperty("items").GetArrayLength());
        foreach (var (account, damage) in lasting)
        {
            Assert.True((await world.Api.Get(account.Mailboxes, ("Cache-Control", "no-cache"))).Status == HttpStatusCode.ServiceUnavailable, damage);
            (await world.Api.Delete(account.Path)).Is(HttpStatusCode.NoContent);
            (await world.Api.Get(account.Path)).Is(HttpStatusCode.NotFound);
        }
        foreach (var (account, damage) in repairable)
        {
            (await world.Api.Get(account.Path)).Is(HttpStatusCode.OK);
            (await world.Api.Put(account.Path, world.Settings(world.Dovecot.Port, watch: "all"))).Is(HttpStatusCode.OK);
            await TestWait.For(async () => (await world.Api.Get(account.Path)).Is(HttpStatusCode.OK).Text("state") == "connected", damage);
            await account.Newest();
        }
        await whole.Newest();
        Assert.False(world.Gateway.HasExited);
    }

    /// <summary>Columns of a webhook, and whether they belong to its settings; else to its secrets.</summary>
    private static readonly (string Damage, bool IsSetting)[] WebhookDamages =
    [
        ("Types = 'x'", true), ("""Types = '["message.invented"]'""", true), ("Url = 'x'", true), ("Mailboxes = 'x'", true), ("Roles = '[7]'", true), ("State = 99", true), ("Format = 99", true),
        ("Secret = 'x'", false), ("HeaderSecret = 'x'", false),
    ];

    [Fact]
    public async Task Webhooks_with_damaged_rows_are_disabled_and_the_others_work()
    {
        await using var receiver = await Receiver.Start();
        await using var world = await World.OfItsOwn();
        await world.AddAccount(watch: "all");
        await world.Api.Post("/v1/webhooks", new { url = receiver.Url("whole"), types = new[] { "message.*" } });
        var damaged = new List<string>();
        foreach (var (_, _) in WebhookDamages)
        {
            damaged.Add((await world.Api.Post("/v1/webhooks", new { url = receiver.Url($"damaged{damaged.Count}") })).Is(HttpStatusCode.Created).Text("id"));
        }
        await Damage(world.Gateway, [.. damaged.Zip(WebhookDamages, (id, one) => $"UPDATE webhook SET {one.Damage} WHERE Id = '{id}'")]);

        foreach (var (id, (damage, isSetting)) in damaged.Zip(WebhookDamages))
        {
            var reason = isSetting ? "settings_unreadable" : "secret_unreadable";
            await TestWait.For(async () => (await world.Api.Get($"/v1/webhooks/{id}")).Is(HttpStatusCode.OK).Text("reason") == reason, damage);
        }
        Assert.Equal(1 + damaged.Count, (await world.Api.Get("/v1/webhooks")).Is(HttpStatusCode.OK).Json.GetProperty("items").GetArrayLength());
        await world.Deliver("one");
        await TestWait.For(() => receiver.At("whole").Any());
        Assert.Equal("""{"status":"healthy"}""", (await world.Api.Get("/health/ready")).Is(HttpStatusCode.OK).Text);

        foreach (var (number, id) in damaged.Index())
        {
            var webhook = $"/v1/webhooks/{id}";
            (await world.Api.Get($"{webhook}/deliveries")).Is(HttpStatusCode.OK);
            (await world.Api.Post($"{webhook}/rotate-secret")).Is(HttpStatusCode.OK);
            var repaired = await world.Api.Patch(
                webhook,
                new { url = receiver.Url($"damaged{number}"), types = new[] { "message.*" }, mailboxes = (string[]?)null, roles = (string[]?)null, headers = (object?)null, format = "standard" });
            Assert.Equal("active", repaired.Is(HttpStatusCode.OK).Text("state"));
            await TestWait.For(() => receiver.At($"damaged{number}").Any(), WebhookDamages[number].Damage);
            (await world.Api.Delete(webhook)).Is(HttpStatusCode.NoContent);
        }
    }

    [Fact]
    public async Task Readers_skip_changes_that_are_damaged()
    {
        string[] damages = ["Type = 'message.invented'", "Data = X'7B'", "Data = X'5B5D'", "Message = X'00'", "Metadata = X''"];
        await using var receiver = await Receiver.Start();
        await using var world = await World.OfItsOwn();
        var account = await world.AddAccount(watch: "all");
        await TestWait.For(async () => (await world.Api.Get(account.Path)).Is(HttpStatusCode.OK).Text("state") == "connected");
        // The changes wait in the log until the webhook is resumed.
        var webhook = "/v1/webhooks/" + (await world.Api.Post("/v1/webhooks", new { url = receiver.Url(), types = new[] { "message.*" } })).Is(HttpStatusCode.Created).Text("id");
        (await world.Api.Post($"{webhook}/pause")).Is(HttpStatusCode.OK);
        // A change that is not damaged stands before and after each that is.
        var delivered = 2 * damages.Length + 1;
        for (var number = 0; number < delivered; number++)
        {
            await world.Deliver($"message {number}");
        }
        var added = new List<string>();
        await TestWait.For(async () => (added = await Added(world, "/v1/changes?after=0")).Count == delivered);
        var damaged = damages.Select((_, number) => added[2 * number + 1]).ToList();
        await Damage(world.Gateway, [.. damages.Zip(damaged, (damage, sequence) => $"UPDATE change SET {damage} WHERE Sequence = {sequence}")]);

        foreach (var feed in new[] { "/v1/changes", $"{account.Path}/changes" })
        {
            Assert.Equal(added.Except(damaged), await Added(world, $"{feed}?after=0"));
        }
        (await world.Api.Get($"{webhook}/deliveries")).Is(HttpStatusCode.OK);
        (await world.Api.Post($"{webhook}/resume")).Is(HttpStatusCode.OK);
        await TestWait.For(() => receiver.Count == added.Count - damaged.Count);
        await world.Deliver("last");
        await TestWait.For(() => receiver.Count == added.Count - damaged.Count + 1);
        Assert.All(damaged, sequence =>
            Assert.Contains(world.Gateway.Output.Entries, line => line.Contains($"The change {sequence} of account {account.Id} is damaged", StringComparison.Ordinal)));
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
