using ImapGateway.Imap;
using ImapGateway.Sync;
using ImapGateway.Sync.Watching;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.Tests.Sync.Watching;

public class DueMailboxesTests
{
    private static MailboxState Mailbox(ulong counter) => new("abcdefgh", counter) { Listed = new ListedMailbox($"m{counter}", "/", true, true, null, null), Role = null };

    [Fact]
    public void Each_is_given_once_in_order_and_the_first_before_all_others()
    {
        var due = new DueMailboxes(TimeProvider.System);
        var (one, two, inbox) = (Mailbox(1), Mailbox(2), Mailbox(3));
        foreach (var mailbox in new[] { one, two, one, inbox, two })
        {
            due.Add(mailbox);
        }
        Assert.Equal([inbox, one, two, null], Enumerable.Range(0, 4).Select(_ => due.Take(inbox, _ => true)));
    }

    [Fact]
    public void What_may_not_be_looked_at_yet_waits_and_keeps_nobody_waiting()
    {
        var due = new DueMailboxes(TimeProvider.System);
        var (faulty, good) = (Mailbox(1), Mailbox(2));
        due.Add(faulty);
        due.Add(good);
        Assert.Same(good, due.Take(faulty, mailbox => mailbox != faulty));
        Assert.Null(due.Take(null, mailbox => mailbox != faulty));
        Assert.Equal([faulty], due.All);
        Assert.Same(faulty, due.Take(null, _ => true));
    }

    [Fact]
    public void One_that_was_removed_and_added_again_is_given_once()
    {
        var due = new DueMailboxes(TimeProvider.System);
        var one = Mailbox(1);
        due.Add(one);
        due.Begin(one);
        due.Add(one);
        Assert.Same(one, due.Take(null, _ => true));
        Assert.Null(due.Take(null, _ => true));
    }

    [Fact]
    public void One_that_cannot_be_looked_at_is_behind_since_it_was_first_due()
    {
        var time = new FakeTimeProvider();
        var due = new DueMailboxes(time);
        var (one, two) = (Mailbox(1), Mailbox(2));
        long Tick()
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return time.GetTimestamp();
        }
        Assert.Equal(IMailboxWatch.Now, due.Since(_ => true));
        var first = Tick();
        due.Add(one);
        Tick();
        due.Begin(due.Take(null, _ => true)!);
        due.Add(one);
        Assert.Equal(first, due.Since(_ => true));
        var second = Tick();
        due.Begin(due.Take(null, _ => true)!);
        due.Add(two);
        // Heard while it was looked at: the look may have come too early for it.
        due.Add(one);
        due.End(one, second);
        Assert.Equal(second, due.Since(_ => true));
        due.Begin(due.Take(one, _ => true)!);
        due.End(one, Tick());
        Assert.Equal(second, due.Since(_ => true));
        Assert.Equal(IMailboxWatch.Now, due.Since(mailbox => mailbox != two));
        due.Forget(two);
        Assert.Equal(IMailboxWatch.Now, due.Since(_ => true));
    }
}
