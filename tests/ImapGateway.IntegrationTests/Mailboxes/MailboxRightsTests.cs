using System.Net;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.IntegrationTests.Sync.Watching;
using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.IntegrationTests.Mailboxes;

/// <summary>Mailboxes that other users share (RFC 4314): what the rights do not allow is refused before it is tried, and shares come and go.</summary>
public sealed class MailboxRightsTests(MovingGateway gateway) : IClassFixture<MovingGateway>
{
    /// <summary>An owner shares a mailbox with one message, and a folder of the account has another one.</summary>
    /// <param name="reader">The account's user, as the server names him in ACLs.</param>
    private sealed class Share(World world, TapProxy tap, ApiAccount account, ImapClient owner, IMailFolder folder, string user, string reader) : IAsyncDisposable
    {
        public World World => world;

        public TapProxy Tap => tap;

        public ApiAccount Account => account;

        public ImapClient Owner => owner;

        public IMailFolder Folder => folder;

        public string User => user;

        public Task TakeAway() => folder.RemoveAccessAsync(reader);

        public Task Grant(string rights) => folder.SetAccessRightsAsync(reader, new AccessRights(rights));

        /// <summary>The id of the shared mailbox, once it is listed.</summary>
        public async Task<string> Shared(string name = "Shared")
        {
            string? id = null;
            await TestWait.For(async () => (id = (await account.Items(account.Mailboxes)).Where(IsShared).Select(mailbox => mailbox.GetProperty("id").GetString()).FirstOrDefault()) is not null, "the share is listed");
            return id!;

            bool IsShared(System.Text.Json.JsonElement mailbox) => mailbox.GetProperty("path").GetString() is { } path && path.EndsWith("/" + name, StringComparison.Ordinal);
        }

        public async Task<IReadOnlyList<string>> Told() => [.. (await account.Items($"{account.Path}/changes?limit=500&after=0")).Select(change => change.GetProperty("type").GetString()!)];

        public async Task Tells(string type)
        {
            IReadOnlyList<string> told = [];
            try
            {
                await TestWait.For(async () => (told = await Told()).Contains(type), TimeSpan.FromMinutes(1));
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"{type} is not told: {string.Join(' ', told)}");
            }
        }

        public async ValueTask DisposeAsync()
        {
            owner.Dispose();
            await tap.DisposeAsync();
            await world.DisposeAsync();
        }
    }

    private async Task<Share> Start(MailServerKind kind, string watch)
    {
        var world = World.With(await SharedServers.Mail(kind), gateway.Process);
        var user = world.Server.NewUser();
        var owner = await world.Server.Client(user);
        var folder = (await owner.GetFolder(owner.PersonalNamespaces[0]).CreateAsync("Shared", isMessageFolder: true))!;
        await world.Server.Append(user, ScriptedMessage.Text("old"), "Shared");
        await world.Server.Append(world.User, ScriptedMessage.Text("own"));
        var tap = TapProxy.Start(world.Server.Port);
        return new Share(world, tap, await world.AddAccount(tap.Port, watch), owner, folder, user, kind == MailServerKind.Cyrus ? world.User.Split('@')[0] : world.User);
    }

    public static TheoryData<MailServerKind, string, string> Cases
    {
        get
        {
            var data = new TheoryData<MailServerKind, string, string>();
            foreach (var kind in new[] { MailServerKind.Dovecot, MailServerKind.Cyrus })
            {
                // Rights, and the operations that they allow.
                data.Add(kind, "lr", "");
                data.Add(kind, "lrs", "seen");
                data.Add(kind, "lrsw", "seen flagged keyword");
                data.Add(kind, "lrst", "seen deleted");
                data.Add(kind, "lrswte", "seen flagged keyword deleted move-out expunge trash");
                data.Add(kind, "lri", "move-in");
            }
            // Dovecot refuses to change the special use of a mailbox that it is to delete for another user.
            data.Add(MailServerKind.Cyrus, "lrx", "delete-mailbox");
            // Cyrus lets nobody but the owner create mailboxes there.
            data.Add(MailServerKind.Dovecot, "lrk", "create");
            return data;
        }
    }

    private static async Task<ApiAnswer> Do(Share share, string mailbox, string message, string own, string operation) => operation switch
    {
        "seen" => await share.Account.Api.Patch(share.Account.Message(message), new { flags = new { add = new[] { "$seen" } } }),
        "flagged" => await share.Account.Api.Patch(share.Account.Message(message), new { flags = new { add = new[] { "$flagged" } } }),
        "keyword" => await share.Account.Api.Patch(share.Account.Message(message), new { flags = new { add = new[] { "Project" } } }),
        "deleted" => await share.Account.Api.Patch(share.Account.Message(message), new { flags = new { add = new[] { "$deleted" } } }),
        "move-out" => await share.Account.Api.Patch(share.Account.Message(message), new { mailboxId = "archive" }),
        "trash" => await share.Account.Api.Delete(share.Account.Message(message)),
        "expunge" => await share.Account.Api.Delete(share.Account.Message(message, "?permanent=true")),
        "move-in" => await share.Account.Api.Patch(share.Account.Message(own), new { mailboxId = mailbox }),
        "create" => await share.Account.Api.Post(share.Account.Mailboxes, new { name = "Below", parentId = mailbox }),
        "rename" => await share.Account.Api.Patch(share.Account.Mailbox(mailbox), new { name = "Renamed" }),
        _ => await share.Account.Api.Delete(share.Account.Mailbox(mailbox) + "?force=true"),
    };

    private static readonly string[] Operations = ["seen", "flagged", "keyword", "deleted", "move-in", "create", "rename", "delete-mailbox", "move-out", "trash", "expunge"];

    private static readonly string[] Attempts = ["STORE", "MOVE", "COPY", "EXPUNGE", "CREATE", "RENAME", "DELETE"];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task What_the_rights_do_not_allow_is_refused_before_it_is_tried(MailServerKind kind, string rights, string allowed)
    {
        await using var share = await Start(kind, "none");
        await share.Grant(rights);
        var mailbox = await share.Shared();
        var message = (await share.Account.Newest(mailbox)).GetProperty("id").GetString()!;
        var own = (await share.Account.Newest()).GetProperty("id").GetString()!;
        share.Tap.Lines.Clear();
        // Where the right to rename is granted, the place of the new name decides: a namespace of the server's, which has no rights to ask for.
        foreach (var operation in Operations.Except(allowed.Split(' ')).Where(operation => operation != "rename" || !rights.Contains('x', StringComparison.Ordinal)))
        {
            var refused = (await Do(share, mailbox, message, own, operation)).Is(HttpStatusCode.Forbidden).IsProblem("account.denied");
            Assert.NotEqual("", refused.Text("detail"));
        }
        Assert.DoesNotContain(share.Tap.Lines.Entries, line => line.FromClient && Attempts.Any(name => line.Command == name || line.Command == $"UID {name}"));

        foreach (var operation in allowed.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(one => one is not ("expunge" or "trash")))
        {
            var done = await Do(share, mailbox, message, own, operation);
            Assert.True((int)done.Status is >= 200 and < 300, $"{operation}: {done.Status} {done.Text}");
        }
    }

    [Theory]
    [InlineData(MailServerKind.Dovecot)]
    [InlineData(MailServerKind.Cyrus)]
    public async Task A_right_that_was_granted_since_counts(MailServerKind kind)
    {
        await using var share = await Start(kind, "none");
        await share.Grant("lr");
        var mailbox = await share.Shared();
        var message = (await share.Account.Newest(mailbox)).GetProperty("id").GetString()!;
        (await Do(share, mailbox, message, "", "seen")).IsProblem("account.denied");
        await share.Grant("lrs");
        // Dovecot keeps rights for a second.
        await TestWait.For(async () => (await Do(share, mailbox, message, "", "seen")).Status == HttpStatusCode.OK, "the right counts");
        (await Do(share, mailbox, message, "", "flagged")).IsProblem("account.denied");
    }

    [Theory]
    [InlineData(MailServerKind.Dovecot)]
    [InlineData(MailServerKind.Cyrus)]
    public async Task A_share_is_told_when_it_is_given_renamed_and_taken_away(MailServerKind kind)
    {
        await using var share = await Start(kind, "all");
        await TestWait.For(async () => (await share.Account.Api.Get(share.Account.Path)).Text("state") == "connected");
        await share.Grant("lrs");
        await share.Tells("mailbox.added");
        var mailbox = await share.Shared();
        Assert.Equal("old", (await share.Account.Newest(mailbox)).GetProperty("subject").GetString());
        await share.World.Server.Append(share.User, ScriptedMessage.Text("new"), "Shared");
        await share.Tells("message.added");
        Assert.Single(await share.Told(), type => type == "message.added");
        Assert.Equal("new", (await share.Account.Newest(mailbox)).GetProperty("subject").GetString());

        await share.Folder.RenameAsync(share.Owner.GetFolder(share.Owner.PersonalNamespaces[0]), "Kept");
        if (kind == MailServerKind.Cyrus)
        {
            await share.Tells("mailbox.renamed");
            Assert.Equal(mailbox, await share.Shared("Kept"));
            await share.TakeAway();
        }
        // Dovecot shows nobody a shared mailbox that was renamed: for the account it has gone.
        await share.Tells("mailbox.removed");
        (await share.Account.Api.Get(share.Account.Messages(mailbox))).Is(HttpStatusCode.Gone);
    }

    [Theory]
    [InlineData(MailServerKind.Dovecot, "all")]
    [InlineData(MailServerKind.Dovecot, "none")]
    [InlineData(MailServerKind.Cyrus, "all")]
    [InlineData(MailServerKind.Cyrus, "none")]
    public async Task Nothing_is_shown_once_the_right_to_read_has_gone(MailServerKind kind, string watch)
    {
        await using var share = await Start(kind, watch);
        await share.Grant("lrs");
        var mailbox = await share.Shared();
        var message = (await share.Account.Newest(mailbox)).GetProperty("id").GetString()!;
        var body = share.Account.Message(message, "?body=text");
        var graph = new { query = $$"""{ account(id: "{{share.Account.Id}}") { mailbox(id: "{{mailbox}}") { total messages(first: 5) { nodes { subject preview } } } } }""" };
        (await share.Account.Api.Get(body)).Is(HttpStatusCode.OK);
        Assert.Contains("\"old\"", (await share.Account.Api.Post("/graphql", graph)).Text, StringComparison.Ordinal);

        await share.Grant("l");
        // Within the poll interval of the watcher; else at the next request, once the server itself has noticed.
        await TestWait.For(async () => (await share.Account.Api.Get(share.Account.Messages(mailbox))).Status == HttpStatusCode.Forbidden, "the list is refused");
        (await share.Account.Api.Get(share.Account.Messages(mailbox))).IsProblem("account.denied");
        (await share.Account.Api.Get(body)).Is(HttpStatusCode.Forbidden);
        (await share.Account.Api.Get(share.Account.Message(message, "/raw"))).Is(HttpStatusCode.Forbidden);
        Assert.DoesNotContain("\"old\"", (await share.Account.Api.Post("/graphql", graph)).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"old\"", (await share.Account.Api.Get($"{share.Account.Path}/messages?ids={message}")).Text, StringComparison.Ordinal);
        var shown = (await share.Account.Items(share.Account.Mailboxes)).Single(one => one.GetProperty("id").GetString() == mailbox);
        Assert.Equal("account.denied", shown.GetProperty("problem").GetProperty("code").GetString());
        Assert.Equal("own", (await share.Account.Newest()).GetProperty("subject").GetString());

        await share.Grant("lrs");
        await TestWait.For(async () => (await share.Account.Api.Get(body)).Status == HttpStatusCode.OK, "it can be read again");
    }

    [Fact]
    public async Task A_virtual_mailbox_tells_nothing_twice()
    {
        await using var dovecot = await DovecotServer.Start(new DovecotOptions { Virtual = true });
        await using var world = World.With(dovecot, gateway.Process);
        await world.Deliver("one");
        var account = await world.AddAccount(watch: "all");
        await TestWait.For(async () => (await account.Api.Get(account.Path)).Text("state") == "connected");
        var all = (await account.Items(account.Mailboxes)).Single(mailbox => mailbox.GetProperty("path").GetString() == "Virtual/All").GetProperty("id").GetString()!;
        var uid = await world.Deliver("two");
        await TestWait.For(async () => (await account.Items(account.Messages(all))).Count == 2, "the virtual mailbox shows both");
        using (var other = await world.OtherClient())
        {
            await other.Inbox.OpenAsync(FolderAccess.ReadWrite);
            await other.Inbox.StoreAsync(new UniqueId(uid), new StoreFlagsRequest(StoreAction.Add, MessageFlags.Flagged));
            await other.Inbox.StoreAsync(new UniqueId(uid), new StoreFlagsRequest(StoreAction.Add, MessageFlags.Deleted));
            await other.Inbox.ExpungeAsync();
        }
        await world.Deliver("three");
        await TestWait.For(async () => (await Told()).Contains("message.removed") && (await account.Items(account.Messages(all))).Count == 2, "all is seen");
        await TestWait.For(async () => (await Told()).Count(type => type == "message.added") >= 2, "both are told");
        Assert.Equal((2, 1), (await Told() is var told ? told.Count(type => type == "message.added") : 0, told.Count(type => type == "message.removed")));
        // Of a message that goes at once nobody need see the flags.
        Assert.InRange(told.Count(type => type == "message.flags_changed"), 0, 2);

        async Task<IReadOnlyList<string>> Told() => [.. (await account.Items($"{account.Path}/changes?limit=500&after=0")).Select(change => change.GetProperty("type").GetString()!)];
    }
}
