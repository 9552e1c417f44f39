using ImapGateway.Accounts;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.Mail;
using ImapGateway.Messages;
using ImapGateway.Sync;
using Code = ImapGateway.Mail.ErrorCode;

namespace ImapGateway.IntegrationTests.Sync;

/// <summary>Requests of one account that meet in the middle of each other.</summary>
public class InterleavingTests
{
    private static readonly MailboxRef Inbox = MailboxRef.Parse("inbox");
    private static readonly MailboxRef Archive = MailboxRef.Parse("archive");
    private static readonly MailboxRef Trash = MailboxRef.Parse("trash");

    private static async Task<(Owners Owners, AccountContext Account, IReadOnlyList<Message> Messages)> Start(params string[] subjects)
    {
        var owners = await Owners.Start();
        owners.Server.AddMailbox("Archive");
        owners.Server.AddMailbox("Trash");
        foreach (var subject in subjects)
        {
            owners.Server.Inbox.Add(subject);
        }
        var account = await owners.Claim();
        return (owners, account, (await owners.Run(account, List(Inbox))).Items);
    }

    private static ListMessages List(MailboxRef mailbox) => new(mailbox, new MessageFilter(), 50, null);

    private static StoreFlags Flag(string id) => new(id, [Flags.Flagged], [], default);

    private static string Stored(ScriptedMailbox mailbox) => string.Join(' ', mailbox.Messages.Select(message => $"{message.Uid}[{string.Join(' ', message.Flags)}]"));

    [Fact]
    public async Task Flags_for_a_message_that_is_moved_while_they_wait_reach_it_where_it_is_now()
    {
        var (owners, account, messages) = await Start("one", "two");
        await using var _ = owners;
        var (reached, release) = owners.Hold("UID MOVE");
        var move = owners.Run(account, new MoveMessage(messages[0].Id, Archive));
        await TestWait.For(reached);
        var flags = owners.Run(account, Flag(messages[0].Id));
        await owners.Begun();
        release.SetResult();
        await move;
        var flagged = await flags;
        Assert.Equal((1u, messages[0].Id), (flagged.Uid, flagged.Id));
        // "one" has the uid there that "two" has now.
        Assert.Equal(("1[]", @"1[\Flagged]"), (Stored(owners.Server.Inbox), Stored(owners.Server["Archive"])));
    }

    /// <summary>As servers tell of one that has gone: nothing but flags, or Dovecot's answer of nothing.</summary>
    [Theory]
    [InlineData(@"FLAGS (\Seen)")]
    [InlineData("""INTERNALDATE "01-Jan-1970 00:00:00 +0000" RFC822.SIZE 0 ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) BODYSTRUCTURE ("TEXT" "PLAIN" ("charset" "us-ascii") NIL NIL "7BIT" 0 0 NIL NIL NIL NIL)""")]
    public async Task A_message_that_is_gone_before_its_headers_are_read_is_no_message_without_headers(string told)
    {
        var (owners, account, _) = await Start("one");
        await using var owner = owners;
        var two = owners.Server.Inbox.Add("two");
        owners.Server.On("UID FETCH", async (session, command, proceed) =>
        {
            if (command.ToString().Contains("BODYSTRUCTURE", StringComparison.Ordinal))
            {
                owners.Server.Inbox.Remove(two);
                session.Say($"* 2 FETCH (UID 2 {told})");
                session.Say($"{command.Tag} OK Fetched.");
                return;
            }
            await proceed();
        });
        Assert.Equal(["one"], (await owners.Run(account, List(Inbox))).Items.Select(message => message.Subject));
        Assert.DoesNotContain(await owners.Told(account), change => change.StartsWith("message.added", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_message_that_is_moved_while_its_expunge_waits_is_expunged_where_it_is_now()
    {
        var (owners, account, messages) = await Start("one", "two");
        await using var _ = owners;
        var (reached, release) = owners.Hold("UID MOVE");
        var move = owners.Run(account, new MoveMessage(messages[0].Id, Archive));
        await TestWait.For(reached);
        var expunge = owners.Run(account, new DeleteMessage(messages[0].Id, Permanent: true));
        await owners.Begun();
        release.SetResult();
        await move;
        Assert.True(await expunge);
        Assert.Equal(("1[]", ""), (Stored(owners.Server.Inbox), Stored(owners.Server["Archive"])));
    }

    [Fact]
    public async Task Two_moves_of_one_message_follow_each_other()
    {
        var (owners, account, messages) = await Start("one", "two", "three");
        await using var _ = owners;
        var (reached, release) = owners.Hold("UID MOVE");
        var moves = new List<Task<Message>> { owners.Run(account, new MoveMessage(messages[1].Id, Archive)) };
        await TestWait.For(reached);
        moves.Add(owners.Run(account, new MoveMessage(messages[1].Id, Trash)));
        moves.Add(owners.Run(account, new MoveMessage(messages[1].Id, Inbox)));
        moves.Add(owners.Run(account, new MoveMessage(messages[2].Id, Trash)));
        await owners.Begun();
        release.SetResult();
        await Task.WhenAll(moves);
        Assert.Equal(3, owners.Server.Inbox.Messages.Count + owners.Server["Archive"].Messages.Count + owners.Server["Trash"].Messages.Count);
        var ids = new List<string>();
        foreach (var mailbox in new[] { Inbox, Archive, Trash })
        {
            ids.AddRange((await owners.Run(account, List(mailbox))).Items.Select(message => $"{message.Id} {message.Subject}"));
        }
        Assert.Equal(messages.Select(message => $"{message.Id} {message.Subject}").Order(), ids.Order());
    }

    [Fact]
    public async Task Lists_of_both_mailboxes_during_a_move_show_the_message_once()
    {
        var (owners, account, messages) = await Start("one", "two");
        await using var _ = owners;
        await owners.Run(account, List(Archive));
        var (reached, release) = owners.Hold("UID MOVE");
        var move = owners.Run(account, new MoveMessage(messages[0].Id, Archive));
        await TestWait.For(reached);
        var lists = new[] { owners.Run(account, List(Inbox)), owners.Run(account, List(Archive)) };
        await owners.Begun();
        release.SetResult();
        var shown = await Task.WhenAll(lists);
        await move;
        Assert.Equal([messages[1].Id], shown[0].Items.Select(message => message.Id));
        Assert.Equal([messages[0].Id], shown[1].Items.Select(message => message.Id));
    }

    [Fact]
    public async Task Lists_at_once_share_looks_and_each_shows_what_came_before_it()
    {
        var (owners, account, _) = await Start("one");
        await using var owned = owners;
        await owners.Fingerprinted(account);
        var before = owners.Server.CountOf("EXAMINE");
        var (reached, release) = owners.Hold("EXAMINE");
        var first = owners.Run(account, List(Inbox));
        await TestWait.For(reached);
        // Too late for the look that is under way.
        owners.Server.Inbox.Add("two");
        var others = Enumerable.Range(0, 20).Select(_ => owners.Run(account, List(Inbox))).ToList();
        await owners.Begun();
        release.SetResult();
        Assert.InRange((await first).Items.Length, 1, 2);
        Assert.All(await Task.WhenAll(others), page => Assert.Equal(["two", "one"], page.Items.Select(message => message.Subject)));
        Assert.Equal(before + 2, owners.Server.CountOf("EXAMINE"));
    }

    [Fact]
    public async Task A_mailbox_renamed_elsewhere_between_look_and_page_is_followed()
    {
        var (owners, account, _) = await Start();
        await using var owned = owners;
        var work = owners.Server.AddMailbox("Work");
        work.Add("one");
        var mailbox = MailboxRef.Parse((await owners.Run(async () => (await account.Mailboxes.Tree.ListAsync(CancellationToken.None)).Single(one => one.Path == "Work"))).Id);
        var renamed = 0;
        owners.Server.On("UID FETCH", async (session, command, proceed) =>
        {
            if (Interlocked.Exchange(ref renamed, 1) == 0)
            {
                work.Rename("Play");
                session.Reset();
                return;
            }
            await proceed();
        });
        Assert.Equal(["one"], (await owners.Run(account, List(mailbox))).Items.Select(message => message.Subject));
        Assert.Equal("Play", account.Mailboxes.All.Single(one => one.Id == mailbox.Id).Path);
    }

    [Fact]
    public async Task A_delete_of_the_mailbox_during_a_list_says_that_it_is_gone()
    {
        var (owners, account, _) = await Start();
        await using var owned = owners;
        owners.Server.AddMailbox("Work").Add("one");
        var mailbox = MailboxRef.Parse((await owners.Run(async () => (await account.Mailboxes.Tree.ListAsync(CancellationToken.None)).Single(one => one.Path == "Work"))).Id);
        var (reached, release) = owners.Hold("EXAMINE");
        var list = owners.Run(account, List(mailbox));
        await TestWait.For(reached);
        var delete = owners.Run(account, new ImapGateway.Mailboxes.DeleteMailbox(mailbox, Force: true));
        await owners.Begun();
        var second = owners.Run(account, List(mailbox));
        await owners.Begun();
        release.SetResult();
        Assert.True(await delete);
        Assert.Equal(Code.Gone, (await Assert.ThrowsAsync<ProblemException>(() => second)).Code);
        if (await Record.ExceptionAsync(() => list) is { } refused)
        {
            Assert.Equal(Code.Gone, Assert.IsType<ProblemException>(refused).Code);
        }
    }
}
