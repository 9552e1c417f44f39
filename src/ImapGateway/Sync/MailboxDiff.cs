using ImapGateway.Imap;
using ImapGateway.Index;

namespace ImapGateway.Sync;

/// <summary>What has to change in an index. New messages have no id yet: they are minted when the change is written.</summary>
public sealed record MailboxDelta(IReadOnlyList<SeenMessage> Added, IReadOnlyList<IndexRow> Changed, IReadOnlyList<uint> Removed)
{
    public bool IsEmpty => Added.Count == 0 && Changed.Count == 0 && Removed.Count == 0;
}

public static class MailboxDiff
{
    /// <param name="known">The index of the same uidValidity as <paramref name="seen"/>; an empty one where that has changed.</param>
    /// <param name="seen">One look at the mailbox.</param>
    public static MailboxDelta Compare(MailboxIndex known, MailboxView seen)
    {
        var added = new List<SeenMessage>();
        var changed = new List<IndexRow>();
        foreach (var row in seen.Rows)
        {
            if (!known.TryGetByUid(row.Uid, out var old))
            {
                added.Add(row);
            }
            else if (!old.Flags.Equals(row.Flags) || row.ModSeq > old.ModSeq)
            {
                changed.Add(old with { Flags = row.Flags, ModSeq = Math.Max(old.ModSeq, row.ModSeq) });
            }
        }
        var removed = seen.AllUids is null
            ? seen.Vanished.Where(uid => known.TryGetByUid(uid, out _)).Distinct().ToList()
            : Missing(known.Uids, seen.AllUids);
        if (removed.Count > 0)
        {
            var gone = removed.ToHashSet();
            changed.RemoveAll(row => gone.Contains(row.Uid));
        }
        added.Sort((a, b) => a.Uid.CompareTo(b.Uid));
        return new MailboxDelta(added, changed, removed);
    }

    /// <summary>What is in <paramref name="known"/> and not in <paramref name="all"/>; both ascend.</summary>
    private static List<uint> Missing(IEnumerable<uint> known, IReadOnlyList<uint> all)
    {
        var missing = new List<uint>();
        var next = 0;
        foreach (var uid in known)
        {
            while (next < all.Count && all[next] < uid)
            {
                next++;
            }
            if (next == all.Count || all[next] != uid)
            {
                missing.Add(uid);
            }
        }
        return missing;
    }
}
