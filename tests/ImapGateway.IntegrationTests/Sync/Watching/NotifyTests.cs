using System.Text;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;
using MailKit;

namespace ImapGateway.IntegrationTests.Sync.Watching;

/// <summary>On a server with NOTIFY everything is seen on one connection, as it happens: the gateway of these tests polls once in an hour.</summary>
public sealed class NotifyTests(ListeningGateway gateway) : IClassFixture<ListeningGateway>, IAsyncLifetime
{
    private World _world = null!;
    private Watched? _watched;

    public async ValueTask InitializeAsync() => _world = World.With(await SharedServers.Dovecot, gateway.Process);

    public ValueTask DisposeAsync() => _watched?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<Committed> Watch(World? world = null)
    {
        _watched = await Watched.Start(world ?? _world);
        await _watched.Tap.WaitFor("IDLE");
        return _watched.Committed;
    }

    private async Task Other(string mailbox, Func<IMailFolder, Task> change)
    {
        using var client = await _world.OtherClient();
        var folder = await client.GetFolderAsync(mailbox);
        await folder.OpenAsync(FolderAccess.ReadWrite);
        await change(folder);
        await folder.CloseAsync();
    }

    [Theory]
    [InlineData("INBOX")]
    [InlineData("Archive")]
    public async Task New_mail_flags_and_removals_are_pushed(string mailbox)
    {
        await _world.Deliver("one", mailbox);
        var committed = await Watch();
        await committed.Becomes("1[]", mailbox);
        await _world.Deliver("two", mailbox);
        await committed.Becomes("2[] 1[]", mailbox);
        await Other(mailbox, folder => folder.StoreAsync(new UniqueId(1), new StoreFlagsRequest(StoreAction.Add, MessageFlags.Flagged)));
        await committed.Becomes("2[] 1[$flagged]", mailbox);
        await Other(mailbox, async folder =>
        {
            await folder.StoreAsync(new UniqueId(2), new StoreFlagsRequest(StoreAction.Add, MessageFlags.Deleted));
            await folder.ExpungeAsync();
        });
        await committed.Becomes("1[$flagged]", mailbox);
        Assert.Equal(1, _watched!.Tap.CountOf("NOTIFY"));
        Assert.Single(_watched.Tap.Lines.Entries.Where(line => line.Command == "IDLE").Select(line => line.Connection).Distinct());
    }

    [Fact]
    public async Task Mail_in_a_mailbox_that_is_made_meanwhile_is_pushed()
    {
        var committed = await Watch();
        using var client = await _world.OtherClient();
        var root = await client.GetFolderAsync("Archive");
        var made = await root.CreateAsync("Later", true);
        await committed.Becomes("", "Archive/Later");
        await _world.Deliver("one", "Archive/Later");
        await committed.Becomes("1[]", "Archive/Later");
        await made!.RenameAsync(root, "Even later");
        await committed.Becomes("1[]", "Archive/Even later");
        await _world.Deliver("two", "Archive/Even later");
        await committed.Becomes("2[] 1[]", "Archive/Even later");
        await made.DeleteAsync();
        await TestWait.For(async () => await committed.Shown("Archive/Even later") is null);
    }

    [Fact]
    public async Task Mail_in_mailboxes_that_others_share_is_pushed()
    {
        await using var dovecot = await DovecotServer.Start(new DovecotOptions { Public = true, Tls = false });
        var world = World.With(dovecot, gateway.Process);
        var owner = World.NewUser();
        using var bob = await dovecot.Client(owner);
        await (await bob.GetFolderAsync("Archive")).AddAccessRightsAsync(world.User, new AccessRights("lrs"));
        await (await bob.GetFolderAsync("Public")).CreateAsync("Notices", true);
        var committed = await Watch(world);
        var message = Encoding.ASCII.GetBytes("Subject: shared\r\n\r\nx\r\n");
        await dovecot.Append(owner, message, "Archive");
        await committed.Becomes("1[]", $"Other Users/{owner}/Archive");
        await dovecot.Append(owner, message, "Public/Notices");
        await committed.Becomes("1[]", "Public/Notices");
    }

    [Fact]
    public async Task Two_arrivals_a_second_delay_nothing()
    {
        var committed = await Watch();
        for (var i = 1; i <= 6; i++)
        {
            await _world.Deliver($"m{i}");
            await committed.Becomes(string.Join(' ', Enumerable.Range(1, i).Reverse().Select(uid => $"{uid}[]")));
        }
    }

    [Fact]
    public async Task A_server_that_gives_up_telling_is_asked_again_and_everything_is_compared()
    {
        await using var server = ScriptedImapServer.Start(new ScriptedOptions { Capabilities = ScriptedOptions.Modest + " NOTIFY CONDSTORE LIST-EXTENDED LIST-STATUS" });
        var archive = server.AddMailbox("Archive");
        server.On("NOTIFY", (session, command, _) => { session.Say($"{command.Tag} OK done"); return Task.CompletedTask; });
        server.On("IDLE", async (session, command, proceed) =>
        {
            if (server.CountOf("IDLE") > 1)
            {
                await proceed();
                return;
            }
            session.Say("+ idling");
            await session.Flush();
            archive.Add("never told");
            session.Say("* OK [NOTIFICATIONOVERFLOW] there is too much to tell");
            await session.Flush();
            Assert.Equal("DONE", await session.ReadLine());
            session.Say($"{command.Tag} OK done");
        });
        var account = await _world.AddAccount(new
        {
            email = _world.User,
            watch = "all",
            imap = new { host = ScriptedImapServer.Host, port = server.Port, security = "none", username = "anna", password = "pass" },
        });
        await new Committed(_world.Gateway, account.Id).Becomes("1[]", "Archive");
        await server.Commands.AtLeast(2, command => command.Name == "NOTIFY");
    }
}
