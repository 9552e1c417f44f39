using ImapGateway.Imap;
using ImapGateway.Sync;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.Tests.Sync;

public class MoveWindowTests
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(2);

    private readonly FakeTimeProvider _time = new();
    private readonly MoveWindow _window;
    private readonly MailboxState _mailbox = new("abcdefgh", 1) { Listed = new ListedMailbox("m", "/", true, true, null, null), Role = null };
    private readonly Watching _watch = new();

    public MoveWindowTests() => _window = new MoveWindow(Length, _time);

    private sealed class Watching : IMailboxWatch
    {
        public bool Watches(MailboxState mailbox) => true;

        public void LookAtAll()
        {
        }

        public long? HeardUntil(MailboxState mailbox) => null;

        public long? TreeHeardUntil => null;

        public long BehindSince { get; set; } = IMailboxWatch.Now;
    }

    private bool IsOver(long since) => since <= _window.Over([_mailbox], _watch);

    [Fact]
    public void It_ends_when_its_time_has_passed_and_every_mailbox_was_looked_at_since()
    {
        var since = _window.Now;
        _mailbox.LookedAt = since;
        Assert.False(IsOver(since));
        _time.Advance(Length);
        Assert.True(IsOver(since));
        _mailbox.LookedAt = since - 1;
        Assert.False(IsOver(since));
        _mailbox.LookedAt = null;
        Assert.False(IsOver(since));
    }

    [Fact]
    public void Time_in_which_nothing_could_be_seen_is_no_time_of_it()
    {
        var since = _window.Now;
        _mailbox.LookedAt = since;
        _time.Advance(TimeSpan.FromSeconds(1));
        _watch.BehindSince = _window.Now;
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(IsOver(since));
        _watch.BehindSince = IMailboxWatch.Now;
        Assert.True(IsOver(since));
    }
}
