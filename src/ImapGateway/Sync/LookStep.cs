using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>A part of the result of a refresh that is written at once. A refresh may find a hundred thousand changes, and each of them is reported.</summary>
/// <param name="Baseline">The messages that existed before the first listing.</param>
/// <param name="IsLast">True if this step completes the result of the refresh.</param>
public sealed record LookStep(
    IReadOnlyList<SeenMessage> Baseline, IReadOnlyList<SeenMessage> Added, IReadOnlyList<SeenMessage> Changed, IReadOnlyList<uint> Removed, uint? BaselineBelow, bool IsLast)
{
    /// <summary>The largest number of new messages in one step: their headers are in memory together.</summary>
    public const int MostAdded = 250;

    public const int MostChanged = 500;

    /// <summary>The largest number of messages in one step that existed from the start: no change is reported for them, and only the pages of the index are written.</summary>
    public const int MostBaseline = 50_000;

    public bool IsEmpty => Baseline.Count == 0 && Added.Count == 0 && Changed.Count == 0 && Removed.Count == 0;

    /// <summary>Returns the steps of a refresh, at least one.</summary>
    public static IEnumerable<LookStep> Of(MailboxState mailbox, MailboxDelta delta, MailboxView view)
    {
        var first = mailbox.UidValidity == 0;
        // When the account was listed, it was not known where new messages begin: they begin now.
        var below = mailbox.Baseline ?? (!first ? 0 : view.UidNext != 0 ? view.UidNext : delta.Added.Select(seen => seen.Uid).DefaultIfEmpty().Max() + 1);
        var baseline = delta.Added.Where(seen => seen.Uid < below).ToList();
        var added = delta.Added.Where(seen => seen.Uid >= below).ToList();
        var steps = new[] { Steps(added.Count, MostAdded), Steps(delta.Changed.Count, MostChanged), Steps(delta.Removed.Count, MostChanged), Steps(baseline.Count, MostBaseline), 1 }.Max();
        for (var at = 0; at < steps; at++)
        {
            yield return new LookStep(
                Part(baseline, at, MostBaseline),
                Part(added, at, MostAdded),
                [.. Part(delta.Changed, at, MostChanged).Select(row => new SeenMessage(row.Uid, row.Flags, row.ModSeq))],
                Part(delta.Removed, at, MostChanged),
                below,
                at == steps - 1);
        }
    }

    /// <param name="headers">The headers of the added messages. A message without headers was gone before it could be read, and is left out.</param>
    public MailboxWrite WriteOf(MailboxState mailbox, MailboxView view, IReadOnlyDictionary<uint, MessageHeaders>? headers) => new(mailbox)
    {
        Baseline = Baseline,
        Added = [.. Added.Where(seen => headers?.ContainsKey(seen.Uid) == true).Select(seen => new NewMessage(seen, headers![seen.Uid]))],
        Changed = Changed,
        Removed = Removed,
        UidValidity = view.UidValidity,
        // UIDNEXT covers what is written and no more: the next refresh shows the rest again.
        UidNext = IsLast ? view.UidNext : Added.Concat(Baseline).Select(seen => seen.Uid + 1).Append(mailbox.UidNext).Max(),
        HighestModSeq = IsLast ? view.HighestModSeq : mailbox.HighestModSeq,
        Precision = view.Precision,
        ObjectId = view.ObjectId ?? mailbox.ObjectId,
        BaselineBelow = BaselineBelow,
    };

    private static int Steps(int count, int size) => (count + size - 1) / size;

    private static List<T> Part<T>(IReadOnlyList<T> all, int at, int size) => [.. all.Skip(at * size).Take(size)];
}
