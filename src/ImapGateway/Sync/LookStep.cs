using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>A part of what a look has shown that is written at once: a look may show a hundred thousand changes, each of which is told.</summary>
/// <param name="Baseline">What was there before anybody asked.</param>
/// <param name="IsLast">With it all that the look has shown is written.</param>
public sealed record LookStep(
    IReadOnlyList<SeenMessage> Baseline, IReadOnlyList<SeenMessage> Added, IReadOnlyList<SeenMessage> Changed, IReadOnlyList<uint> Removed, uint? BaselineBelow, bool IsLast)
{
    /// <summary>New messages at once: their headers are in memory together.</summary>
    public const int MostAdded = 250;

    public const int MostChanged = 500;

    /// <summary>Messages that were there from the start at once: nobody is told of them, and only the pages of the index are written.</summary>
    public const int MostBaseline = 50_000;

    public bool IsEmpty => Baseline.Count == 0 && Added.Count == 0 && Changed.Count == 0 && Removed.Count == 0;

    /// <summary>One at least.</summary>
    public static IEnumerable<LookStep> Of(MailboxState mailbox, MailboxDelta delta, MailboxView view)
    {
        var first = mailbox.UidValidity == 0;
        // Nobody could tell where the news begins when the account was listed: it begins now.
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

    /// <param name="headers">Of what is added; a message without was gone before anybody could read it, and is left out.</param>
    public MailboxWrite WriteOf(MailboxState mailbox, MailboxView view, IReadOnlyDictionary<uint, MessageHeaders>? headers) => new(mailbox)
    {
        Baseline = Baseline,
        Added = [.. Added.Where(seen => headers?.ContainsKey(seen.Uid) == true).Select(seen => new NewMessage(seen, headers![seen.Uid]))],
        Changed = Changed,
        Removed = Removed,
        UidValidity = view.UidValidity,
        // As far as it is written and no further: what is left is shown by the next look again.
        UidNext = IsLast ? view.UidNext : Added.Concat(Baseline).Select(seen => seen.Uid + 1).Append(mailbox.UidNext).Max(),
        HighestModSeq = IsLast ? view.HighestModSeq : mailbox.HighestModSeq,
        Precision = view.Precision,
        ObjectId = view.ObjectId ?? mailbox.ObjectId,
        BaselineBelow = BaselineBelow,
    };

    private static int Steps(int count, int size) => (count + size - 1) / size;

    private static List<T> Part<T>(IReadOnlyList<T> all, int at, int size) => [.. all.Skip(at * size).Take(size)];
}
