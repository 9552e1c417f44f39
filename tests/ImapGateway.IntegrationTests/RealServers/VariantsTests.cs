using System.Net;
using ImapGateway.IntegrationTests.Messages;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.RealServers;

/// <summary>Dovecot as others set it up, and behind the proxies that are in use: a mailbox is listed, read, changed and watched.</summary>
[Trait("Category", "judges")]
public sealed class VariantsTests(RealServersGateway gateway) : IClassFixture<RealServersGateway>
{
    private static readonly Dictionary<string, DovecotOptions> Dovecots = new()
    {
        ["Maildir++ below INBOX."] = new() { Maildir = true, Prefix = "INBOX.", Separator = '.' },
        ["nothing but IMAP4rev1"] = new() { Capabilities = "IMAP4rev1" },
        ["IDLE only"] = new() { Capabilities = "IMAP4rev1 IDLE" },
        ["hibernating"] = new() { Hibernates = true },
        ["two connections for a user"] = new() { MaxConnectionsPerUser = 2 },
    };

    public static TheoryData<string> Names => [.. Dovecots.Keys];

    public static TheoryData<MailProxyKind> Proxies => [.. Enum.GetValues<MailProxyKind>()];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Dovecot(string variant)
    {
        await using var server = await DovecotServer.Start(Dovecots[variant] with { Tls = false });
        await Works(World.With(server, gateway.Process), server.Port, hasUidPlus: server.Options.Capabilities is null);
    }

    /// <summary>What needs no room works; what the server has no room for is an error of its own.</summary>
    [Fact]
    public async Task Dovecot_with_its_quota_nearly_full()
    {
        await using var server = await DovecotServer.Start(new DovecotOptions { Tls = false, Quota = "storage=8k" });
        var world = World.With(server, gateway.Process);
        var account = await Works(world, server.Port);
        await world.DeliverRaw($"From: a@example.org\nSubject: large\n\n{string.Join('\n', Enumerable.Repeat(new string('x', 70), 70))}\n");
        await TestWait.For(async () => (await account.Newest()).GetProperty("subject").GetString() == "large");
        (await account.Api.Patch(account.Message((await account.Newest()).Id()), new { flags = new { add = new[] { "$seen" } } })).Is(HttpStatusCode.OK);
        Assert.Equal("connected", (await account.Api.Get(account.Path)).Text("state"));
    }

    [Theory]
    [MemberData(nameof(Proxies))]
    public async Task Behind_a_proxy(MailProxyKind kind)
    {
        Assert.SkipWhen(UnpackedPackages.Missing(MailProxy.Name) is not null, UnpackedPackages.Missing(MailProxy.Name) ?? "");
        await using var proxy = await MailProxy.Start(kind, await SharedServers.Dovecot);
        await using var tap = TapProxy.Start(proxy.Port);
        var world = World.With(await SharedServers.Dovecot, gateway.Process);
        var account = await Works(world, tap.Port);

        // Proxies end connections that are idle; whatever the gateway does about it, nothing is missed.
        for (var i = 0; i < 2; i++)
        {
            var begun = tap.CountOf("IDLE");
            await TestWait.For(() => kind == MailProxyKind.ImapProxy || tap.CountOf("IDLE") > begun);
            await world.Deliver($"later {i}");
            await TestWait.For(async () => (await account.Shown()).StartsWith($"later {i}[]", StringComparison.Ordinal));
        }
        Assert.NotEqual("auth_failed", (await account.Api.Get(account.Path)).Text("state"));
    }

    /// <summary>imapproxy answers logins from what it remembers, and hands out connections whose server has gone.</summary>
    [Fact]
    public async Task Behind_a_proxy_that_shares_sessions_when_the_server_restarts()
    {
        Assert.SkipWhen(UnpackedPackages.Missing(MailProxy.Name) is not null, UnpackedPackages.Missing(MailProxy.Name) ?? "");
        await using var server = await DovecotServer.Start(new DovecotOptions { Tls = false });
        await using var proxy = await MailProxy.Start(MailProxyKind.ImapProxy, server);
        var world = World.With(server, gateway.Process);
        var account = await Works(world, proxy.Port);
        for (var i = 0; i < 3; i++)
        {
            await server.Stop();
            // A login that is refused meanwhile says nothing about the password.
            await account.Api.Get(account.Messages("inbox"), ("Cache-Control", "no-cache"));
            await server.Resume();
            await world.Deliver($"later {i}");
            await TestWait.For(async () =>
            {
                var state = (await account.Api.Get(account.Path)).Text("state");
                Assert.NotEqual("auth_failed", state);
                var list = await account.Api.Get(account.Messages("inbox"));
                return list.Is(HttpStatusCode.OK).Json.GetProperty("items")[0].GetProperty("subject").GetString() == $"later {i}" && state == "connected";
            });
        }
    }

    /// <returns>The account, which is watched.</returns>
    private static async Task<ApiAccount> Works(World world, int port, bool hasUidPlus = true)
    {
        await world.Deliver("one");
        await world.Deliver("two");
        var account = await world.AddAccount(port, watch: "all");
        await TestWait.For(async () => (await account.Api.Get($"{account.Path}/changes?types=account.synced")).Json.GetProperty("items").GetArrayLength() == 1);
        Assert.Equal("two[] one[]", await account.Shown());
        var (two, one) = ((await account.Items(account.Messages("inbox")))[0].Id(), (await account.Items(account.Messages("inbox")))[1].Id());
        Assert.Contains("The text of one.", (await account.Api.Get(account.Message(one, "?body=text"))).Is(HttpStatusCode.OK).Json.GetProperty("body").GetProperty("text").GetString(), StringComparison.Ordinal);
        (await account.Api.Patch(account.Message(one), new { flags = new { add = new[] { "$flagged" } } })).Is(HttpStatusCode.OK);
        Assert.Equal("two[] one[$flagged]", await account.Shown());
        var moved = (await account.Api.Patch(account.Message(two), new { mailboxId = await MailboxAsync(account, "Trash") })).Is(HttpStatusCode.OK).Json;
        Assert.Equal(two, moved.Id());
        // Without UIDPLUS no message can be expunged alone.
        (await account.Api.Delete(account.Message(two, "?permanent=true"))).Is(hasUidPlus ? HttpStatusCode.NoContent : HttpStatusCode.UnprocessableEntity);
        var made = (await account.Api.Post(account.Mailboxes, new { name = "Grüße" })).Is(HttpStatusCode.Created).Json.Id();
        (await account.Api.Delete(account.Mailbox(made))).Is(HttpStatusCode.NoContent);

        // The gateway may have all connections that the user may have.
        await world.Dovecot.DeliverByLmtp(world.User, "Subject: three\n\nThe text of three.");
        // Without UIDPLUS what was moved stays behind, marked.
        var expected = hasUidPlus ? "three[] one[$flagged]" : "three[] two[$deleted] one[$flagged]";
        await TestWait.ForNothingMissing(async () => await account.Shown() is var shown && shown == expected ? null : shown);
        await TestWait.For(async () => (await account.Api.Get($"{account.Path}/changes?types=message.added&limit=500")).Text.Contains("\"three\"", StringComparison.Ordinal));
        return account;
    }

    /// <summary>By its name: not all servers tell roles.</summary>
    private static async Task<string> MailboxAsync(ApiAccount account, string name) =>
        (await account.Items(account.Mailboxes)).Single(mailbox => mailbox.GetProperty("name").GetString() == name).Id();
}
