using ImapGateway.Imap;

namespace ImapGateway.Sync;

/// <summary>The differences between a LIST and the known mailboxes.</summary>
public sealed record MailboxTreeDelta(
    IReadOnlyList<(MailboxState Known, ListedMailbox Seen)> Kept, IReadOnlyList<ListedMailbox> Added, IReadOnlyList<MailboxState> Removed)
{
    /// <summary>Splits the delta into parts that are written one after the other, so that no other write waits for all of it: first what is gone, then what is kept, then what is new, the inbox last.</summary>
    /// <param name="size">The number of mailboxes in one part.</param>
    /// <returns>One part at least.</returns>
    public IEnumerable<MailboxTreeDelta> Parts(int size)
    {
        if (Kept.Count + Added.Count + Removed.Count <= size)
        {
            return [this];
        }
        // The inbox always exists: an account whose inbox is not written was not completely listed.
        var added = Added.OrderBy(one => one.IsInbox);
        return
        [
            .. Removed.Chunk(size).Select(some => new MailboxTreeDelta([], [], some)),
            .. Kept.Chunk(size).Select(some => new MailboxTreeDelta(some, [], [])),
            .. added.Chunk(size).Select(some => new MailboxTreeDelta([], some, [])),
        ];
    }
}

/// <summary>A rename that the gateway has just done, with all mailboxes below (RFC 3501 section 6.3.5).</summary>
public sealed record MailboxRenaming(string From, string To, string? Delimiter)
{
    public string PathNow(string path) =>
        path == From ? To : Delimiter is { Length: > 0 } && path.StartsWith(From + Delimiter, StringComparison.Ordinal) ? To + path[From.Length..] : path;
}

/// <summary>
/// Identifies mailboxes after other clients have renamed, deleted and created some. A path is trusted only while UIDVALIDITY agrees. If it does not agree, or the path is
/// gone, a MAILBOXID (RFC 8474) proves a rename, or the same UIDVALIDITY with the same uids does; two candidates prove nothing. A mailbox for which
/// there is no proof of another path keeps its id at its path: it was deleted and created again, and its messages are gone.
/// </summary>
public static class MailboxTree
{
    /// <summary>The number of mailboxes that are opened in one listing. A mailbox beyond this number counts as another one.</summary>
    private const int MostProofs = 1000;

    /// <summary>The number of mailboxes that are gone, multiplied by those that are new, where all share the values that could identify them. Above this number nothing proves anything.</summary>
    private const int MostPairs = 250_000;

    /// <summary>True if a known mailbox is not at its path.</summary>
    public static bool IsAnyMissing(IReadOnlyCollection<MailboxState> known, IReadOnlyList<ListedMailbox> seen, MailboxRenaming? renaming = null)
    {
        var paths = seen.Select(one => one.Path).ToHashSet(StringComparer.Ordinal);
        return known.Any(mailbox => !paths.Contains(PathNow(mailbox, renaming)));
    }

    /// <summary>Returns the paths whose identity LIST alone does not decide. They must be opened (<see cref="MailboxProof"/>) before <see cref="Compare"/>.</summary>
    public static IReadOnlyList<string> Doubtful(IReadOnlyCollection<MailboxState> known, IReadOnlyList<ListedMailbox> seen, MailboxRenaming? renaming = null)
    {
        var (_, lost, found) = ByPath(known, seen, NoProofs, renaming);
        var haveIds = lost.Exists(mailbox => mailbox.ObjectId is not null);
        var oldest = lost.Where(HasMessages).GroupBy(mailbox => mailbox.UidValidity).ToDictionary(alike => alike.Key, alike => alike.Min(mailbox => mailbox.UidNext));
        return [.. found.Where(one => one.Selectable && (haveIds || one.Counters is { } now && oldest.TryGetValue(now.UidValidity, out var next) && (now.UidNext == 0 || now.UidNext >= next)))
            .Take(MostProofs).Select(one => one.Path)];
    }

    /// <param name="proofs">The proofs by path. A mailbox that could not be opened is missing.</param>
    public static MailboxTreeDelta Compare(
        IReadOnlyCollection<MailboxState> known, IReadOnlyList<ListedMailbox> seen, IReadOnlyDictionary<string, MailboxProof> proofs, MailboxRenaming? renaming = null)
    {
        var (kept, lost, found) = ByPath(known, seen, proofs, renaming);
        MailboxProof? ProofOf(ListedMailbox one) => proofs.GetValueOrDefault(one.Path);
        bool MayAgree(MailboxState mailbox, ListedMailbox one) => !Differ(mailbox, ProofOf(one));
        Match(kept, lost, found, mailbox => mailbox.ObjectId, one => ProofOf(one)?.ObjectId, (_, _) => true);
        Match<uint?>(
            kept,
            lost,
            found,
            mailbox => HasMessages(mailbox) ? mailbox.UidValidity : null,
            one => one.Counters?.UidValidity,
            (mailbox, one) => MayAgree(mailbox, one) && MayBe(mailbox, one) && ProofOf(one) is { } proof && SameMessages(mailbox, proof));
        Match(kept, lost, found, UnreadKey, one => one.Counters is { } now ? (now.UidValidity, now.UidNext, now.Total) : null, MayAgree);
        Match(
            kept, lost, found, mailbox => PathNow(mailbox, renaming), one => one.Path, (mailbox, one) => MayAgree(mailbox, one) && (one.Selectable || mailbox.UidValidity == 0));
        return new MailboxTreeDelta(kept, found, lost);
    }

    private static readonly IReadOnlyDictionary<string, MailboxProof> NoProofs = new Dictionary<string, MailboxProof>();

    private static string PathNow(MailboxState mailbox, MailboxRenaming? renaming) => renaming?.PathNow(mailbox.Path) ?? mailbox.Path;

    private static (List<(MailboxState, ListedMailbox)> Kept, List<MailboxState> Lost, List<ListedMailbox> Found) ByPath(
        IReadOnlyCollection<MailboxState> known, IReadOnlyList<ListedMailbox> seen, IReadOnlyDictionary<string, MailboxProof> proofs, MailboxRenaming? renaming)
    {
        var lost = known.ToDictionary(mailbox => PathNow(mailbox, renaming), StringComparer.Ordinal);
        var kept = new List<(MailboxState, ListedMailbox)>();
        var found = new List<ListedMailbox>();
        foreach (var one in seen)
        {
            if (lost.TryGetValue(one.Path, out var mailbox) && (one.IsInbox || Agree(mailbox, one) && !Differ(mailbox, proofs.GetValueOrDefault(one.Path))))
            {
                lost.Remove(one.Path);
                kept.Add((mailbox, one));
            }
            else
            {
                found.Add(one);
            }
        }
        return (kept, [.. lost.Values], found);
    }

    /// <summary>Matches pairs in which neither side has another candidate.</summary>
    /// <param name="known">Returns what a mailbox must have in common with one that was found, or null if nothing is enough.</param>
    private static void Match<TKey>(
        List<(MailboxState, ListedMailbox)> kept,
        List<MailboxState> lost,
        List<ListedMailbox> found,
        Func<MailboxState, TKey?> known,
        Func<ListedMailbox, TKey?> seen,
        Func<MailboxState, ListedMailbox, bool> same)
    {
        var candidates = found.Where(one => seen(one) is not null).ToLookup(one => seen(one)!);
        var pairs = new List<(MailboxState Mailbox, ListedMailbox One)>();
        foreach (var alike in lost.Where(mailbox => known(mailbox) is not null).GroupBy(mailbox => known(mailbox)!))
        {
            var others = candidates[alike.Key].ToList();
            if ((long)alike.Count() * others.Count <= MostPairs)
            {
                pairs.AddRange(alike.SelectMany(mailbox => others.Where(one => same(mailbox, one)).Select(one => (mailbox, one))));
            }
        }
        var ofKnown = pairs.CountBy(pair => pair.Mailbox).ToDictionary();
        var ofSeen = pairs.CountBy(pair => pair.One.Path).ToDictionary();
        pairs.RemoveAll(pair => ofKnown[pair.Mailbox] > 1 || ofSeen[pair.One.Path] > 1);
        kept.AddRange(pairs);
        var (paired, taken) = (pairs.Select(pair => pair.Mailbox).ToHashSet(), pairs.Select(pair => pair.One.Path).ToHashSet(StringComparer.Ordinal));
        lost.RemoveAll(paired.Contains);
        found.RemoveAll(one => taken.Contains(one.Path));
    }

    /// <summary>True if nothing in the LIST contradicts that this is the mailbox which was known at this path.</summary>
    private static bool Agree(MailboxState mailbox, ListedMailbox one) =>
        mailbox.UidValidity != 0 && !one.Selectable ? false
        : LastUidValidity(mailbox) is var before && (one.Counters?.UidValidity ?? 0) is var now && (before == 0 || now == 0 || before == now);

    private static uint LastUidValidity(MailboxState mailbox) => mailbox.UidValidity != 0 ? mailbox.UidValidity : mailbox.Listed.Counters?.UidValidity ?? 0;

    private static bool Differ(MailboxState mailbox, MailboxProof? proof) => mailbox.ObjectId is { } id && proof?.ObjectId is { } other && id != other;

    private static bool HasMessages(MailboxState mailbox) => mailbox.UidValidity != 0 && mailbox.Server.Count > 0;

    /// <summary>True if it is worth the cost to read the uids of the mailbox.</summary>
    private static bool MayBe(MailboxState mailbox, ListedMailbox one) =>
        HasMessages(mailbox) && one.Counters is { } counters && counters.UidValidity == mailbox.UidValidity && (counters.UidNext == 0 || counters.UidNext >= mailbox.UidNext);

    /// <summary>True if at least one known message still exists, and there is no message that should have been known before.</summary>
    private static bool SameMessages(MailboxState mailbox, MailboxProof proof)
    {
        if (proof.UidValidity != mailbox.UidValidity || (proof.UidNext != 0 && proof.UidNext < mailbox.UidNext))
        {
            return false;
        }
        var known = mailbox.Server.Uids.ToHashSet();
        var next = mailbox.UidNext != 0 ? mailbox.UidNext : mailbox.Server.MaxUid + 1;
        return proof.Uids.Any(known.Contains) && proof.Uids.All(uid => uid >= next || known.Contains(uid));
    }

    /// <summary>Returns the key of a mailbox that was never read, so that no message of it has an id: all values that were ever seen of it are unchanged.</summary>
    private static (uint, uint, long)? UnreadKey(MailboxState mailbox) =>
        mailbox.UidValidity == 0 && mailbox.Listed.Counters is { Total: > 0, UidNext: > 1 } before ? (before.UidValidity, before.UidNext, before.Total) : null;
}
