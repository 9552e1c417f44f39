using ImapGateway.IntegrationTests.Servers;
using MailKit;

namespace ImapGateway.IntegrationTests.Sync.Watching;

/// <summary>On a server with NOTIFY everything is seen on one connection, as it happens: the gateway of these tests polls once in an hour.</summary>
public sealed class NotifyTests : IAsyncLifetime
{
    private World _world = null!;
    private TapProxy _tap = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await World.OfItsOwn(settings: [("Watch:PollInterval", "1h")]);
        _tap = TapProxy.Start(_world.Dovecot.Port);
    }

    public async ValueTask DisposeAsync()
    {
        await _tap.DisposeAsync();
        await _world.DisposeAsync();
    }

    private async Task<Committed> Watched()
    {
        var account = await _world.AddAccount(_tap.Port, watch: "all");
        var committed = new Committed(_world.Gateway, account.Id);
        await TestWait.For(async () => (await _world.Api.Get(account.Path)).Text("state") == "connected");
        await _tap.WaitFor("IDLE");
        return committed;
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
        var committed = await Watched();
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
        Assert.Equal(1, _tap.OpenConnections);
        Assert.Equal(1, _tap.CountOf("NOTIFY"));
    }

    [Fact]
    public async Task Mail_in_a_mailbox_that_is_made_meanwhile_is_pushed()
    {
        var committed = await Watched();
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
    public async Task Two_arrivals_a_second_delay_nothing()
    {
        var committed = await Watched();
        for (var i = 1; i <= 6; i++)
        {
            await _world.Deliver($"m{i}");
            await committed.Becomes(string.Join(' ', Enumerable.Range(1, i).Reverse().Select(uid => $"{uid}[]")));
        }
    }

    [Fact]
    public async Task The_first_connect_and_the_first_index_are_told_once_and_not_again_after_a_restart()
    {
        var committed = await Watched();
        await committed.Tells("account.connected", "account.synced");
        await _world.Deliver("while it is away");
        await _world.Gateway.Stop();
        await _world.Deliver("while it is away, too", "Sent");
        await _world.Gateway.Resume();
        await committed.Becomes("1[]");
        await committed.Becomes("1[]", "Sent");
        Assert.Equal(["account.connected", "account.synced"], await committed.Told());
    }
}
