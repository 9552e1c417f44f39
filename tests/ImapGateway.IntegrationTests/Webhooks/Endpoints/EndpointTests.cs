using System.Globalization;
using System.Net;
using ImapGateway.IntegrationTests.Contract;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Storage;

namespace ImapGateway.IntegrationTests.Webhooks.Endpoints;

public sealed class SqliteEndpointTests : EndpointTests
{
    protected override Task<StoreUnderTest> Store() => StoreUnderTest.Sqlite();
}

public sealed class PostgresEndpointTests : EndpointTests
{
    protected override Task<StoreUnderTest> Store() => StoreUnderTest.Postgres();
}

/// <summary>Endpoints as their makers see them, and what receivers get of them.</summary>
public abstract class EndpointTests
{
    protected abstract Task<StoreUnderTest> Store();

    private async Task<WebhookWorld> World(params (string, string)[] settings) => await WebhookWorld.On(await Store(), settings);

    private static async Task<string[]> Judge(string secret, IEnumerable<Received> calls)
    {
        using var folder = new TemporaryDirectory();
        var lines = calls.Select(call => System.Text.Json.JsonSerializer.Serialize(new { headers = call.Headers, body = Convert.ToBase64String(call.Body) }));
        await File.WriteAllLinesAsync(folder["calls"], lines);
        return [.. await Judges.Run("webhooks.mjs", secret, folder["calls"])];
    }

    [Fact]
    [Trait("Category", "judges")]
    public async Task Public_tools_verify_what_is_sent_before_and_after_a_rotation()
    {
        await using var world = await World();
        var anna = await world.Account("anna");
        var standard = await world.Webhook(path: "standard");
        var events = await world.Webhook(new { format = "cloudevents" }, "events");
        await anna.Arrive(2);
        await world.Receiver.Has(4);
        var rotated = (await standard.Post("rotate-secret")).Is(HttpStatusCode.OK).Text("secret");
        await anna.Arrive(1);
        await world.Receiver.Has(6);

        Assert.Equal(Enumerable.Range(1, 3).Select(n => $"verified {anna.IdOf(n)} message.added"), await Judge(standard.Secret, world.Receiver.At("standard")));
        Assert.Equal([$"verified {anna.IdOf(3)} message.added"], await Judge(rotated, world.Receiver.At("standard").Skip(2)));
        Assert.Equal([$"refused {anna.IdOf(1)}"], await Judge(rotated, world.Receiver.At("standard").Take(1)));
        Assert.Equal(
            Enumerable.Range(1, 3).Select(n => $"verified {anna.IdOf(n)} message.added /v1/accounts/anna {n.ToString("D19", CultureInfo.InvariantCulture)} anna {anna.IdOf(n)}"),
            await Judge(events.Secret, world.Receiver.At("events")));
    }

    [Fact]
    public async Task A_secret_is_shown_once_and_headers_never_and_neither_stands_in_the_database()
    {
        await using var world = await World();
        var webhook = await world.Webhook(new { headers = new Dictionary<string, string> { ["Authorization"] = "Bearer topsecret", ["X-Tenant"] = "blue" } });
        var anna = await world.Account("anna");
        await anna.Arrive();
        await world.Receiver.Has(1);
        Assert.Equal(("Bearer topsecret", "blue"), (world.Receiver.Calls[0].Headers["Authorization"], world.Receiver.Calls[0].Headers["X-Tenant"]));
        var shown = (await world.Api.Get(webhook.Path)).Is(HttpStatusCode.OK);
        Assert.False(shown.Json.TryGetProperty("secret", out _));
        Assert.Equal(["Authorization", "X-Tenant"], shown.Json.GetProperty("headerNames").EnumerateArray().Select(name => name.GetString()));
        Assert.DoesNotContain("topsecret", shown.Text, StringComparison.Ordinal);
        var stored = await world.Everything();
        Assert.DoesNotContain("topsecret", stored, StringComparison.Ordinal);
        Assert.DoesNotContain(webhook.Secret["whsec_".Length..], stored, StringComparison.Ordinal);

        (await world.Api.Patch(webhook.Path, new { headers = new Dictionary<string, string?> { ["authorization"] = null, ["X-New"] = "1" } })).Is(HttpStatusCode.OK);
        await anna.Arrive();
        await world.Receiver.Has(2);
        Assert.Equal((false, "blue", "1"), (world.Receiver.Calls[1].Headers.ContainsKey("Authorization"), world.Receiver.Calls[1].Headers["X-Tenant"], world.Receiver.Calls[1].Headers["X-New"]));
    }

    [Fact]
    public async Task Every_mistake_is_told_at_once()
    {
        await using var world = await World();
        var refused = await world.Api.Post("/v1/webhooks", new
        {
            url = "ftp://u:p@example.com/#x",
            types = new[] { "message.added", "message.exploded" },
            accounts = new[] { "a b" },
            mailboxes = new[] { "m_aaaaaaaab" },
            roles = new[] { "inbox", "outbox" },
            format = "xml",
            order = "alphabetical",
            include = "soul",
            headers = new Dictionary<string, string> { ["webhook-id"] = "x", ["Host"] = "x", ["bad name"] = "x", ["X-Line"] = "a\r\nb" },
            description = new string('x', 501),
        });
        refused.IsProblem("bad_request");
        Assert.Equal(
            ["/accounts/0", "/description", "/format", "/headers/Host", "/headers/X-Line", "/headers/bad name", "/headers/webhook-id", "/include", "/mailboxes/0", "/order", "/roles/1", "/types/1", "/url"],
            refused.Json.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("pointer").GetString()!).Order(StringComparer.Ordinal));
        Assert.Equal(1, (await world.Api.Post("/v1/webhooks", new { })).IsProblem("bad_request").Json.GetProperty("errors").GetArrayLength());
    }

    [Fact]
    public async Task A_key_sees_its_own_and_its_endpoint_sees_no_more_than_the_key_at_every_moment()
    {
        await using var world = await World();
        var (anna, berta) = (await world.Account("anna"), await world.Account("berta"));
        var (key, client) = await world.NewKey(["webhooks", "mail.readBasic"], ["anna"]);
        var (_, stranger) = await world.NewKey(["webhooks"]);
        (await client.Post("/v1/webhooks", new { url = world.Receiver.Url(), accounts = new[] { "anna", "berta" } })).IsProblem("forbidden");
        (await client.Post("/v1/webhooks", new { url = world.Receiver.Url(), include = "body" })).IsProblem("forbidden");
        var webhook = await world.Webhook(client: client);
        (await stranger.Get(webhook.Path)).IsProblem("not_found");
        Assert.Empty((await stranger.Get("/v1/webhooks")).Json.GetProperty("items").EnumerateArray());
        Assert.Single((await world.Api.Get("/v1/webhooks")).Json.GetProperty("items").EnumerateArray());

        await anna.Arrive();
        await berta.Arrive();
        await world.Receiver.Has(1);
        (await world.Api.Patch($"/v1/keys/{key}", new { scopes = new[] { "webhooks" } })).Is(HttpStatusCode.OK);
        await anna.Arrive();
        await webhook.Is("disabled");
        Assert.Equal("key_revoked", (await client.Get(webhook.Path)).Text("reason"));
        (await client.Post($"{webhook.Path}/resume")).IsProblem("conflict");
        (await client.Patch(webhook.Path, new { description = "mine" })).IsProblem("conflict");
        Assert.Equal([anna.IdOf(1)], world.Receiver.Calls.Select(call => call.Id));

        var adopted = (await world.Api.Patch(webhook.Path, new { accounts = new[] { "anna" } })).Is(HttpStatusCode.OK);
        Assert.Equal(("active", null), (adopted.Text("state"), adopted.Json.GetProperty("keyId").GetString()));
        await world.Receiver.Has(2);
        Assert.Equal([anna.IdOf(1), anna.IdOf(2)], world.Receiver.Calls.Select(call => call.Id));
        (await client.Get(webhook.Path)).IsProblem("not_found");
    }

    [Fact]
    public async Task A_key_that_is_deleted_takes_its_endpoints_with_it()
    {
        await using var world = await World();
        var anna = await world.Account("anna");
        var (key, client) = await world.NewKey(["webhooks"]);
        var webhook = await world.Webhook(client: client);
        await anna.Arrive();
        await world.Receiver.Has(1);
        Assert.False(world.Receiver.Calls[0].Json.GetProperty("data").TryGetProperty("message", out _));
        (await world.Api.Delete($"/v1/keys/{key}")).Is(HttpStatusCode.NoContent);
        await anna.Arrive();
        await TestWait.For(async () => (await world.Api.Get(webhook.Path)).Text("state") == "disabled");
        Assert.Equal(1, world.Receiver.Count);
    }

    [Fact]
    [Trait("Category", "judges")]
    public async Task A_test_calls_at_once_and_tells_what_came_of_it()
    {
        await using var world = await World(("Egress:Webhooks:Allow:0", "127.0.0.1"));
        var webhook = await world.Webhook(new { types = new[] { "message.added" } });
        (await webhook.Post("pause")).Is(HttpStatusCode.OK);
        var result = (await webhook.Post("test")).Is(HttpStatusCode.OK);
        Assert.Equal((true, 204), (result.Json.GetProperty("delivered").GetBoolean(), result.Json.GetProperty("attempt").GetProperty("status").GetInt32()));
        Assert.Equal(("webhook.test", result.Text("id")), (world.Receiver.Calls[0].Json.GetProperty("type").GetString(), world.Receiver.Calls[0].Id));
        Assert.Equal([$"verified {result.Text("id")} webhook.test"], await Judge(webhook.Secret, world.Receiver.Calls));
    }

    [Fact]
    public async Task The_same_key_of_idempotency_makes_one_endpoint()
    {
        await using var world = await World();
        var first = (await world.Api.Post("/v1/webhooks", new { url = world.Receiver.Url() }, ("Idempotency-Key", "one"))).Is(HttpStatusCode.Created);
        var second = (await world.Api.Post("/v1/webhooks", new { url = world.Receiver.Url() }, ("Idempotency-Key", "one"))).Is(HttpStatusCode.Created);
        Assert.Equal(first.Text, second.Text);
        Assert.Single((await world.Api.Get("/v1/webhooks")).Json.GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task What_is_deleted_is_called_no_more()
    {
        await using var world = await World();
        var anna = await world.Account("anna");
        var webhook = await world.Webhook();
        var other = await world.Webhook(path: "other");
        (await world.Api.Delete(webhook.Path)).Is(HttpStatusCode.NoContent);
        await anna.Arrive();
        await world.Receiver.Has("other", 1);
        Assert.Empty(world.Receiver.At("hook"));
        (await world.Api.Get(webhook.Path)).IsProblem("not_found");
        Assert.Equal(0, await world.LaneCount(webhook.Id));
        Assert.Equal("active", await other.State());
    }

    [Theory]
    [InlineData("account")]
    [InlineData("none")]
    public async Task Endpoints_that_are_deleted_while_they_are_called_leave_no_failure(string order)
    {
        await using var world = await World();
        var anna = await world.Account("anna");
        world.Receiver.Answer = (_, response) => Task.Delay(Timeout.Infinite, response.HttpContext.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        var webhooks = new List<WebhookUnderTest>();
        for (var n = 0; n < 20; n++)
        {
            webhooks.Add(await world.Webhook(new { order }));
        }
        await anna.Arrive(20);
        await world.Receiver.Has(20 * (order == "none" ? 16 : 1));
        foreach (var webhook in webhooks)
        {
            (await world.Api.Delete(webhook.Path)).Is(HttpStatusCode.NoContent);
        }
        await world.Stop();
        Assert.Empty(world.Faults);
    }
}
