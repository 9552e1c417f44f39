using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;
using MailKit;

namespace ImapGateway.IntegrationTests.Sync.Watching;

/// <summary>Whatever a server can do, everything that is watched is seen; and the server is asked for nothing it does not offer.</summary>
public sealed class LadderTests(ListeningGateway listening, PollingGateway polling) : IClassFixture<ListeningGateway>, IClassFixture<PollingGateway>
{
    private const string Condstore = "IMAP4rev1 SASL-IR LITERAL+ ENABLE IDLE NAMESPACE UNSELECT LIST-EXTENDED LIST-STATUS CONDSTORE ESEARCH UIDPLUS";

    private static async Task<World> WorldOf(string capabilities, GatewayProcess gateway) =>
        World.With(await DovecotServer.Start(new DovecotOptions { Profile = DovecotProfile.Plain, Capabilities = capabilities }), gateway);

    private static async Task Other(World world, string mailbox, Func<IMailFolder, Task> change)
    {
        using var client = await world.OtherClient();
        var folder = await client.GetFolderAsync(mailbox);
        await folder.OpenAsync(FolderAccess.ReadWrite);
        await change(folder);
        await folder.CloseAsync();
    }

    private static Task Flag(World world, string mailbox, MessageFlags flags) => Other(world, mailbox, folder => folder.StoreAsync(new UniqueId(1), new StoreFlagsRequest(StoreAction.Add, flags)));

    [Theory]
    [InlineData("IdleAndListStatus", Condstore, "NOTIFY")]
    [InlineData("IdleAndStatus", "IMAP4rev1 IDLE CONDSTORE ENABLE UIDPLUS", "NOTIFY", "RETURN")]
    [InlineData("IdleAndStatus", "IMAP4rev1 IDLE", "NOTIFY", "RETURN", "CONDSTORE", "ENABLE")]
    [InlineData("Poll", "IMAP4rev1 LIST-EXTENDED LIST-STATUS", "NOTIFY", "IDLE")]
    [InlineData("Poll", "IMAP4rev1", "NOTIFY", "IDLE", "RETURN", "CONDSTORE", "ENABLE")]
    public async Task New_mail_flags_removals_and_mailboxes_are_seen_everywhere(string rung, string capabilities, params string[] never)
    {
        var world = await WorldOf(capabilities, polling.Process);
        await using var dovecot = world.Dovecot;
        await world.Deliver("one");
        await world.Deliver("one", "Archive");
        await using var watched = await Watched.Start(world);
        await world.Gateway.Output.First(line => line.Contains($"Account {watched.Account.Id} is watched by {rung}", StringComparison.Ordinal));
        foreach (var mailbox in new[] { "INBOX", "Archive" })
        {
            await world.Deliver("two", mailbox);
            await watched.Committed.Becomes("2[] 1[]", mailbox);
            await Flag(world, mailbox, MessageFlags.Seen);
            await watched.Committed.Becomes("2[] 1[$seen]", mailbox);
            await Flag(world, mailbox, MessageFlags.Flagged);
            await watched.Committed.Becomes("2[] 1[$flagged $seen]", mailbox);
            await Other(world, mailbox, async folder =>
            {
                await folder.StoreAsync(new UniqueId(2), new StoreFlagsRequest(StoreAction.Add, MessageFlags.Deleted));
                await folder.ExpungeAsync();
            });
            await watched.Committed.Becomes("1[$flagged $seen]", mailbox);
        }
        using (var client = await world.OtherClient())
        {
            await (await client.GetFolderAsync("Archive")).CreateAsync("New", true);
        }
        await world.Deliver("one", "Archive/New");
        await watched.Committed.Becomes("1[]", "Archive/New");
        // One watches, one reads what fingerprints are made of.
        Assert.InRange(watched.Tap.OpenConnections, 1, 2);
        Assert.DoesNotContain(watched.Tap.Lines.Entries, line => line.FromClient && never.Any(word => line.Text.Contains(word, StringComparison.OrdinalIgnoreCase)));
    }

    [Theory]
    [InlineData(Condstore)]
    [InlineData("IMAP4rev1 IDLE")]
    public async Task The_inbox_is_pushed_without_any_poll(string capabilities)
    {
        var world = await WorldOf(capabilities, listening.Process);
        await using var dovecot = world.Dovecot;
        await world.Deliver("one");
        await using var watched = await Watched.Start(world);
        await world.Deliver("two");
        await watched.Committed.Becomes("2[] 1[]");
        await Flag(world, "INBOX", MessageFlags.Flagged);
        await watched.Committed.Becomes("2[] 1[$flagged]");
        await Other(world, "INBOX", async folder =>
        {
            await folder.StoreAsync(new UniqueId(2), new StoreFlagsRequest(StoreAction.Add, MessageFlags.Deleted));
            await folder.ExpungeAsync();
        });
        await watched.Committed.Becomes("1[$flagged]");
    }

    [Fact]
    public async Task An_inbox_that_is_watched_alone_costs_plain_idle()
    {
        var world = World.With(await SharedServers.Dovecot, polling.Process);
        await world.Deliver("one");
        await using var watched = await Watched.Start(world, "inbox");
        watched.Tap.Lines.Clear();
        await world.Deliver("elsewhere", "Archive");
        await world.Deliver("two");
        await watched.Committed.Becomes("2[] 1[]");
        Assert.Equal("", await watched.Committed.Shown("Archive"));
        var listening = (await watched.Tap.Lines.First(line => line.Command == "IDLE")).Connection;
        Assert.DoesNotContain(watched.Tap.Lines.Entries, line => line.Connection == listening && line.Command is "LIST" or "STATUS" or "NOTIFY");
    }

    [Fact]
    public async Task An_account_that_is_not_watched_has_no_connection_until_it_is()
    {
        var world = World.With(await SharedServers.Dovecot, polling.Process);
        await using var watched = await Watched.Start(world, "none");
        await TestWait.For(() => watched.Tap.OpenConnections == 0);
        await world.Deliver("one");
        Assert.Null(await watched.Committed.Shown());
        (await world.Api.Patch(watched.Account.Path, new { watch = "all" })).Is(System.Net.HttpStatusCode.OK);
        await watched.Committed.Becomes("1[]");
        await watched.Committed.Tells("account.connected", "account.synced");
        (await world.Api.Patch(watched.Account.Path, new { watch = "none" })).Is(System.Net.HttpStatusCode.OK);
        var listening = (await watched.Tap.Lines.First(line => line.Command == "NOTIFY")).Connection;
        await watched.Tap.Lines.First(line => line.Connection == listening && line.Command == "LOGOUT");
    }

    [Fact]
    public async Task Mailboxes_that_others_make_rename_or_delete_are_seen_at_the_next_poll_without_list_status()
    {
        await using var server = ScriptedImapServer.Start(new ScriptedOptions { Capabilities = "IMAP4rev1 IDLE UIDPLUS" });
        var kept = server.AddMailbox("Kept");
        var api = new ApiClient(polling.Process);
        var added = (await api.Post("/v1/accounts", new { email = "anna@example.com", imap = new { host = "127.0.0.1", port = server.Port, security = "none", username = "anna", password = "pass" } })).Is(System.Net.HttpStatusCode.Created);
        var committed = new Committed(polling.Process, added.Text("id"));
        await committed.Becomes("", "Kept");
        await Seen(() => server.AddMailbox("New"), "", "New");
        await Seen(() => server["New"].Rename("Newer"), "", "Newer");
        await Seen(() => server.Delete(server["Newer"]), null, "Newer");

        async Task Seen(Action change, string? shown, string path)
        {
            // Just after a complete listing, with which the next one is farthest away.
            await server.Commands.AtLeast(server.CountOf("LSUB") + 1, command => command.Name == "LSUB");
            var rounds = server.Commands.Count(IsRound);
            change();
            await committed.Becomes(shown, path);
            Assert.InRange(server.Commands.Count(IsRound) - rounds, 0, 4);
        }

        bool IsRound(ScriptedCommand command) => command.Name == "STATUS" && command[0] == kept.Name;
    }
}
