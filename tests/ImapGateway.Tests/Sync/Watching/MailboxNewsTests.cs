using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Sync;
using ImapGateway.Sync.Watching;

namespace ImapGateway.Tests.Sync.Watching;

public class MailboxNewsTests
{
    /// <summary>Three messages, the second one read.</summary>
    private static MailboxState Known(Precision precision = Precision.Exact) => new("abcdefgh", 1)
    {
        Listed = new ListedMailbox("INBOX", "/", true, true, Role.Inbox, null),
        Role = Role.Inbox,
        UidValidity = 7,
        UidNext = 4,
        HighestModSeq = precision == Precision.Exact ? 10u : 0,
        Precision = precision,
        Index = MailboxIndex.Empty.Apply([new IndexRow(1, 1, Flags.None, 1), new IndexRow(2, 2, Flags.Of(Flags.Seen), 1), new IndexRow(3, 3, Flags.None, 1)], []).Index,
    };

    [Theory]
    [InlineData(3, 2, 7, 4, 10, false)]
    [InlineData(3, 1, 7, 4, 11, true)]
    [InlineData(4, 3, 7, 5, 10, true)]
    [InlineData(2, 2, 7, 4, 10, true)]
    [InlineData(3, 2, 7, 5, 10, true)]
    [InlineData(3, 2, 8, 4, 10, true)]
    // What the server has not told says nothing.
    [InlineData(3, 2, 0, 0, 0, false)]
    // Where there are modSeqs they tell of flags; counts of unread ones may be older.
    [InlineData(3, 1, 7, 4, 10, false)]
    public void Numbers_that_differ_are_news(long total, long unseen, uint uidValidity, uint uidNext, ulong modSeq, bool news) =>
        Assert.Equal(news, MailboxNews.Differs(Known(), new MailboxCounters(total, unseen, uidValidity, uidNext, modSeq)));

    [Theory]
    [InlineData(3, 2, 0, false)]
    [InlineData(3, 1, 0, true)]
    [InlineData(3, 2, 99, false)]
    [InlineData(4, 2, 0, true)]
    public void Without_modseqs_the_unread_ones_tell_of_flags(long total, long unseen, ulong modSeq, bool news) =>
        Assert.Equal(news, MailboxNews.Differs(Known(Precision.Windowed), new MailboxCounters(total, unseen, 7, 4, modSeq)));

    [Theory]
    [InlineData(0, 8, 1, 10, false)]
    [InlineData(0, 8, 1, 11, true)]
    [InlineData(1, 8, 2, 10, true)]
    public void Uids_of_an_empty_mailbox_say_nothing_until_it_has_a_message(long total, uint uidValidity, uint uidNext, ulong modSeq, bool news)
    {
        var empty = Known();
        (empty.Index, empty.UidNext) = (MailboxIndex.Empty, 1);
        Assert.Equal(news, MailboxNews.Differs(empty, new MailboxCounters(total, 0, uidValidity, uidNext, modSeq)));
    }

    [Fact]
    public void What_was_never_indexed_to_its_end_is_always_news()
    {
        var (never, half) = (Known(), Known());
        never.UidValidity = 0;
        half.HighestModSeq = 0;
        Assert.True(MailboxNews.Differs(never, new MailboxCounters(3, 2, 7, 4, 10)));
        Assert.True(MailboxNews.Differs(half, new MailboxCounters(3, 2, 7, 4, 10)));
    }
}
