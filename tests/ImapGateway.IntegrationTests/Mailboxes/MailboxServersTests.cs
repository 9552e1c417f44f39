using System.Net;
using System.Text.Json;
using ImapGateway.Imap;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.IntegrationTests.Sync;

namespace ImapGateway.IntegrationTests.Mailboxes;

/// <summary>The mailbox routes on servers that can less, keep their mailboxes elsewhere, or say things in their own way.</summary>
public class MailboxServersTests
{
    private static readonly DovecotOptions Below = new() { Separator = '.', Prefix = "INBOX." };

    private static string? Text(JsonElement mailbox, string member) => mailbox.GetProperty(member).GetString();

    private static async Task<JsonElement> Created(ApiAccount account, object body)
    {
        var answer = await account.Api.Post(account.Mailboxes, body);
        Assert.True(answer.Status == HttpStatusCode.Created, $"{answer.Status}: {answer.Text}");
        return answer.Json;
    }

    private static async Task<JsonElement> At(ApiAccount account, string path) => (await account.Items(account.Mailboxes)).Single(mailbox => Text(mailbox, "path") == path);

    private static async Task<string> Roles(ApiAccount account) =>
        string.Join(' ', (await account.Items(account.Mailboxes)).Where(mailbox => Text(mailbox, "role") is not null).Select(mailbox => $"{Text(mailbox, "role")}={Text(mailbox, "path")}").Order(StringComparer.Ordinal));

    /// <summary>A gateway, and an account at a scripted server.</summary>
    private static async Task<(World World, ApiAccount Account)> At(ScriptedImapServer server)
    {
        var world = await World.WithDovecot();
        return (world, await world.AddAccount(server.Port));
    }

    [Fact]
    public async Task All_counters_come_in_one_round_trip_per_namespace()
    {
        await using var world = await World.WithDovecot();
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        var account = await world.AddAccount(tap.Port);
        await world.Deliver("one");
        await account.Items(account.Mailboxes);
        var before = tap.Lines.Entries.Count;
        var inbox = await At(account, "INBOX");
        Assert.Equal((1, 1), (inbox.GetProperty("total").GetInt64(), inbox.GetProperty("unseen").GetInt64()));
        // Dovecot has three: the user's own, others', public ones.
        Assert.Equal(["LIST", "LIST", "LIST"], tap.Lines.Entries.Skip(before).Select(line => line.Command).OfType<string>());
    }

    /// <summary>LSUB says Noselect of a name that is not subscribed, but has one below it that is (RFC 3501 section 6.3.9).</summary>
    [Theory]
    [InlineData("INBOX", false)]
    [InlineData("Work", false)]
    [InlineData("Other", true)]
    public async Task The_attributes_of_subscribed_names_say_nothing_about_the_mailbox(string path, bool subscribed)
    {
        await using var server = ScriptedImapServer.Start();
        foreach (var name in new[] { "Work", "Work/Offers", "Other" })
        {
            server.AddMailbox(name);
        }
        server.Inbox.Add("one");
        server["Work"].Add("two");
        server["Other"].Add("three");
        server.On("LSUB", (session, command, _) =>
        {
            session.Say(@"* LSUB (\Noselect \HasChildren) ""/"" ""INBOX""");
            session.Say(@"* LSUB (\Noselect \HasChildren) ""/"" ""Work""");
            session.Say(@"* LSUB (\HasNoChildren) ""/"" ""Work/Offers""");
            session.Say(@"* LSUB (\HasNoChildren) ""/"" ""Other""");
            session.Say($"{command.Tag} OK done");
            return Task.CompletedTask;
        });
        var (world, account) = await At(server);
        await using var _ = world;
        // More than once: a session remembers attributes.
        for (var times = 0; times < 2; times++)
        {
            var mailbox = await At(account, path);
            Assert.Equal((true, subscribed, 1), (mailbox.GetProperty("selectable").GetBoolean(), mailbox.GetProperty("subscribed").GetBoolean(), mailbox.GetProperty("total").GetInt32()));
            Assert.Single(await account.Items(account.Messages(Text(mailbox, "id")!)));
        }
    }

    [Fact]
    public async Task A_plain_server_is_asked_for_nothing_it_does_not_offer()
    {
        await using var world = await TierServers.World(Tier.C);
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        var account = await world.AddAccount(tap.Port);
        var id = Text(await Created(account, new { path = "Gesendet" }), "id")!;
        await Created(account, new { path = "Deep/Sent", subscribed = false });
        await world.Deliver("one", "Gesendet");

        Assert.Equal("archive=Archive drafts=Drafts inbox=INBOX junk=Junk sent=Sent trash=Trash", await Roles(account));
        Assert.Equal((1, 1, true), await At(account, "Gesendet") is var sent ? (sent.GetProperty("total").GetInt32(), sent.GetProperty("unseen").GetInt32(), sent.GetProperty("subscribed").GetBoolean()) : default);
        Assert.False((await At(account, "Deep/Sent")).GetProperty("subscribed").GetBoolean());

        // Unsubscribed by another client: what a session once saw must not stick.
        using (var other = await world.OtherClient())
        {
            await (await other.GetFolderAsync("Gesendet")).UnsubscribeAsync();
        }

        Assert.False((await At(account, "Gesendet")).GetProperty("subscribed").GetBoolean());
        var read = await account.Api.Get(account.Mailbox(id));
        Assert.False(read.Json.GetProperty("subscribed").GetBoolean());
        Assert.False(read.Json.TryGetProperty("myRights", out _));

        Assert.Equal(HttpStatusCode.OK, (await account.Api.Patch(account.Mailbox(id), new { path = "Deep/Was sent" })).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await account.Api.Delete(account.Mailbox(id))).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await account.Api.Delete(account.Mailbox(id) + "?force=true")).Status);

        string[] never = ["RETURN", "SPECIAL-USE", "XLIST", "MYRIGHTS", "UNSELECT", "HIGHESTMODSEQ", "MAILBOXID", "(SUBSCRIBED)"];
        Assert.DoesNotContain(tap.Lines.Entries, line => line.FromClient && never.Any(word => line.Text.Contains(word, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(DovecotProfile.Full)]
    [InlineData(DovecotProfile.Plain)]
    public async Task A_server_that_keeps_everything_below_the_inbox(DovecotProfile profile)
    {
        await using var dovecot = await DovecotServer.Start(Below with { Profile = profile });
        await using var world = await World.With(dovecot);
        var account = await world.AddAccount();
        var named = await Created(account, new { name = "Work" });
        Assert.Equal(("INBOX.Work", "Work", ".", Text(await At(account, "INBOX"), "id")), (Text(named, "path"), Text(named, "name"), Text(named, "delimiter"), Text(named, "parentId")));
        Assert.Equal("INBOX.Work.2026-Q1", Text(await Created(account, new { name = "2026-Q1", parentId = Text(named, "id") }), "path"));
        Assert.Equal(HttpStatusCode.BadRequest, (await account.Api.Post(account.Mailboxes, new { name = "a.b" })).Status);
        await Created(account, new { name = "Gesendet" });
        await Created(account, new { path = "INBOX.Work.Sent" });
        Assert.Equal("archive=INBOX.Archive drafts=INBOX.Drafts inbox=INBOX junk=INBOX.Junk sent=INBOX.Sent trash=INBOX.Trash", await Roles(account));
        await world.Deliver("hello");
        Assert.Equal((1, true), await At(account, "INBOX") is var inbox ? (inbox.GetProperty("total").GetInt32(), inbox.GetProperty("selectable").GetBoolean()) : default);

        var moved = await account.Api.Patch(account.Mailbox(Text(named, "id")!), new { name = "Play" });
        Assert.Equal("INBOX.Play", Text(moved.Json, "path"));
        Assert.NotNull(Text(await At(account, "INBOX.Play.2026-Q1"), "parentId"));
        var top = await account.Api.Patch(account.Mailbox(Text(await At(account, "INBOX.Play.2026-Q1"), "id")!), new { parentId = (string?)null });
        Assert.Equal("INBOX.2026-Q1", Text(top.Json, "path"));
    }

    [Fact]
    public async Task Ids_survive_a_rename_while_the_gateway_was_away()
    {
        await using var world = await World.OfItsOwn();
        var account = await world.AddAccount();
        var mailbox = Text(await Created(account, new { path = "Before" }), "id")!;
        await world.Deliver("hello", "Before");
        var message = Text(await account.Newest(mailbox), "id");
        await world.Gateway.Stop();
        using (var other = await world.OtherClient())
        {
            await (await other.GetFolderAsync("Before")).RenameAsync(await other.GetFolderAsync(""), "After");
        }

        await world.Gateway.Restart();
        Assert.Equal(message, Text(await account.Newest(mailbox), "id"));
        Assert.Equal(mailbox, Text(await At(account, "After"), "id"));
    }

    [Theory]
    [InlineData("XLIST")]
    [InlineData("SPECIAL-USE")]
    [InlineData("SPECIAL-USE LIST-EXTENDED LIST-STATUS")]
    public async Task What_the_server_says_of_a_mailbox_counts_before_its_name(string capabilities)
    {
        await using var server = ScriptedImapServer.Start(new ScriptedOptions { Capabilities = $"{ScriptedOptions.Modest} {capabilities}" });
        server.AddMailbox("Sent");
        server.AddMailbox("Ausgang", @"\Sent");
        server.AddMailbox("Kram", capabilities == "XLIST" ? @"\Spam" : @"\Junk");
        server.AddMailbox("Spam");
        var (world, account) = await At(server);
        await using var _ = world;
        Assert.Equal("inbox=INBOX junk=Kram sent=Ausgang", await Roles(account));
    }

    [Fact]
    public async Task A_mailboxid_keeps_the_id_of_a_mailbox_that_nobody_has_read_and_that_is_empty()
    {
        await using var server = ScriptedImapServer.Start(new ScriptedOptions { Capabilities = $"{ScriptedOptions.Modest} OBJECTID" });
        server.AddMailbox("Box");
        var (world, account) = await At(server);
        await using var _ = world;
        var id = Text(await At(account, "Box"), "id");
        using (var other = new MailKit.Net.Imap.ImapClient())
        {
            await other.ConnectAsync(ScriptedImapServer.Host, server.Port, MailKit.Security.SecureSocketOptions.None);
            await other.AuthenticateAsync("anna", "pass");
            var root = await other.GetFolderAsync("");
            await (await other.GetFolderAsync("Box")).RenameAsync(root, "Elsewhere");
            await root.CreateAsync("Box", true);
        }

        Assert.Equal(id, Text(await At(account, "Elsewhere"), "id"));
        Assert.NotEqual(id, Text(await At(account, "Box"), "id"));
    }

    [Fact]
    public async Task A_server_without_hierarchy_with_attributes_in_lower_case_and_counters_it_will_not_tell()
    {
        await using var server = ScriptedImapServer.Start();
        server.AddMailbox("Sent", null);
        server.AddMailbox("Locked", null);
        server.AddMailbox("Shelf", null, @"\noselect");
        server.On("LIST", (session, command, _) =>
        {
            foreach (var (name, attributes) in new[] { ("inbox", ""), ("Sent", @"\hasnochildren"), ("Locked", ""), ("Shelf", @"\noselect") }.Where(one => command[1] is "*" || command[1].Equals(one.Item1, StringComparison.OrdinalIgnoreCase)))
            {
                session.Say($"* LIST ({attributes}) NIL {name}");
            }

            session.Say(command[1].Length == 0 ? "* LIST (\\Noselect) NIL \"\"" : "* OK more");
            session.Say($"{command.Tag} OK done");
            return Task.CompletedTask;
        });
        server.On("NAMESPACE", (session, command, _) =>
        {
            session.Say("* NAMESPACE ((\"\" NIL)) NIL NIL");
            session.Say($"{command.Tag} OK done");
            return Task.CompletedTask;
        });
        server.On("STATUS", (session, command, proceed) =>
        {
            if (command[0] != "Locked")
            {
                return proceed();
            }

            session.Say($"{command.Tag} NO [NOPERM] not yours");
            return Task.CompletedTask;
        });
        var (world, account) = await At(server);
        await using var _ = world;
        Assert.Equal("inbox=inbox sent=Sent", await Roles(account));
        Assert.All(await account.Items(account.Mailboxes), mailbox => Assert.Equal((null, null), (Text(mailbox, "delimiter"), Text(mailbox, "parentId"))));
        Assert.Equal((true, JsonValueKind.Null, "account.denied"), await At(account, "Locked") is var locked ? (locked.GetProperty("selectable").GetBoolean(), locked.GetProperty("uidValidity").ValueKind, locked.GetProperty("problem").GetProperty("code").GetString()!) : default);
        Assert.False((await At(account, "Shelf")).GetProperty("selectable").GetBoolean());
        Assert.DoesNotContain(server.Commands.Entries, command => command.Name == "STATUS" && command[0] == "Shelf");
        Assert.Equal(HttpStatusCode.BadRequest, (await account.Api.Post(account.Mailboxes, new { name = "x", parentId = "inbox" })).Status);
        var shelf = await account.Api.Get(account.Messages(Text(await At(account, "Shelf"), "id")!));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, shelf.Status);
    }

    /// <summary>A namespace costs the server a few octets, and the gateway a command in each listing.</summary>
    [Fact]
    public async Task A_server_with_namespaces_without_end_is_not_asked_for_all_of_them()
    {
        await using var server = ScriptedImapServer.Start();
        server.On("NAMESPACE", (session, command, _) =>
        {
            session.Say($"* NAMESPACE ((\"\" \"/\")) ({string.Concat(Enumerable.Range(0, 5 * MailboxListing.MostNamespaces).Select(number => $"(\"Others{number}/\" \"/\")"))}) NIL");
            session.Say($"{command.Tag} OK done");
            return Task.CompletedTask;
        });
        var (world, account) = await At(server);
        await using var _ = world;
        await account.Items(account.Mailboxes);
        // Of all mailboxes, and of those that are subscribed.
        foreach (var command in new[] { "LIST", "LSUB" })
        {
            var asked = server.Commands.Entries.Where(one => one.Name == command && one[1].EndsWith('*')).Select(one => one[1]).Distinct().Count();
            Assert.InRange(asked, 2, MailboxListing.MostNamespaces);
        }
    }

    [Fact]
    public async Task A_mailbox_whose_parent_is_not_listed_has_none()
    {
        await using var server = ScriptedImapServer.Start();
        server.AddMailbox("Lost/Found");
        var (world, account) = await At(server);
        await using var _ = world;
        var found = await At(account, "Lost/Found");
        Assert.Equal((null, "Found"), (Text(found, "parentId"), Text(found, "name")));
        var renamed = await account.Api.Patch(account.Mailbox(Text(found, "id")!), new { name = "Again" });
        Assert.Equal(("Lost/Again", Text(found, "id")), (Text(renamed.Json, "path"), Text(renamed.Json, "id")));
    }

    [Fact]
    public async Task A_server_that_says_no_to_a_missing_mailbox_without_a_code_is_understood()
    {
        await using var server = ScriptedImapServer.Start();
        var box = server.AddMailbox("Box");
        box.Add("hello");
        var (world, account) = await At(server);
        await using var _ = world;
        var id = Text(await At(account, "Box"), "id")!;
        var message = Text(await account.Newest(id), "id");
        server.On("EXAMINE", async (session, command, proceed) =>
        {
            if (command[0] == "Box")
            {
                session.Say($"{command.Tag} NO cannot open that");
                return;
            }

            await proceed();
        });
        using var other = new MailKit.Net.Imap.ImapClient();
        await other.ConnectAsync(ScriptedImapServer.Host, server.Port, MailKit.Security.SecureSocketOptions.None);
        await other.AuthenticateAsync("anna", "pass");
        await (await other.GetFolderAsync("Box")).RenameAsync(await other.GetFolderAsync(""), "Elsewhere");
        Assert.Equal(message, Text(await account.Newest(id), "id"));
        await (await other.GetFolderAsync("Elsewhere")).DeleteAsync();
        server.On("EXAMINE", (session, command, proceed) =>
        {
            session.Say($"{command.Tag} NO cannot open that");
            return Task.CompletedTask;
        });
        Assert.Equal(HttpStatusCode.Gone, (await account.Api.Get(account.Messages(id))).Status);
    }
}
