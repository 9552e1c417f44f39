using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>
/// The read operations that do not ask the mail server. While the server reports the changes of a mailbox, its known state is what the feed has reported, and it includes what the gateway
/// itself has done. If no connection receives changes, the server is asked. If the server is away, the last known state is used.
/// </summary>
public sealed class KnownState(MailboxParts parts, AccountTree tree, MailboxRefresh refresh)
{
    /// <summary>The time that a read waits for the server while there is something to show. A slower server counts as away; the refresh continues.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly MailboxDirectory _directory = parts.Directory;
    private readonly MailboxCommits _commits = parts.Commits;
    private readonly ImapPool _pool = parts.Pool;
    private readonly long _loaded = parts.Pool.Time.GetTimestamp();

    /// <summary>Waits until the known state of the mailbox may be shown.</summary>
    /// <returns>The time since which the state may be out of date, or null if it is current.</returns>
    public async Task<DateTimeOffset?> StaleSinceAsync(MailboxState mailbox, Freshness freshness, CancellationToken cancel)
    {
        if (freshness == Freshness.Known && IsCurrent(mailbox) || freshness == Freshness.AsRead && mailbox is { IsComplete: true, Problem: null })
        {
            return await ShownAsync(cancel);
        }
        return await TryAsync(() => refresh.UpToDateAsync(mailbox, cancel), () => freshness == Freshness.Known && mailbox is { IsComplete: true, Problem: null } && _directory.Unmatched(mailbox).Count == 0, () => Since(mailbox.LookedAt, _commits.Watch.HeardUntil(mailbox)));
    }

    /// <summary>Waits until the known list of mailboxes and their counters may be shown.</summary>
    public Task<DateTimeOffset?> TreeStaleSinceAsync(Freshness freshness, CancellationToken cancel) =>
        freshness == Freshness.Known && IsTreeCurrent || freshness == Freshness.AsRead && tree.IsListed ? ShownAsync(cancel) : TryAsync(() => tree.ListAsync(cancel), () => freshness == Freshness.Known && tree.IsListed, Since);

    /// <summary>Waits until one mailbox and its counters may be shown.</summary>
    public Task<DateTimeOffset?> CountersStaleSinceAsync(MailboxState mailbox, Freshness freshness, CancellationToken cancel) =>
        freshness == Freshness.Known && (IsTreeCurrent || IsCurrent(mailbox)) ? ShownAsync(cancel) : TryAsync(() => tree.CountAsync(mailbox, cancel), () => freshness == Freshness.Known && tree.IsListed, Since);

    /// <summary>Waits until memory shows every change that a client may have received from the feed.</summary>
    private async Task<DateTimeOffset?> ShownAsync(CancellationToken cancel)
    {
        await _commits.Shown.WaitAsync(cancel);
        return null;
    }

    /// <summary>Returns how long an answer about these mailboxes is valid if it is read now, before anything else is awaited, or null if it is not cacheable.</summary>
    public long? HoldsAt(params IEnumerable<MailboxState> mailboxes) => _commits.Shown.IsCompleted && mailboxes.All(mailbox => mailbox.ComparedFrom == 0 && IsCurrent(mailbox)) ? parts.Guard.Now : null;

    /// <summary>The time until which an answer about all mailboxes is valid, or null if it is not cacheable.</summary>
    public long? TreeHoldsAt => IsTreeCurrent ? HoldsAt() : null;

    /// <summary>True if everything that is known of the mailbox has been reported to clients.</summary>
    public bool IsCurrent(MailboxState mailbox) => _commits.Watch.HeardUntil(mailbox) == IMailboxWatch.Now;

    /// <summary>Returns the counters for clients: from the index if it is current or there is nothing else, otherwise as the server has just counted. Null if nothing is known or nothing may be read.</summary>
    public MailboxCounters? CountersOf(MailboxState mailbox, bool isStale) =>
        mailbox.Problem is not null ? null
        : mailbox.IsComplete && (isStale || IsCurrent(mailbox)) ? mailbox.Counted
        : mailbox.Listed.Counters is { } counted ? mailbox.Shown(counted)
        : null;

    private bool IsTreeCurrent => _commits.Watch.TreeHeardUntil == IMailboxWatch.Now;

    /// <param name="ask">Asks the server.</param>
    /// <param name="isKnown">True if there is something to show now. What the server has reported before it went away may have shown that the known state is worthless.</param>
    /// <param name="since">Returns the time of the last report from the server.</param>
    private async Task<DateTimeOffset?> TryAsync(Func<Task> ask, Func<bool> isKnown, Func<DateTimeOffset> since)
    {
        var asked = ask();
        try
        {
            await (isKnown() ? asked.WaitAsync(Patience, _pool.Time) : asked);
            return null;
        }
        catch (TimeoutException) when (!asked.IsCompleted)
        {
            if (isKnown())
            {
                return since();
            }
            await asked;
            return null;
        }
        catch (ProblemException e) when (IsAway(e.Code) && isKnown())
        {
            return since();
        }
    }

    /// <summary>True if the server is away. Refused credentials do not count: a client that is locked out of the account must not see its mail.</summary>
    private static bool IsAway(ErrorCode code) =>
        code is ErrorCode.AccountUnavailable or ErrorCode.AccountTimeout or ErrorCode.AccountBusy or ErrorCode.AccountThrottled or ErrorCode.AccountLimit;

    private DateTimeOffset Since() => Since(tree.ListedAt, _commits.Watch.TreeHeardUntil);

    /// <summary>Returns the time since which the state may be out of date. Everything reported before the gateway was started is older than that.</summary>
    private DateTimeOffset Since(long? asked, long? heard) => _pool.Time.GetUtcNow() - _pool.Time.GetElapsedTime(Math.Max(_loaded, Math.Max(asked ?? 0, heard is null or IMailboxWatch.Now ? 0 : heard.Value)));
}
