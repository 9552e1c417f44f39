using ImapGateway.Imap;

namespace ImapGateway.Sync;

/// <summary>What a LIST means for the mailboxes that are known.</summary>
public sealed record MailboxTreeDelta(
    IReadOnlyList<(MailboxState Known, ListedMailbox Seen)> Kept, IReadOnlyList<ListedMailbox> Added, IReadOnlyList<MailboxState> Removed);

public static class MailboxTree
{
    /// <summary>Same path, same mailbox, unless their MAILBOXIDs (RFC 8474) differ; a MAILBOXID that is elsewhere now is a rename.</summary>
    public static MailboxTreeDelta Compare(IReadOnlyCollection<MailboxState> known, IReadOnlyList<ListedMailbox> seen)
    {
        var left = known.ToDictionary(mailbox => mailbox.Path, StringComparer.Ordinal);
        var kept = new List<(MailboxState, ListedMailbox)>();
        var unmatched = new List<ListedMailbox>();
        foreach (var mailbox in seen)
        {
            if (left.TryGetValue(mailbox.Path, out var same) && (same.ObjectId is null || mailbox.ObjectId is null || same.ObjectId == mailbox.ObjectId))
            {
                left.Remove(mailbox.Path);
                kept.Add((same, mailbox));
            }
            else
            {
                unmatched.Add(mailbox);
            }
        }
        var added = new List<ListedMailbox>();
        foreach (var mailbox in unmatched)
        {
            if (mailbox.ObjectId is { } id && left.Values.FirstOrDefault(one => one.ObjectId == id) is { } renamed)
            {
                left.Remove(renamed.Path);
                kept.Add((renamed, mailbox));
            }
            else
            {
                added.Add(mailbox);
            }
        }
        return new MailboxTreeDelta(kept, added, [.. left.Values]);
    }
}
