namespace ImapGateway.Sync;

/// <summary>The time that the gateway waits for the other half of a move.</summary>
public sealed class MoveWindow(TimeSpan length, TimeProvider time)
{
    /// <summary>The time stamp of a message that does not wait any longer.</summary>
    public const long Long = long.MinValue;

    public long Now => time.GetTimestamp();

    public TimeProvider Time => time;

    public TimeSpan Length => length;

    /// <summary>
    /// Returns the moment up to which found messages no longer wait: the window has passed, and every watched mailbox has been refreshed since, so that the other half
    /// would have been seen. Time in which nothing could be seen or written does not count.
    /// </summary>
    public long Over(IEnumerable<MailboxState> mailboxes, IMailboxWatch watch) =>
        Math.Min(Math.Min(Now, watch.BehindSince) - (long)(length.TotalSeconds * time.TimestampFrequency), LookedAt(mailboxes, watch));

    /// <summary>Returns the earliest last refresh of all watched mailboxes: each has been refreshed then or later.</summary>
    public long LookedAt(IEnumerable<MailboxState> mailboxes, IMailboxWatch watch) =>
        mailboxes.Where(mailbox => mailbox.Listed.Selectable && watch.Watches(mailbox)).Select(mailbox => mailbox.LookedAt ?? Long).DefaultIfEmpty(long.MaxValue).Min();

    /// <summary>Returns the time until the window of what was found then has passed. It is not negative.</summary>
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
