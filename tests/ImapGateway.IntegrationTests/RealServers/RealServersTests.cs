using System.Net;
using ImapGateway.IntegrationTests.Messages;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;
using MailKit;

namespace ImapGateway.IntegrationTests.RealServers;

/// <summary>What the gateway does, on each of the real mail servers. <see cref="Path"/> has the one difference that clients see.</summary>
public sealed class RealServersTests(RealServersGateway gateway) : IClassFixture<RealServersGateway>
{
    public static readonly TheoryData<MailServerKind> Servers = [MailServerKind.Dovecot, MailServerKind.Courier, MailServerKind.Cyrus];

    private async Task<World> Start(MailServerKind kind) => World.With(await SharedServers.Mail(kind), gateway.Process);

    /// <summary>Courier creates nothing outside of the inbox (its only personal namespace is <c>INBOX.</c>).</summary>
    private static string Path(MailServerKind kind, string name) => kind == MailServerKind.Courier ? $"INBOX.{name.Replace('/', '.')}" : name;

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Messages_are_listed_newest_first_and_paged(MailServerKind kind)
    {
        await using var world = await Start(kind);
        const int Count = 30;
        await using (var raw = await world.Server.RawClient(world.User))
        {
            for (var i = 1; i <= Count; i++)
            {
                await raw.Append("INBOX", ScriptedMessage.Text($"m{i}"));
            }
        }
        var account = await world.AddAccount();
        var subjects = (await account.Pages("?limit=7")).Select(message => message.Subject()).ToList();
        Assert.Equal(Enumerable.Range(1, Count).Reverse().Select(i => $"m{i}"), subjects);
        Assert.Equal(["m30", "m29", "m28", "m27", "m26"], (await account.Items(account.Messages("inbox", "?limit=5"))).Select(message => message.Subject()));
        Assert.Equal(["m9"], (await account.Items(account.Messages("inbox", "?subject=m9"))).Select(message => message.Subject()));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_message_is_read_with_its_headers_bodies_parts_and_raw_octets(MailServerKind kind)
    {
        await using var world = await Start(kind);
        const string Message = """
            From: Ann <ann@example.org>
            To: Bob <bob@example.org>
            Subject: All of it
            X-Own: a value
            MIME-Version: 1.0
            Content-Type: multipart/mixed; boundary=outer

            --outer
            Content-Type: multipart/alternative; boundary=inner

            --inner
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            Gr=C3=BC=C3=9Fe
            --inner
            Content-Type: text/html; charset=utf-8

            <p>hello</p>
            --inner--
            --outer
            Content-Type: application/pdf; name=a.pdf
            Content-Disposition: attachment; filename=a.pdf
            Content-Transfer-Encoding: base64

            aGVsbG8=
            --outer--

            """;
        await world.DeliverRaw(Message);
        var account = await world.AddAccount();
        var id = (await account.Newest()).Id();
        var both = (await account.Api.Get(account.Message(id, "?body=text,html&headers=Subject,X-Own"))).Is(HttpStatusCode.OK).Json;
        Assert.Equal("Grüße", both.GetProperty("body").GetProperty("text").GetString()!.Trim());
        Assert.Contains("><p>hello</p>", both.GetProperty("body").GetProperty("html").GetString(), StringComparison.Ordinal);
        Assert.Contains("a value", both.GetProperty("headers").GetRawText(), StringComparison.Ordinal);
        var headersAndText = (await account.Api.Get(account.Message(id, "?body=text&headers=Subject"))).Is(HttpStatusCode.OK).Json;
        Assert.Equal("Grüße", headersAndText.GetProperty("body").GetProperty("text").GetString()!.Trim());
        Assert.Contains("All of it", headersAndText.GetProperty("headers").GetRawText(), StringComparison.Ordinal);
        var part = both.GetProperty("attachments")[0];
        Assert.Equal("a.pdf", part.GetProperty("filename").GetString());
        Assert.Equal("hello", (await world.Gateway.Http.Download(account.Message(id, $"/parts/{part.GetProperty("part").GetString()}"))).Is(HttpStatusCode.OK).Text);
        Assert.Equal(Message.ReplaceLineEndings("\r\n"), (await world.Gateway.Http.Download(account.Message(id, "/raw"))).Is(HttpStatusCode.OK).Text);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Flags_moves_and_deletions_reach_the_server(MailServerKind kind)
    {
        await using var world = await Start(kind);
        await world.Deliver("one");
        await world.Deliver("two");
        var account = await world.AddAccount();
        var listed = await account.Items(account.Messages("inbox"));
        var (two, one) = (listed[0].Id(), listed[1].Id());
        var flagged = (await account.Api.Patch(account.Message(one), new { flags = new { add = new[] { "$seen", "Project-X" } } })).Is(HttpStatusCode.OK).Json;
        Assert.Equal("$seen Project-X", flagged.Flags());
        var moved = (await account.Api.Patch(account.Message(one), new { mailboxId = "trash" })).Is(HttpStatusCode.OK).Json;
        Assert.Equal(one, moved.Id());
        Assert.Equal("two[]", await account.Shown());
        Assert.Equal("one[$seen Project-X]", await account.Shown("trash"));
        (await account.Api.Delete(account.Message(two))).Is(HttpStatusCode.NoContent);
        Assert.Equal("two[] one[$seen Project-X]", await account.Shown("trash"));
        (await account.Api.Delete(account.Message(one, "?permanent=true"))).Is(HttpStatusCode.NoContent);
        Assert.Equal(HttpStatusCode.Gone, (await account.Api.Get(account.Message(one))).Status);
        using var other = await world.OtherClient();
        var trash = await other.GetFolderAsync(Path(kind, "Trash"));
        await trash.OpenAsync(FolderAccess.ReadOnly);
        Assert.Equal(1, trash.Count);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Mailboxes_are_made_renamed_subscribed_and_deleted(MailServerKind kind)
    {
        await using var world = await Start(kind);
        var account = await world.AddAccount();
        var made = (await account.Api.Post(account.Mailboxes, new { name = "Work" })).Is(HttpStatusCode.Created).Json;
        Assert.Equal(Path(kind, "Work"), made.GetProperty("path").GetString());
        var id = made.Id();
        var child = (await account.Api.Post(account.Mailboxes, new { name = "Grüße", parentId = id })).Is(HttpStatusCode.Created).Json;
        Assert.Equal(Path(kind, "Work/Grüße"), child.GetProperty("path").GetString());
        foreach (var subscribed in new[] { true, false, true })
        {
            (await account.Api.Patch(account.Mailbox(id), new { subscribed })).Is(HttpStatusCode.OK);
            Assert.Equal(subscribed, (await account.Api.Get(account.Mailbox(id))).Is(HttpStatusCode.OK).Json.GetProperty("subscribed").GetBoolean());
        }
        var renamed = (await account.Api.Patch(account.Mailbox(id), new { name = "Offers" })).Is(HttpStatusCode.OK).Json;
        Assert.Equal((id, Path(kind, "Offers")), (renamed.Id(), renamed.GetProperty("path").GetString()));
        var paths = (await account.Items(account.Mailboxes)).ToDictionary(mailbox => mailbox.Id(), mailbox => mailbox.GetProperty("path").GetString());
        Assert.Equal(Path(kind, "Offers/Grüße"), paths[child.Id()]);
        // A mailbox that was subscribed below the inbox does not change what the inbox is.
        Assert.True((await account.Api.Get(account.Mailbox("inbox"))).Is(HttpStatusCode.OK).Json.GetProperty("selectable").GetBoolean());
        Assert.Empty(await account.Items(account.Messages("inbox")));
        (await account.Api.Delete(account.Mailbox(child.Id()))).Is(HttpStatusCode.NoContent);
        (await account.Api.Delete(account.Mailbox(id))).Is(HttpStatusCode.NoContent);
        Assert.Equal(HttpStatusCode.Gone, (await account.Api.Get(account.Mailbox(id))).Status);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Changes_by_other_clients_are_told(MailServerKind kind)
    {
        await using var world = await Start(kind);
        var account = await world.AddAccount(watch: "all");
        await TestWait.For(async () => (await account.Api.Get(account.Path)).Text("state") == "connected");
        var told = new Told(account);
        using var other = await world.OtherClient();
        var inbox = other.Inbox;

        var uid = new UniqueId(await world.Deliver("news"));
        await told.Has("message.added");
        await inbox.OpenAsync(FolderAccess.ReadWrite);
        await inbox.StoreAsync(uid, new StoreFlagsRequest(StoreAction.Add, MessageFlags.Flagged) { Silent = true });
        await told.Has("message.flags_changed");
        var archive = await other.GetFolder(other.PersonalNamespaces[0]).CreateAsync("Seen", isMessageFolder: true) ?? throw new InvalidOperationException("The mailbox was not made.");
        await told.Has("mailbox.added");
        var there = (await inbox.MoveToAsync(uid, archive))!.Value;
        await told.Has("message.moved");
        await archive.RenameAsync(other.GetFolder(other.PersonalNamespaces[0]), "Kept");
        // Courier gives a mailbox that is renamed another UIDVALIDITY: nothing shows that it was not deleted and made anew. Its messages are found again all the same.
        var asRename = kind != MailServerKind.Courier;
        await told.Has(asRename ? "mailbox.renamed" : "mailbox.removed");
        await told.Has("message.moved", asRename ? 1 : 2);
        await archive.OpenAsync(FolderAccess.ReadWrite);
        await archive.StoreAsync(there, new StoreFlagsRequest(StoreAction.Add, MessageFlags.Deleted) { Silent = true });
        await archive.ExpungeAsync();
        await told.Has("message.removed");
        // Courier deletes no mailbox that is selected.
        await inbox.OpenAsync(FolderAccess.ReadOnly);
        await archive.DeleteAsync();
        await told.Has("mailbox.removed", asRename ? 1 : 2);
        string[] expected = asRename
            ? ["message.added", "message.moved", "message.removed", "mailbox.added", "mailbox.renamed", "mailbox.removed"]
            : ["message.added", "message.moved", "message.moved", "message.removed", "mailbox.added", "mailbox.added", "mailbox.removed", "mailbox.removed"];
        Assert.Equal(string.Join(' ', expected.Order()), string.Join(' ', told.Types.Where(type => type.StartsWith('m') && type != "message.flags_changed").Order()));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task What_is_known_is_read_while_the_server_is_away(MailServerKind kind)
    {
        await using var world = await Start(kind);
        await using var tap = TapProxy.Start(world.Server.Port);
        await world.Deliver("kept");
        var account = await world.AddAccount(tap.Port, watch: "all");
        await TestWait.For(async () => (await account.Api.Get(account.Path)).Text("state") == "connected");
        Assert.Equal("kept[]", await account.Shown());
        tap.GoDown();
        await TestWait.For(async () => (await account.Api.Get(account.Messages("inbox"))).Is(HttpStatusCode.OK).Headers.Contains("Gateway-Stale"));
        Assert.Equal("kept[]", await account.Shown());
        Assert.Equal(HttpStatusCode.OK, (await account.Api.Get(account.Mailboxes)).Status);
        await world.Deliver("new");
        tap.ComeBack();
        await TestWait.For(async () => await account.Shown() == "new[] kept[]");
    }

    /// <summary>The types of the changes of an account.</summary>
    private sealed class Told(ApiAccount account)
    {
        private string _after = "0";

        public List<string> Types { get; } = [];

        /// <summary>Until so many changes of this type were told.</summary>
        public async Task Has(string type, int times = 1)
        {
            try
            {
                await TestWait.For(
                    async () =>
                    {
                        var answer = (await account.Api.Get($"{account.Path}/changes?limit=500&after={Uri.EscapeDataString(_after)}")).Is(HttpStatusCode.OK);
                        Types.AddRange(answer.Json.GetProperty("items").EnumerateArray().Select(change => change.GetProperty("type").GetString()!));
                        _after = answer.Text("nextAfter");
                        return Types.Count(told => told == type) >= times;
                    },
                    TimeSpan.FromMinutes(1));
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"{type} is not told: {string.Join(' ', Types)}");
            }
        }
    }
}

/// <summary>Polls often what no server tells.</summary>
public sealed class RealServersGateway() : Sync.Watching.WatchingGateway(("Watch:MoveWindow", "2s"), ("Watch:PollInterval", "300ms"));
