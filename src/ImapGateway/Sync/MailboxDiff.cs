using ImapGateway.Imap;
using ImapGateway.Index;

namespace ImapGateway.Sync;

/// <summary>The changes that an index needs. New messages have no id yet: an id is minted when the change is written.</summary>
public sealed record MailboxDelta(IReadOnlyList<SeenMessage> Added, IReadOnlyList<IndexRow> Changed, IReadOnlyList<uint> Removed)
{
    public bool IsEmpty => Added.Count == 0 && Changed.Count == 0 && Removed.Count == 0;
}

public static class MailboxDiff
{
    /// <param name="known">The index of the same UIDVALIDITY as <paramref name="seen"/>, or an empty one if it has changed.</param>
    /// <param name="seen">The result of one refresh of the mailbox.</param>
    public static MailboxDelta Compare(MailboxIndex known, MailboxView seen)
    {
        var rows = Settled(seen);
        var added = new List<SeenMessage>(known.Count == 0 ? rows.Count : 0);
        var changed = new List<IndexRow>();
        using var old = known.Find(rows.Select(row => row.Uid)).GetEnumerator();
        var more = old.MoveNext();
        foreach (var row in rows)
        {
            if (!more || old.Current.Uid != row.Uid)
            {
                added.Add(row);
                continue;
            }
            if (!old.Current.Flags.Equals(row.Flags) || row.ModSeq > old.Current.ModSeq)
            {
                changed.Add(old.Current with { Flags = row.Flags, ModSeq = Math.Max(old.Current.ModSeq, row.ModSeq) });
            }
            more = old.MoveNext();
        }
        var removed = seen.AllUids is null
            ? known.Find(seen.Vanished.Distinct().Order()).Select(row => row.Uid).ToList()
            : Missing(known.Uids, seen.AllUids);
        return new MailboxDelta(added, changed, removed);
    }

    /// <summary>Returns the messages by uid: of several reports of a message the last one, and none of a message that was gone before the refresh ended.</summary>
    private static List<SeenMessage> Settled(MailboxView seen)
    {
        var gone = seen.AllUids is null && seen.Vanished.Count > 0 ? seen.Vanished.ToHashSet() : null;
        var settled = new List<SeenMessage>(seen.Rows.Count);
        var at = 0;
        foreach (var row in seen.Rows.OrderBy(row => row.Uid))
        {
            while (at < seen.AllUids?.Count && seen.AllUids[at] < row.Uid)
            {
                at++;
            }
            if (gone?.Contains(row.Uid) == true || (seen.AllUids is { } all && (at == all.Count || all[at] != row.Uid)))
            {
                continue;
            }
            if (settled.Count > 0 && settled[^1].Uid == row.Uid)
            {
                settled.RemoveAt(settled.Count - 1);
            }
            settled.Add(row);
        }
        return settled;
    }

    /// <summary>Returns the uids that are in <paramref name="known"/> and not in <paramref name="all"/>. Both are in ascending order.</summary>
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
