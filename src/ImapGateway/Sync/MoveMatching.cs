using ImapGateway.Index;

namespace ImapGateway.Sync;

/// <summary>The place of a message: the counter of its mailbox's id, and its uid there.</summary>
public readonly record struct MessagePlace(ulong Mailbox, uint Uid);

/// <summary>A message that is gone from its place and may be at another one.</summary>
/// <param name="Waits">True if a new message may still be found that is this one.</param>
public readonly record struct LeavingMessage(MessagePlace Place, ulong Fingerprint, bool Waits);

/// <summary>A message that is new at its place and may have been at another one.</summary>
/// <param name="Waits">True if a message may still be found gone that was this one.</param>
public readonly record struct ArrivingMessage(MessagePlace Place, ulong Fingerprint, bool Waits);

/// <summary>The decisions that are certain now. A message that is in none of the lists waits.</summary>
public sealed record MoveDecisions(
    IReadOnlyList<(LeavingMessage From, ArrivingMessage To)> Moved, IReadOnlyList<LeavingMessage> Removed, IReadOnlyList<ArrivingMessage> Added);

/// <summary>
/// Distinguishes moves from copies, arrivals and removals. A move has two halves in any order: a message is gone, and one with the same fingerprint is new. A copy is
/// a new message while the other one still exists. A message that no other message can complete does not wait.
/// </summary>
public static class MoveMatching
{
    /// <param name="leaving">All messages of the account whose fate is not known.</param>
    /// <param name="arriving">All messages of the account that were reported to no client.</param>
    /// <param name="present">The mailboxes, by fingerprint, that have a message which is not leaving.</param>
    /// <param name="receivedAt">Returns when a message was received, if that is known. It distinguishes messages of one fingerprint.</param>
    public static MoveDecisions Decide(
        IReadOnlyCollection<LeavingMessage> leaving,
        IReadOnlyCollection<ArrivingMessage> arriving,
        ILookup<ulong, ulong> present,
        Func<MessagePlace, DateTimeOffset?> receivedAt)
    {
        var moved = new List<(LeavingMessage From, ArrivingMessage To)>();
        var left = leaving.Where(one => Fingerprint.Tells(one.Fingerprint)).ToLookup(one => one.Fingerprint);
        var pairedFrom = new HashSet<MessagePlace>();
        var pairedTo = new HashSet<MessagePlace>();
        foreach (var alike in arriving.Where(one => left.Contains(one.Fingerprint)).GroupBy(one => one.Fingerprint))
        {
            foreach (var (from, to) in Pair([.. left[alike.Key]], [.. alike], receivedAt))
            {
                moved.Add((from, to));
                pairedFrom.Add(from.Place);
                pairedTo.Add(to.Place);
            }
        }
        var removed = leaving.Where(one => !pairedFrom.Contains(one.Place) && (!one.Waits || !Fingerprint.Tells(one.Fingerprint)));
        // What was just found there is present from now on: another message may be where it was in between.
        var found = moved.ToLookup(pair => pair.To.Fingerprint, pair => pair.To.Place.Mailbox);
        var added = arriving.Where(one => !pairedTo.Contains(one.Place)
            && (!one.Waits || !present[one.Fingerprint].Concat(found[one.Fingerprint]).Any(mailbox => mailbox != one.Place.Mailbox)));
        return new MoveDecisions(moved, [.. removed], [.. added]);
    }

    /// <summary>Pairs messages until the smaller side is used up: first those received at the same moment, then in the order of uids.</summary>
    public static IEnumerable<(LeavingMessage From, ArrivingMessage To)> Pair(
        List<LeavingMessage> leaving, List<ArrivingMessage> arriving, Func<MessagePlace, DateTimeOffset?> receivedAt)
    {
        leaving.Sort((a, b) => Compare(a.Place, b.Place));
        arriving.Sort((a, b) => Compare(a.Place, b.Place));
        if (leaving.Count > 1 || arriving.Count > 1)
        {
            // A server may have any number of equal messages.
            var moments = leaving.Select(one => (From: one, Moment: receivedAt(one.Place))).Where(one => one.Moment is not null)
                .GroupBy(one => one.Moment!.Value).ToDictionary(alike => alike.Key, alike => new Queue<LeavingMessage>(alike.Select(one => one.From)));
            var paired = new HashSet<MessagePlace>();
            foreach (var to in arriving)
            {
                if (receivedAt(to.Place) is { } moment && moments.TryGetValue(moment, out var alike) && alike.TryDequeue(out var from))
                {
                    paired.Add(from.Place);
                    paired.Add(to.Place);
                    yield return (from, to);
                }
            }
            leaving.RemoveAll(one => paired.Contains(one.Place));
            arriving.RemoveAll(one => paired.Contains(one.Place));
        }
        foreach (var pair in leaving.Zip(arriving))
        {
            yield return pair;
        }
    }

    private static int Compare(MessagePlace a, MessagePlace b) => (a.Mailbox, a.Uid).CompareTo((b.Mailbox, b.Uid));
}
