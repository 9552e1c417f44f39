using System.Net;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Webhooks;

namespace ImapGateway.IntegrationTests.Faults;

/// <summary>What was encrypted with keys that are lost costs itself only, and can be given anew.</summary>
[Trait("Category", "judges")]
public sealed class LostKeyRingTests
{
    private static readonly Dictionary<string, string> Headers = new() { ["Authorization"] = "Bearer of-the-receiver" };

    private static async Task LoseKeyRing(World world)
    {
        await world.Gateway.Stop();
        Directory.Delete(Path.Combine(world.Gateway.DataDirectory, "keys"), recursive: true);
        await world.Gateway.Resume();
    }

    private static async Task Is(ApiAccount account, string state, string? error) => await TestWait.For(async () =>
    {
        var shown = (await account.Api.Get(account.Path)).Is(HttpStatusCode.OK).Json;
        return shown.GetProperty("state").GetString() == state && (shown.TryGetProperty("lastError", out var last) ? last.GetProperty("code").GetString() : null) == error;
    });

    [Theory]
    [InlineData("all")]
    [InlineData("none")]
    public async Task An_account_whose_credential_cannot_be_decrypted_is_unavailable_until_it_gets_a_new_one(string watch)
    {
        await using var world = await World.OfItsOwn();
        await world.Deliver("one");
        var account = await world.AddAccount(watch: watch);
        await account.Newest();
        await Is(account, "connected", null);
        await LoseKeyRing(world);

        await Is(account, "unavailable", "account.credential_unreadable");
        (await account.Api.Get(account.Messages("inbox"), ("Cache-Control", "no-cache"))).IsProblem("account.credential_unreadable");
        // It can be changed, and asked about, without its credential.
        Assert.Equal("renamed", (await account.Api.Patch(account.Path, new { name = "renamed" })).Is(HttpStatusCode.OK).Text("name"));
        (await account.Api.Get($"{account.Path}/changes?after=0")).Is(HttpStatusCode.OK);
        (await account.Api.Get("/v1/accounts")).Is(HttpStatusCode.OK);
        // What would be tried with the stored one cannot be.
        (await account.Api.Patch(account.Path, new { smtp = new { host = DovecotServer.Host, port = 25, security = "none" } })).Is(HttpStatusCode.BadRequest);

        (await account.Api.Patch(account.Path, new { imap = new { password = DovecotServer.Password } })).Is(HttpStatusCode.OK);
        await Is(account, "connected", null);
        await account.Newest();
    }

    [Fact]
    public async Task It_can_be_replaced_and_removed_and_others_are_not_touched()
    {
        await using var world = await World.OfItsOwn();
        var replaced = await world.AddAccount(watch: "all");
        var removed = await world.AddAccount(watch: "all");
        var paused = await world.AddAccount(watch: "all");
        (await world.Api.Post($"{paused.Path}/pause")).Is(HttpStatusCode.OK);
        await LoseKeyRing(world);
        // Its credential is encrypted with the new ring.
        var whole = await world.AddAccount(watch: "all");

        (await world.Api.Put(replaced.Path, world.Settings(world.Dovecot.Port, watch: "all"))).Is(HttpStatusCode.OK);
        (await world.Api.Delete(removed.Path)).Is(HttpStatusCode.NoContent);
        await Is(replaced, "connected", null);
        await Is(whole, "connected", null);
        await Is(paused, "paused", "account.credential_unreadable");
        (await world.Api.Get(removed.Path)).Is(HttpStatusCode.NotFound);
        Assert.Equal("""{"status":"healthy"}""", (await world.Api.Get("/health/ready")).Is(HttpStatusCode.OK).Text);
        Assert.False(world.Gateway.HasExited);
    }

    [Fact]
    public async Task A_webhook_whose_secret_cannot_be_decrypted_is_disabled_until_it_is_rotated()
    {
        await using var receiver = await Receiver.Start();
        await using var world = await World.OfItsOwn();
        var plain = await Webhook(world, receiver, "plain", null);
        var withHeaders = await Webhook(world, receiver, "headers", Headers);
        var removed = await Webhook(world, receiver, "removed", Headers);
        await LoseKeyRing(world);

        foreach (var webhook in new[] { plain, withHeaders, removed })
        {
            await TestWait.For(async () => await Reason(world, webhook) == "disabled secret_unreadable");
        }
        (await world.Api.Post($"{plain}/resume")).Is(HttpStatusCode.Conflict);
        (await world.Api.Post($"{plain}/test")).Is(HttpStatusCode.Conflict);
        // New ones go on beside them.
        var whole = await Webhook(world, receiver, "whole", null);
        Assert.True((await world.Api.Post($"{whole}/test")).Is(HttpStatusCode.OK).Json.GetProperty("delivered").GetBoolean());

        // What is not given stays, even what cannot be read.
        (await world.Api.Patch(withHeaders, new { description = "still" })).Is(HttpStatusCode.OK);
        Assert.Equal("disabled secret_unreadable", await Reason(world, withHeaders));
        (await world.Api.Post($"{plain}/rotate-secret")).Is(HttpStatusCode.OK);
        (await world.Api.Post($"{withHeaders}/rotate-secret")).Is(HttpStatusCode.OK);
        Assert.Equal("active ", await Reason(world, plain));
        Assert.Equal("disabled secret_unreadable", await Reason(world, withHeaders));
        (await world.Api.Patch(withHeaders, new { headers = Headers })).Is(HttpStatusCode.OK);
        Assert.Equal("active ", await Reason(world, withHeaders));
        foreach (var webhook in new[] { plain, withHeaders })
        {
            Assert.True((await world.Api.Post($"{webhook}/test")).Is(HttpStatusCode.OK).Json.GetProperty("delivered").GetBoolean());
        }
        Assert.Equal("Bearer of-the-receiver", receiver.At("headers").Single().Headers["Authorization"]);
        (await world.Api.Delete(removed)).Is(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task A_request_whose_answer_cannot_be_decrypted_is_not_carried_out_again()
    {
        await using var world = await World.OfItsOwn();
        (await world.Api.Post("/v1/keys", new { name = "once", scopes = new[] { "mail.read" } }, ("Idempotency-Key", "k"))).Is(HttpStatusCode.Created);
        await LoseKeyRing(world);
        (await world.Api.Post("/v1/keys", new { name = "once", scopes = new[] { "mail.read" } }, ("Idempotency-Key", "k"))).IsProblem("conflict");
        Assert.Single((await world.Api.Get("/v1/keys")).Is(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray());
    }

    private static async Task<string> Webhook(World world, Receiver receiver, string path, Dictionary<string, string>? headers) =>
        "/v1/webhooks/" + (await world.Api.Post("/v1/webhooks", new { url = receiver.Url(path), headers })).Is(HttpStatusCode.Created).Text("id");

    private static async Task<string> Reason(World world, string webhook)
    {
        var shown = (await world.Api.Get(webhook)).Is(HttpStatusCode.OK).Json;
        return $"{shown.GetProperty("state").GetString()} {shown.GetProperty("reason").GetString()}";
    }
}
