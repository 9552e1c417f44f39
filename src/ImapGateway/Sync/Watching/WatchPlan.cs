using MailKit.Net.Imap;

namespace ImapGateway.Sync.Watching;

/// <summary>The methods by which changes are detected, from the most to the fewest that the server reports by itself.</summary>
public enum WatchRung
{
    /// <summary>NOTIFY (RFC 5465): all mailboxes on one connection.</summary>
    Notify,
    /// <summary>IDLE (RFC 2177) for the inbox; one LIST with STATUS (RFC 5819) from time to time for the others.</summary>
    IdleAndListStatus,
    /// <summary>IDLE for the inbox; one STATUS each for the others.</summary>
    IdleAndStatus,
    /// <summary>IDLE for the inbox, and nothing else is watched.</summary>
    Idle,
    /// <summary>The server reports nothing; everything is polled.</summary>
    Poll,
}

/// <summary>The method of watching an account on one connection.</summary>
public sealed record WatchPlan(WatchRung Rung)
{
    public bool Idles => Rung != WatchRung.Poll;

    /// <summary>True if there are watched mailboxes whose changes the server does not report.</summary>
    public bool Polls => Rung is not (WatchRung.Notify or WatchRung.Idle);

    /// <summary>Chooses the method from the capabilities that the server advertises, and from nothing else.</summary>
    public static WatchPlan Choose(ImapCapabilities capabilities, WatchScope scope)
    {
        bool Has(ImapCapabilities wanted) => (capabilities & wanted) == wanted;
        return new WatchPlan(
            !Has(ImapCapabilities.Idle) ? WatchRung.Poll
            : scope == WatchScope.Inbox ? WatchRung.Idle
            // Without HIGHESTMODSEQ, a change of flags in another mailbox has no number that would show it again after a refresh.
            : Has(ImapCapabilities.Notify | ImapCapabilities.CondStore) ? WatchRung.Notify
            : Has(ImapCapabilities.ListStatus) ? WatchRung.IdleAndListStatus
            : WatchRung.IdleAndStatus);
    }
}
