using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Sync;
using ImapGateway.Sync.Watching;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.Tests.Sync.Watching;

public class MailboxFaultsTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly MailboxFaults _faults;
    private readonly MailboxState _mailbox = new("abcdefgh", 1) { Listed = new ListedMailbox("m", "/", true, true, null, null), Role = null };

    public MailboxFaultsTests() => _faults = new MailboxFaults(_time);

    [Fact]
    public void Storage_that_cannot_write_says_nothing_of_the_mailbox()
    {
        for (var times = 0; times < 20; times++)
        {
            Fail(ErrorCode.Unavailable);
        }
        Assert.False(_faults.MayLook(_mailbox));
        Assert.False(_faults.IsFaulty(_mailbox));
        Assert.Equal(TimeSpan.FromSeconds(1), _faults.RetryIn([_mailbox]));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_faults.MayLook(_mailbox));
    }

    [Fact]
    public void What_broke_by_chance_is_still_waited_for_and_what_goes_on_breaking_is_not()
    {
        Fail(ErrorCode.AccountUnavailable);
        Fail(ErrorCode.AccountTimeout);
        Assert.False(_faults.IsFaulty(_mailbox));
        Fail(ErrorCode.AccountUnavailable);
        Assert.True(_faults.IsFaulty(_mailbox));
        _faults.Succeeded(_mailbox);
        Assert.False(_faults.IsFaulty(_mailbox));
        Assert.True(_faults.MayLook(_mailbox));
    }

    [Fact]
    public void What_may_not_be_read_is_not_waited_for()
    {
        Fail(ErrorCode.AccountDenied);
        Assert.True(_faults.IsFaulty(_mailbox));
    }

    private void Fail(ErrorCode code) => _faults.Failed(_mailbox, new Problem(code, "It fails."));
}
