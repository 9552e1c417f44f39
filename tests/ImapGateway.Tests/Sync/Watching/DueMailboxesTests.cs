using ImapGateway.Imap;
using ImapGateway.Sync;
using ImapGateway.Sync.Watching;

namespace ImapGateway.Tests.Sync.Watching;

public class DueMailboxesTests
{
    private static MailboxState Mailbox(ulong counter) => new("abcdefgh", counter) { Listed = new ListedMailbox($"m{counter}", "/", true, true, null, null), Role = null };

    [Fact]
    public void Each_is_given_once_in_order_and_the_first_before_all_others()
    {
        var due = new DueMailboxes();
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
        var due = new DueMailboxes();
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
        var due = new DueMailboxes();
        var one = Mailbox(1);
        due.Add(one);
        due.Remove(one);
        due.Add(one);
        Assert.Same(one, due.Take(null, _ => true));
        Assert.Null(due.Take(null, _ => true));
    }
}
