using ImapGateway.Sync.Watching;
using MailKit.Net.Imap;

namespace ImapGateway.Tests.Sync.Watching;

public class WatchPlanTests
{
    private const ImapCapabilities Dovecot =
        ImapCapabilities.Idle | ImapCapabilities.Notify | ImapCapabilities.CondStore | ImapCapabilities.QuickResync | ImapCapabilities.ListStatus | ImapCapabilities.ListExtended;

    [Theory]
    [InlineData(Dovecot, WatchScope.All, WatchRung.Notify)]
    [InlineData(Dovecot, WatchScope.Inbox, WatchRung.Idle)]
    [InlineData(Dovecot & ~ImapCapabilities.CondStore, WatchScope.All, WatchRung.IdleAndListStatus)]
    [InlineData(Dovecot & ~ImapCapabilities.Notify, WatchScope.All, WatchRung.IdleAndListStatus)]
    [InlineData(ImapCapabilities.Idle | ImapCapabilities.CondStore, WatchScope.All, WatchRung.IdleAndStatus)]
    [InlineData(ImapCapabilities.Idle, WatchScope.Inbox, WatchRung.Idle)]
    [InlineData(Dovecot & ~ImapCapabilities.Idle, WatchScope.All, WatchRung.Poll)]
    [InlineData(ImapCapabilities.IMAP4rev1, WatchScope.Inbox, WatchRung.Poll)]
    public void The_best_that_the_server_advertises_is_chosen(ImapCapabilities capabilities, WatchScope scope, WatchRung rung) =>
        Assert.Equal(rung, WatchPlan.Choose(capabilities, scope).Rung);
}
