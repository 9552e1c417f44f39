using ImapGateway.Imap;
using ImapGateway.Sync.Watching;

namespace ImapGateway.Tests.Sync.Watching;

public class WatchNewsTests
{
    private static readonly MailboxCounters Some = new(1, 1, 1, 1, 1);

    [Fact]
    public async Task What_is_heard_ends_the_wait_and_is_taken_once()
    {
        var news = new WatchNews(TimeProvider.System);
        var waiting = news.WaitAsync(Timeout.InfiniteTimeSpan, TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);
        news.HearOf("INBOX", null);
        await waiting;
        await news.WaitAsync(Timeout.InfiniteTimeSpan, TestContext.Current.CancellationToken);
        Assert.Equal(["INBOX"], news.Take().Mailboxes.Keys);
        Assert.True(news.IsEmpty);
        Assert.Empty(news.Take().Mailboxes);
    }

    [Fact]
    public void The_latest_counters_are_those_that_count()
    {
        var news = new WatchNews(TimeProvider.System);
        news.HearOf("A", Some);
        news.HearOf("A", Some with { UidNext = 2 });
        Assert.Equal(2u, news.Take().Mailboxes["A"]!.UidNext);
    }

    [Fact]
    public void Whoever_opens_a_mailbox_knows_what_was_said_before_and_not_what_is_said_after()
    {
        var news = new WatchNews(TimeProvider.System);
        news.HearOf("A", Some);
        news.Forget("A");
        Assert.True(news.IsEmpty);
        news.HearOf("A", null);
        Assert.False(news.IsEmpty);
    }

    [Fact]
    public void What_is_heard_after_a_take_does_not_change_what_was_taken()
    {
        var news = new WatchNews(TimeProvider.System);
        var nothing = news.Take();
        news.HearOf("A", Some);
        Assert.Empty(nothing.Mailboxes);
        var one = news.Take();
        news.HearOf("B", Some);
        Assert.Equal(["A"], one.Mailboxes.Keys);
    }

    [Fact]
    public void All_kinds_of_news_are_told_apart()
    {
        var news = new WatchNews(TimeProvider.System);
        news.HearOfTree();
        Assert.Equal((true, false, false), Kinds(news));
        news.WantAll();
        Assert.Equal((false, true, false), Kinds(news));
        news.HearOfOverflow();
        Assert.Equal((false, false, true), Kinds(news));
        Assert.Equal((false, false, false), Kinds(news));
    }

    private static (bool Tree, bool All, bool Overflowed) Kinds(WatchNews news)
    {
        var taken = news.Take();
        return (taken.Tree, taken.All, taken.Overflowed);
    }
}
