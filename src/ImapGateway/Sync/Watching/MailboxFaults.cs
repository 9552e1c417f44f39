using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync.Watching;

/// <summary>Mailboxes that could not be looked at: one that may not be read, or that takes its session along each time, must not keep the others waiting.</summary>
public sealed class MailboxFaults(TimeProvider time)
{
    /// <summary>In a row, before nothing waits for the mailbox any more: the connection may have broken under it by chance.</summary>
    public const int Patience = 3;

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan StorageRetry = TimeSpan.FromSeconds(1);

    private readonly Dictionary<ulong, (int Times, DateTimeOffset NotBefore)> _failed = [];

    public bool MayLook(MailboxState mailbox) => !_failed.TryGetValue(mailbox.Counter, out var failed) || time.GetUtcNow() >= failed.NotBefore;

    /// <summary>
    /// Nobody can say when it will be seen again, so nothing may wait for that. What is only postponed is waited for: otherwise half of a move that lies in it would be missed, and the
    /// message told as removed, and then as a new one.
    /// </summary>
    public bool IsFaulty(MailboxState mailbox) => _failed.TryGetValue(mailbox.Counter, out var failed) && failed.Times >= Patience;

    public void Failed(MailboxState mailbox, Problem problem)
    {
        var times = _failed.GetValueOrDefault(mailbox.Counter).Times;
        if (problem.Code == ErrorCode.Unavailable)
        {
            // It is the gateway that cannot write, not the mailbox that cannot be read.
            _failed[mailbox.Counter] = (times, time.GetUtcNow() + StorageRetry);
            return;
        }
        times = problem.Code == ErrorCode.AccountDenied ? Math.Max(times, Patience) + 1 : times + 1;
        // Backoff ends at a minute; what has failed ten times is not asked for that often.
        var wait = times < 10 ? Backoff.After(problem with { Code = ErrorCode.AccountUnavailable }, times, Random.Shared.NextDouble()) : Longest;
        _failed[mailbox.Counter] = (times, time.GetUtcNow() + wait);
    }

    public void Succeeded(MailboxState mailbox) => _failed.Remove(mailbox.Counter);

    /// <summary>Until the next of them may be tried; null: there are none.</summary>
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
