using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>
/// What is read without asking the mail server: while the changes of a mailbox are heard of, what is known of it is what the feed has told, and what the gateway itself has done is in
/// it. Where nobody listens the server is asked; where it is away, what was last known has to do.
/// </summary>
public sealed partial class AccountMailboxes
{
    /// <summary>A server that takes longer to say what is new, while there is something to show, is as good as away; the look goes on.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private long _loaded;

    /// <summary>What is known of the mailbox may be shown when this returns.</summary>
    /// <returns>Since when it may be out of date; null: it is not.</returns>
    public async Task<DateTimeOffset?> ReadyAsync(MailboxState mailbox, Freshness freshness, CancellationToken cancel)
    {
        if (freshness == Freshness.Known && IsCurrent(mailbox) || freshness == Freshness.AsRead && mailbox is { IsComplete: true, Problem: null })
        {
            return await ShownAsync(cancel);
        }
        return await TryAsync(() => UpToDateAsync(mailbox, cancel), () => freshness == Freshness.Known && mailbox is { IsComplete: true, Problem: null } && _directory.Unmatched(mailbox).Count == 0, () => Since(mailbox.LookedAt, Watch.HeardUntil(mailbox)));
    }

    /// <summary>The same of which mailboxes there are, and of their counters.</summary>
    public Task<DateTimeOffset?> TreeReadyAsync(Freshness freshness, CancellationToken cancel) =>
        freshness == Freshness.Known && IsTreeCurrent || freshness == Freshness.AsRead && _listed ? ShownAsync(cancel) : TryAsync(() => ListAsync(cancel), () => freshness == Freshness.Known && _listed, Since);

    /// <summary>The same of one mailbox and its counters alone.</summary>
    public Task<DateTimeOffset?> CountersReadyAsync(MailboxState mailbox, Freshness freshness, CancellationToken cancel) =>
        freshness == Freshness.Known && (IsTreeCurrent || IsCurrent(mailbox)) ? ShownAsync(cancel) : TryAsync(() => CountAsync(mailbox, cancel), () => freshness == Freshness.Known && _listed, Since);

    /// <summary>Whoever has heard of a change from the feed finds it here.</summary>
    private async Task<DateTimeOffset?> ShownAsync(CancellationToken cancel)
    {
        await _commits.Shown.WaitAsync(cancel);
        return null;
    }

    /// <summary>Until when an answer about these mailboxes holds that is read now, before anything else is awaited; null: that has to be asked each time.</summary>
    public long? HoldsAt(params IEnumerable<MailboxState> mailboxes) => _commits.Shown.IsCompleted && mailboxes.All(mailbox => mailbox.ComparedFrom == 0 && IsCurrent(mailbox)) ? Guard.Now : null;

    /// <summary>The same of an answer about all mailboxes.</summary>
    public long? TreeHoldsAt => IsTreeCurrent ? HoldsAt() : null;

    /// <summary>All that is known of it is what clients have been told.</summary>
    public bool IsCurrent(MailboxState mailbox) => Watch.HeardUntil(mailbox) == IMailboxWatch.Now;

    /// <summary>As clients see them: by the index where it is current, or all there is; else as the server has just counted. Null where nothing is known, or nothing may be read.</summary>
    public MailboxCounters? CountersOf(MailboxState mailbox, bool isStale) =>
        mailbox.Problem is not null ? null
        : mailbox.IsComplete && (isStale || IsCurrent(mailbox)) ? mailbox.Counted
        : mailbox.Listed.Counters is { } counted ? mailbox.Shown(counted)
        : null;

    private bool IsTreeCurrent => Watch.TreeHeardUntil == IMailboxWatch.Now;

    /// <param name="ask">Of the server.</param>
    /// <param name="isKnown">There is something to show, now: what the server has said before it went away may have shown that it is worth nothing.</param>
    /// <param name="since">When it was last heard of.</param>
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

    /// <summary>Refused credentials are no accident: who is locked out of the account is not shown its mail.</summary>
    private static bool IsAway(ErrorCode code) =>
        code is ErrorCode.AccountUnavailable or ErrorCode.AccountTimeout or ErrorCode.AccountBusy or ErrorCode.AccountThrottled or ErrorCode.AccountLimit;

    private DateTimeOffset Since() => Since(_treeListed, Watch.TreeHeardUntil);

    /// <summary>What the gateway has heard before it was started is older than that.</summary>
    private DateTimeOffset Since(long? asked, long? heard) => _pool.Time.GetUtcNow() - _pool.Time.GetElapsedTime(Math.Max(_loaded, Math.Max(asked ?? 0, heard is null or IMailboxWatch.Now ? 0 : heard.Value)));
}
