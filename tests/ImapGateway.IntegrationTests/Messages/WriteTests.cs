using System.Net;
using System.Text.Json;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;
using MailKit;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>Flags, moves and deletions on a real Dovecot, with a second mail client beside them.</summary>
public class WriteTests
{
    private static string[] Flags(JsonElement message) => [.. message.GetProperty("flags").EnumerateArray().Select(flag => flag.GetString()!).Order(StringComparer.Ordinal)];

    private static string Id(JsonElement message) => message.GetProperty("id").GetString()!;

    private static async Task<string> NewestId(ApiAccount account) => Id(await account.Newest());

    private static async Task<string> MailboxId(ApiAccount account, string path) =>
        Id(Assert.Single(await account.Items($"{account.Mailboxes}?path={Uri.EscapeDataString(path)}")));

    private static async Task<string[]> Subjects(ApiAccount account, string mailbox) =>
        [.. (await account.Items(account.Messages(mailbox))).Select(message => message.GetProperty("subject").GetString()!)];

    /// <summary>What another client sees of a mailbox: subjects and flags by uid.</summary>
    private static async Task<IReadOnlyList<IMessageSummary>> Seen(World world, string mailbox)
    {
        using var client = await world.OtherClient();
        var folder = await client.GetFolderAsync(mailbox);
        await folder.OpenAsync(FolderAccess.ReadOnly);
        return [.. await folder.FetchAsync(0, -1, MessageSummaryItems.UniqueId | MessageSummaryItems.Envelope | MessageSummaryItems.Flags)];
    }

    [Fact]
    public async Task Flags_are_added_removed_and_set_and_the_next_read_and_other_clients_show_it()
    {
        await using var world = await World.WithDovecot();
        await world.Deliver("one", flags: MessageFlags.Draft);
        var account = await world.AddAccount();
        var id = await NewestId(account);

        var added = (await account.Api.Patch(account.Message(id), new { flags = new { add = new[] { "$seen", "$flagged", "$forwarded", "Project-X" }, remove = new[] { "$draft" } } })).Is(HttpStatusCode.OK).Json;
        Assert.Equal(["$flagged", "$forwarded", "$seen", "Project-X"], Flags(added));
        Assert.Equal(["$flagged", "$forwarded", "$seen", "Project-X"], Flags((await account.Api.Get(account.Message(id))).Json));
        Assert.Equal(["$flagged", "$forwarded", "$seen", "Project-X"], Flags(await account.Newest()));
        Assert.Empty(await account.Items(account.Messages("inbox", "?unseen=true")));
        Assert.Single(await account.Items(account.Messages("inbox", "?flag=project-x")));
        var seen = Assert.Single(await Seen(world, "INBOX"));
        Assert.Equal(MessageFlags.Seen | MessageFlags.Flagged, seen.Flags & ~MessageFlags.Recent);
        Assert.Equal(["$Forwarded", "Project-X"], seen.Keywords.Order(StringComparer.Ordinal), StringComparer.OrdinalIgnoreCase);

        Assert.Equal(["$answered"], Flags((await account.Api.Patch(account.Message(id), new { flags = new { set = new[] { "$answered" } } })).Is(HttpStatusCode.OK).Json));
        Assert.Empty(Flags((await account.Api.Patch(account.Message(id), new { flags = new { set = Array.Empty<string>() } })).Is(HttpStatusCode.OK).Json));
        Assert.Equal(MessageFlags.None, Assert.Single(await Seen(world, "INBOX")).Flags & ~MessageFlags.Recent);
    }

    [Theory]
    [InlineData("""{}""", "")]
    [InlineData("""{"flags":{}}""", "/flags")]
    [InlineData("""{"flags":{"add":["$seen"],"set":[]}}""", "/flags")]
    [InlineData("""{"flags":{"add":["$seen"],"remove":["$SEEN"]}}""", "/flags")]
    [InlineData("""{"flags":{"add":["a b"]}}""", "/flags/add/0")]
    [InlineData("""{"flags":{"add":["$seen","\\Seen"]}}""", "/flags/add/1")]
    [InlineData("""{"flags":{"add":["ü"]}}""", "/flags/add/0")]
    [InlineData("""{"flags":{"add":["seen"]}}""", "/flags/add/0")]
    [InlineData("""{"flags":{"set":["$answered","Flagged"]}}""", "/flags/set/1")]
    [InlineData("""{"flags":{"remove":[""]}}""", "/flags/remove/0")]
    [InlineData("""{"flags":{"add":["x\r\nA1 LOGOUT"]}}""", "/flags/add/0")]
    [InlineData("""{"flag":{"add":["$seen"]}}""", "/flag")]
    [InlineData("""{"mailboxId":7}""", "/mailboxId")]
    public async Task What_cannot_be_a_change_is_refused_with_a_pointer(string body, string pointer)
    {
        await using var world = await World.WithDovecot();
        await world.Deliver("one");
        var account = await world.AddAccount();
        var path = account.Message(await NewestId(account));
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var answer = await world.Gateway.Http.PatchAsync(new Uri(path, UriKind.Relative), content);
        var problem = JsonElement.Parse(await answer.Content.ReadAsStringAsync());
        Assert.Equal((HttpStatusCode.BadRequest, pointer), (answer.StatusCode, problem.GetProperty("errors")[0].GetProperty("pointer").GetString()));
        Assert.Empty(Flags(await account.Newest()));
    }

    [Fact]
    public async Task A_flag_the_server_does_not_keep_is_422_and_nothing_is_stored()
    {
        await using var server = ScriptedImapServer.Start(new ScriptedOptions());
        server.Inbox.PermanentFlags = @"\Answered \Flagged \Deleted \Seen \Draft known";
        server.Inbox.Add("one");
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount(world.Settings(server.Port));
        var id = await NewestId(account);
        var answer = (await account.Api.Patch(account.Message(id), new { flags = new { add = new[] { "$seen", "brandnew" } } })).Is(HttpStatusCode.UnprocessableEntity).IsProblem("unprocessable");
        Assert.Contains("brandnew", answer.Text("detail"), StringComparison.Ordinal);
        Assert.DoesNotContain(server.Commands.Entries, command => command.Name.Contains("STORE", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(DovecotProfile.Full, true)]
    [InlineData(DovecotProfile.CondstoreOnly, true)]
    [InlineData(DovecotProfile.Plain, true)]
    [InlineData(DovecotProfile.Plain, false)]
    public async Task A_move_keeps_the_id_and_touches_nothing_else(DovecotProfile profile, bool uidPlus)
    {
        await using var dovecot = await DovecotServer.Start(new DovecotOptions { Profile = profile, UidPlus = uidPlus });
        await using var world = await World.WithDovecot();
        async Task<IReadOnlyList<IMessageSummary>> There(string mailbox)
        {
            using var client = await dovecot.Client(world.User);
            var folder = await client.GetFolderAsync(mailbox);
            await folder.OpenAsync(FolderAccess.ReadOnly);
            return [.. await folder.FetchAsync(0, -1, MessageSummaryItems.Envelope | MessageSummaryItems.Flags)];
        }

        // Somebody else's, marked for deletion long ago: it must survive every way of moving.
        await dovecot.Append(world.User, "Subject: marked\r\n\r\nx"u8.ToArray(), flags: @"\Deleted");
        await dovecot.Append(world.User, "Subject: mine\r\nMessage-ID: <1@example.org>\r\n\r\nx"u8.ToArray(), flags: @"\Flagged");
        var account = await world.AddAccount(dovecot.Port);
        (await account.Api.Post(account.Mailboxes, new { path = "Done" })).Is(HttpStatusCode.Created);
        await dovecot.Append(world.User, "Subject: twin\r\nMessage-ID: <1@example.org>\r\n\r\nx"u8.ToArray(), "Done");
        var done = await MailboxId(account, "Done");
        var id = await NewestId(account);
        var before = (await account.Api.Get(account.Message(id))).Json;

        var moved = (await account.Api.Patch(account.Message(id), new { mailboxId = done })).Is(HttpStatusCode.OK).Json;
        Assert.Equal((id, done, "mine"), (Id(moved), moved.GetProperty("mailboxId").GetString(), moved.GetProperty("subject").GetString()));
        Assert.Equal(["$flagged"], Flags(moved));
        Assert.Equal(before.GetProperty("receivedAt").GetString(), moved.GetProperty("receivedAt").GetString());
        Assert.Equal(done, (await account.Api.Get(account.Message(id))).Json.GetProperty("mailboxId").GetString());
        Assert.Equal(["mine", "twin"], await Subjects(account, done));
        Assert.Equal([id], (await account.Items(account.Messages(done))).Take(1).Select(Id));

        var left = await There("INBOX");
        if (uidPlus)
        {
            Assert.Equal(["marked"], await Subjects(account, "inbox"));
            Assert.Equal(["marked"], left.Select(message => message.Envelope!.Subject));
        }
        else
        {
            // Nothing may be expunged here: what stays is marked, and a message of its own.
            Assert.Equal(["mine", "marked"], await Subjects(account, "inbox"));
            Assert.All(left, message => Assert.True(message.Flags!.Value.HasFlag(MessageFlags.Deleted)));
            Assert.NotEqual(id, await NewestId(account));
        }

        var back = (await account.Api.Patch(account.Message(id), new { mailboxId = "inbox" })).Is(HttpStatusCode.OK).Json;
        Assert.Equal(id, Id(back));
        Assert.Equal(id, Id((await account.Api.Get(account.Message(id))).Json));
    }

    [Fact]
    public async Task Flags_are_stored_before_the_move_and_a_failed_move_says_so()
    {
        await using var world = await World.WithDovecot();
        await world.Deliver("one");
        var account = await world.AddAccount();
        var id = await NewestId(account);
        var answer = (await account.Api.Patch(account.Message(id), new { flags = new { add = new[] { "$flagged" } }, mailboxId = "neverminted" })).Is(HttpStatusCode.NotFound);
        Assert.Contains("flags were stored", answer.Text("detail"), StringComparison.Ordinal);
        Assert.Equal(["$flagged"], Flags(await account.Newest()));

        var both = (await account.Api.Patch(account.Message(id), new { flags = new { add = new[] { "$seen" } }, mailboxId = "trash" })).Is(HttpStatusCode.OK).Json;
        Assert.Equal(["$flagged", "$seen"], Flags(both));
        Assert.Equal(id, Id(await account.Newest("trash")));
    }

    [Fact]
    public async Task Deleting_moves_to_the_trash_and_permanently_expunges_that_one_only()
    {
        await using var world = await World.WithDovecot();
        await world.Deliver("marked", flags: MessageFlags.Deleted);
        await world.Deliver("one");
        await world.Deliver("two");
        var account = await world.AddAccount();
        var (two, one) = (await account.Items(account.Messages("inbox"))) is [var newest, var next, _] ? (Id(newest), Id(next)) : default;

        (await account.Api.Delete(account.Message(two))).Is(HttpStatusCode.NoContent);
        Assert.Equal("trash", (await account.Items(account.Mailboxes)).Single(box => Id(box) == (account.Api.Get(account.Message(two)).Result.Json.GetProperty("mailboxId").GetString())).GetProperty("role").GetString());
        (await account.Api.Delete(account.Message(two))).Is(HttpStatusCode.Conflict).IsProblem("conflict");
        (await account.Api.Delete(account.Message(two, "?permanent=true"))).Is(HttpStatusCode.NoContent);
        (await account.Api.Get(account.Message(two))).Is(HttpStatusCode.Gone).IsProblem("gone");
        (await account.Api.Delete(account.Message(two, "?permanent=true"))).Is(HttpStatusCode.Gone);

        (await account.Api.Delete(account.Message(one, "?permanent=true"))).Is(HttpStatusCode.NoContent);
        Assert.Equal(["marked"], (await Seen(world, "INBOX")).Select(message => message.Envelope!.Subject));
        Assert.Empty(await Seen(world, "Trash"));
    }

    [Fact]
    public async Task Without_uidplus_a_permanent_deletion_is_refused_rather_than_taking_others_along()
    {
        await using var dovecot = await DovecotServer.Start(new DovecotOptions { Profile = DovecotProfile.Plain, UidPlus = false });
        await using var world = await World.WithDovecot();
        await dovecot.Append(world.User, "Subject: marked\r\n\r\nx"u8.ToArray(), flags: @"\Deleted");
        await dovecot.Append(world.User, "Subject: mine\r\n\r\nx"u8.ToArray());
        var account = await world.AddAccount(dovecot.Port);
        (await account.Api.Delete(account.Message(await NewestId(account), "?permanent=true"))).Is(HttpStatusCode.UnprocessableEntity).IsProblem("unprocessable");
        Assert.Equal(["mine", "marked"], await Subjects(account, "inbox"));
    }

    [Fact]
    public async Task What_another_client_expunged_is_gone_for_every_write()
    {
        await using var world = await World.WithDovecot();
        var uid = await world.Deliver("one");
        var account = await world.AddAccount();
        var id = await NewestId(account);
        using (var other = await world.OtherClient())
        {
            await other.Inbox!.OpenAsync(FolderAccess.ReadWrite);
            await other.Inbox.StoreAsync(new UniqueId(uid), new StoreFlagsRequest(StoreAction.Add, MessageFlags.Deleted));
            await other.Inbox.ExpungeAsync([new UniqueId(uid)]);
        }

        await world.Deliver("another");
        (await account.Api.Patch(account.Message(id), new { flags = new { add = new[] { "$seen" } } })).Is(HttpStatusCode.Gone).IsProblem("gone");
        (await account.Api.Patch(account.Message(id), new { mailboxId = "trash" })).Is(HttpStatusCode.Gone);
        (await account.Api.Delete(account.Message(id))).Is(HttpStatusCode.Gone);
        (await account.Api.Delete(account.Message(id, "?permanent=true"))).Is(HttpStatusCode.Gone);
        var survivor = Assert.Single(await Seen(world, "INBOX"));
        Assert.Equal(("another", MessageFlags.None), (survivor.Envelope!.Subject, survivor.Flags & ~MessageFlags.Recent));
    }

    [Fact]
    public async Task Many_writers_at_once_lose_nothing_and_ids_stay()
    {
        const int Count = 24;
        await using var world = await World.WithDovecot();
        await world.Dovecot.Seed(world.User, Count, i => System.Text.Encoding.ASCII.GetBytes($"Subject: m{i}\r\nMessage-ID: <{i}@example.org>\r\n\r\nx"));
        var account = await world.AddAccount();
        (await account.Api.Post(account.Mailboxes, new { path = "Other" })).Is(HttpStatusCode.Created);
        var other = await MailboxId(account, "Other");
        var ids = (await account.Items(account.Messages("inbox"))).Select(Id).ToList();

        // There and back in opposite directions, flags meanwhile, lists of both beside it.
        await Task.WhenAll(ids.Select(async (id, i) =>
        {
            (await account.Api.Patch(account.Message(id), new { mailboxId = other })).Is(HttpStatusCode.OK);
            (await account.Api.Patch(account.Message(id), new { flags = new { add = new[] { "k" + i } } })).Is(HttpStatusCode.OK);
            await account.Items(account.Messages(i % 2 == 0 ? "inbox" : other));
            if (i % 2 == 0)
            {
                (await account.Api.Patch(account.Message(id), new { mailboxId = "inbox" })).Is(HttpStatusCode.OK);
            }
        }));

        var inbox = await account.Items(account.Messages("inbox"));
        var moved = await account.Items(account.Messages(other));
        Assert.Equal(ids.Where((_, i) => i % 2 == 0).Order(StringComparer.Ordinal), inbox.Select(Id).Order(StringComparer.Ordinal));
        Assert.Equal(ids.Where((_, i) => i % 2 == 1).Order(StringComparer.Ordinal), moved.Select(Id).Order(StringComparer.Ordinal));
        Assert.All(inbox.Concat(moved), message => Assert.Equal(["k" + ids.IndexOf(Id(message))], Flags(message)));
        Assert.Equal((Count / 2, Count / 2), ((await Seen(world, "INBOX")).Count, (await Seen(world, "Other")).Count));
    }

    [Fact]
    public async Task An_id_of_another_account_is_gone_here_and_touches_nothing()
    {
        await using var mine = await World.WithDovecot();
        await using var theirs = await World.WithDovecot();
        await theirs.Deliver("theirs");
        await mine.Deliver("mine");
        var account = await mine.AddAccount();
        var foreign = await NewestId(await theirs.AddAccount());
        await account.Newest();
        (await account.Api.Get(account.Message(foreign))).Is(HttpStatusCode.Gone).IsProblem("gone");
        (await account.Api.Patch(account.Message(foreign), new { flags = new { add = new[] { "$seen" } } })).Is(HttpStatusCode.Gone);
        (await account.Api.Delete(account.Message(foreign, "?permanent=true"))).Is(HttpStatusCode.Gone);
        (await account.Api.Get(account.Message("neverminted"))).Is(HttpStatusCode.NotFound).IsProblem("not_found");
        Assert.Equal(["mine"], (await Seen(mine, "INBOX")).Select(message => message.Envelope!.Subject));
        Assert.Equal(["theirs"], (await Seen(theirs, "INBOX")).Select(message => message.Envelope!.Subject));
    }

    [Fact]
    public async Task A_full_mailbox_refuses_a_move_with_507_and_the_message_stays()
    {
        await using var server = ScriptedImapServer.Start(new ScriptedOptions());
        server.AddMailbox("Other");
        server.On("UID MOVE", (session, command, _) =>
        {
            session.Say($"{command.Tag} NO [OVERQUOTA] Quota exceeded");
            return Task.CompletedTask;
        });
        server.Inbox.Add("big");
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount(world.Settings(server.Port));
        var id = await NewestId(account);
        var answer = (await account.Api.Patch(account.Message(id), new { mailboxId = await MailboxId(account, "Other") })).Is(HttpStatusCode.InsufficientStorage).IsProblem("account.quota");
        Assert.Contains("uota", answer.Text("upstream", "text"), StringComparison.Ordinal);
        Assert.Equal(["big"], await Subjects(account, "inbox"));
        Assert.Empty(Flags(await account.Newest()));
    }
}
