namespace ImapGateway.Sync;

/// <summary>How long the other half of a move is waited for.</summary>
public sealed class MoveWindow(TimeSpan length, TimeProvider time)
{
    /// <summary>Of what waits for nothing any more.</summary>
    public const long Long = long.MinValue;

    public long Now => time.GetTimestamp();

    public TimeProvider Time => time;

    public TimeSpan Length => length;

    /// <summary>
    /// What was found at this moment or before waits no longer: the window has passed, and every mailbox that is watched has been looked at since, so that its half
    /// would have been seen. Time in which nothing could be seen or written down is no time of the window.
    /// </summary>
    public long Over(IEnumerable<MailboxState> mailboxes, IMailboxWatch watch) =>
        Math.Min(Math.Min(Now, watch.BehindSince) - (long)(length.TotalSeconds * time.TimestampFrequency), LookedAt(mailboxes, watch));

    /// <summary>Every mailbox that is watched has been looked at then or later.</summary>
    public long LookedAt(IEnumerable<MailboxState> mailboxes, IMailboxWatch watch) =>
        mailboxes.Where(mailbox => mailbox.Listed.Selectable && watch.Watches(mailbox)).Select(mailbox => mailbox.LookedAt ?? Long).DefaultIfEmpty(long.MaxValue).Min();

    /// <summary>Until the window of what was found then has passed; not negative.</summary>
    public TimeSpan Left(long since)
    {
        if (since == Long)
        {
            return TimeSpan.Zero;
        }
        var left = length - time.GetElapsedTime(since);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
