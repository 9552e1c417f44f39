using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync.Watching;

/// <summary>The mailboxes whose refresh has failed. A mailbox that cannot be read, or that ends its session each time, must not delay the others.</summary>
public sealed class MailboxFaults(TimeProvider time)
{
    /// <summary>The number of failures in a row after which nothing waits for the mailbox. Before that, the connection may have broken by chance.</summary>
    public const int Patience = 3;

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan StorageRetry = TimeSpan.FromSeconds(1);

    private readonly Dictionary<ulong, (int Times, DateTimeOffset NotBefore)> _failed = [];

    public bool MayLook(MailboxState mailbox) => !_failed.TryGetValue(mailbox.Counter, out var failed) || time.GetUtcNow() >= failed.NotBefore;

    /// <summary>
    /// True if it is not known when the mailbox can be refreshed again, so that nothing may wait for it. A refresh that is only postponed is waited for: otherwise the half of a move in it would
    /// be missed, and the message would be reported as removed, and then as a new one.
    /// </summary>
    public bool IsFaulty(MailboxState mailbox) => _failed.TryGetValue(mailbox.Counter, out var failed) && failed.Times >= Patience;

    public void Failed(MailboxState mailbox, Problem problem)
    {
        var times = _failed.GetValueOrDefault(mailbox.Counter).Times;
        if (problem.Code == ErrorCode.Unavailable)
        {
            // The gateway cannot write to its storage; the mailbox is not the cause.
            _failed[mailbox.Counter] = (times, time.GetUtcNow() + StorageRetry);
            return;
        }
        times = problem.Code == ErrorCode.AccountDenied ? Math.Max(times, Patience) + 1 : times + 1;
        // Backoff ends at a minute; a mailbox that has failed ten times is tried less often.
        var wait = times < 10 ? Backoff.After(problem with { Code = ErrorCode.AccountUnavailable }, times, Random.Shared.NextDouble()) : Longest;
        _failed[mailbox.Counter] = (times, time.GetUtcNow() + wait);
    }

    public void Succeeded(MailboxState mailbox) => _failed.Remove(mailbox.Counter);

    /// <summary>Returns the time until the next of them may be tried, or null if there are none.</summary>
    public TimeSpan? RetryIn(IEnumerable<MailboxState> due)
    {
        TimeSpan? next = null;
        foreach (var mailbox in due)
        {
            if (_failed.TryGetValue(mailbox.Counter, out var failed))
            {
                var left = failed.NotBefore - time.GetUtcNow();
                next = next is null || left < next ? left : next;
            }
        }
        return next < TimeSpan.Zero ? TimeSpan.Zero : next;
    }
}
