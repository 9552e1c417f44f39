namespace ImapGateway.Changes;

/// <summary>Makes the row of a change, with the bytes that all its readers will get.</summary>
public static class ChangeRow
{
    /// <param name="epoch">The epoch of the account's counters.</param>
    /// <param name="metadata">The account's metadata as JSON.</param>
    public static ChangeEntity Of(Change change, string incarnation, string account, long epoch, long sequence, DateTimeOffset now, byte[] metadata)
    {
        var (summary, truncated) = change.Message is { } message ? ChangeData.Cut(message) : (null, []);
        return new ChangeEntity
        {
            Epoch = epoch,
            Incarnation = incarnation,
            Sequence = sequence,
            Account = account,
            Type = change.Type,
            Timestamp = now,
            Mailbox = (long)change.At.Mailbox,
            FromMailbox = (long)change.From.Mailbox,
            Role = change.At.Role,
            FromRole = change.From.Role,
            Metadata = metadata,
            Data = ChangeData.Of(change, truncated),
            Message = summary is null ? null : ChangeData.Of(summary),
        };
    }
}
