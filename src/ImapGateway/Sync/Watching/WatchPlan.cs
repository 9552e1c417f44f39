using MailKit.Net.Imap;

namespace ImapGateway.Sync.Watching;

/// <summary>How much a server tells by itself, best first.</summary>
public enum WatchRung
{
    /// <summary>NOTIFY (RFC 5465): all mailboxes on one connection.</summary>
    Notify,
    /// <summary>IDLE (RFC 2177) for the inbox; the others by one LIST with STATUS (RFC 5819) now and then.</summary>
    IdleAndListStatus,
    /// <summary>IDLE for the inbox; the others by a STATUS each.</summary>
    IdleAndStatus,
    /// <summary>IDLE for the inbox, and nothing else is watched.</summary>
    Idle,
    /// <summary>Nothing is told: all is asked for.</summary>
    Poll,
}

/// <summary>How an account is watched on one connection.</summary>
public sealed record WatchPlan(WatchRung Rung)
{
    public bool Idles => Rung != WatchRung.Poll;

    /// <summary>There are watched mailboxes whose changes nobody tells.</summary>
    public bool Polls => Rung is not (WatchRung.Notify or WatchRung.Idle);

    /// <summary>By what the server advertises, and by nothing else.</summary>
    public static WatchPlan Choose(ImapCapabilities capabilities, WatchScope scope)
    {
        bool Has(ImapCapabilities wanted) => (capabilities & wanted) == wanted;
        return new WatchPlan(
            !Has(ImapCapabilities.Idle) ? WatchRung.Poll
            : scope == WatchScope.Inbox ? WatchRung.Idle
            // Without HIGHESTMODSEQ a change of flags elsewhere has no number by which it is seen again after a look.
            : Has(ImapCapabilities.Notify | ImapCapabilities.CondStore) ? WatchRung.Notify
            : Has(ImapCapabilities.ListStatus) ? WatchRung.IdleAndListStatus
            : WatchRung.IdleAndStatus);
    }
}
