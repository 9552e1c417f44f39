using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Sync;

namespace ImapGateway.Tests.Sync;

public class LookStepTests
{
    private const int Most = LookStep.MostBaseline;

    private static MailboxState Mailbox() => new("incarnation", 1) { Listed = new ListedMailbox("INBOX", "/", true, true, Role.Inbox, null), Role = Role.Inbox };

    private static MailboxView View(int messages, ulong modSeq) => new()
    {
        UidValidity = 1,
        UidNext = (uint)messages + 1,
        HighestModSeq = modSeq,
        Exists = messages,
        Precision = modSeq == 0 ? Precision.Windowed : Precision.Exact,
        Rows = [.. Enumerable.Range(1, messages).Select(uid => new SeenMessage((uint)uid, Flags.None, modSeq))],
        AllUids = [.. Enumerable.Range(1, messages).Select(uid => (uint)uid)],
    };

    [Theory]
    [InlineData(0, 1)]
    [InlineData(Most, 1)]
    [InlineData(Most + 1, 2)]
    [InlineData(5 * Most, 5)]
    public void What_was_there_from_the_start_is_written_in_parts(int messages, int parts)
    {
        var (mailbox, view) = (Mailbox(), View(messages, 7));
        var steps = LookStep.Of(mailbox, MailboxDiff.Compare(mailbox.Server, view), view).ToList();
        Assert.Equal(parts, steps.Count);
        Assert.Equal(Enumerable.Range(1, messages).Select(uid => (uint)uid), steps.SelectMany(step => step.Baseline).Select(seen => seen.Uid));
        Assert.All(steps, step => Assert.InRange(step.Baseline.Count, 0, Most));
        // Until the last one is written the mailbox is not known: after a crash all of it is read again, and nothing of it is news.
        var writes = steps.ConvertAll(step => step.WriteOf(mailbox, view, null));
        Assert.All(writes.SkipLast(1), write => Assert.Equal((0UL, view.UidNext), (write.HighestModSeq, write.BaselineBelow)));
        Assert.Equal((7UL, view.UidNext), (writes[^1].HighestModSeq, writes[^1].BaselineBelow));
    }
}
