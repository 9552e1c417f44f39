using ImapGateway.Changes;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>The input of a plan besides the mailboxes.</summary>
/// <param name="Incarnation">The incarnation of the account.</param>
/// <param name="NextCounter">The counter of the next id.</param>
/// <param name="Now">The moment from which a message that is found now waits.</param>
/// <param name="Over">Returns the moment up to which found messages no longer wait (see <see cref="MoveWindow.Over"/>). It is called only if something waits, because it checks all mailboxes.</param>
/// <param name="Headers">Returns what is known of a message without asking the server, or null if nothing is known.</param>
public sealed record PlanContext(string Incarnation, ulong NextCounter, long Now, Func<long> Over, Func<MailboxState, uint, MessageHeaders?> Headers);

/// <summary>
/// Calculates what one transaction changes in the mailboxes of an account and which changes it reports: what must be written, and which waiting messages it
/// decides. It does no IO and reads no clock. The code that has written the plan changes memory.
/// </summary>
/// <param name="mailboxes">All mailboxes of the account by counter, including those that are gone and still have messages.</param>
/// <param name="waiting">At least those mailboxes that have something that waits.</param>
/// <param name="context">The input besides the mailboxes.</param>
public sealed class CommitPlan(IReadOnlyDictionary<ulong, MailboxState> mailboxes, IReadOnlyCollection<MailboxState> waiting, PlanContext context)
{
    /// <summary>The largest number of messages that are settled in one transaction. The next transaction settles the rest.</summary>
    public const int MostSettled = 500;

    /// <summary>The largest number of messages that are found again in one transaction after a new UIDVALIDITY. No change is reported for them, and only pages of the index are written.</summary>
    public const int MostRematched = 5_000;

    /// <summary>The largest number of mailboxes that are written in one transaction. Each takes some statements.</summary>
    private const int MostMailboxes = 50;

    private readonly Dictionary<ulong, MailboxDraft> _drafts = [];
    private readonly Lazy<long> _over = new(context.Over, LazyThreadSafetyMode.None);
    private readonly Dictionary<MessagePlace, MessageHeaders> _headers = [];
    private readonly List<Change> _changes = [];
    private readonly List<(MessagePlace From, MessagePlace To)> _moves = [];
    private readonly List<MessagePlace> _gone = [];

    public ulong NextCounter { get; private set; } = context.NextCounter;

    /// <summary>The changes in the order in which they are reported.</summary>
    public IReadOnlyList<Change> Changes => _changes;

    /// <summary>The messages that were moved here and could not be reported, because nothing is known of them. They have to be read first.</summary>
    public IReadOnlySet<MessagePlace> Unread { get; private set; } = new HashSet<MessagePlace>();

    /// <summary>True if more decisions are certain than one transaction takes.</summary>
    public bool HasMore { get; private set; }

    /// <summary>The messages that have another place after the plan is written.</summary>
    public IReadOnlyCollection<(MessagePlace From, MessagePlace To)> Moves => _moves;

    /// <summary>The messages that no longer exist after the plan is written.</summary>
    public IReadOnlyCollection<MessagePlace> Gone => _gone;

    public IEnumerable<MailboxUpdate> Updates() => _drafts.Values.Select(draft => draft.Finish());

    public void Add(MailboxWrite write)
    {
        var draft = Draft(write.Mailbox);
        draft.State = write;
        if (write.Mailbox.ResetReason is { } reason)
        {
            Tell(new MailboxReset(write.Mailbox.Id, write.Mailbox.Path, write.Mailbox.Role, reason), write.Mailbox);
        }
        foreach (var seen in write.Baseline)
        {
            draft.Put(new IndexRow(seen.Uid, NextCounter++, seen.Flags, seen.ModSeq));
        }
        foreach (var (uid, fingerprint) in write.Fingerprints)
        {
            if (draft.TryGet(uid, out var row) && row.Fingerprint == Fingerprint.Unknown)
            {
                draft.Recognize(row, fingerprint);
            }
        }
        foreach (var seen in write.Changed)
        {
            Update(draft, seen);
        }
        foreach (var uid in write.Expunged)
        {
            draft.Forget(uid);
            Removed(draft, uid);
        }
        foreach (var uid in write.Removed)
        {
            // A message that arrives and is gone again was never reported, and needs no report.
            draft.Forget(uid);
            if (write.Mailbox.IsVirtual == true)
            {
                Removed(draft, uid);
            }
            else if (draft.TryGet(uid, out _) && !draft.Leaving.ContainsKey(uid))
            {
                draft.Leave(uid, context.Now);
            }
        }
        foreach (var (seen, headers) in write.Added)
        {
            _headers[new MessagePlace(write.Mailbox.Counter, seen.Uid)] = headers;
            if (write.Mailbox.IsVirtual == true && !draft.TryGet(seen.Uid, out _))
            {
                // A message that appears in a virtual mailbox is no half of a move: the change is reported at the place where the message lies.
                Added(draft, seen, Fingerprint.Of(headers), headers);
            }
            else if (!draft.TryGet(seen.Uid, out _))
            {
                draft.Arrive(seen.Uid, new Arriving(seen.Flags, seen.ModSeq, Fingerprint.Of(headers), context.Now));
            }
        }
    }

    /// <summary>Adds a move that the gateway has done. It does not wait, and the next refresh finds nothing new in it.</summary>
    public void Add(DoneMove move)
    {
        var (from, to) = (Draft(move.From), Draft(move.To));
        if (!from.TryGet(move.Uid, out var row))
        {
            return;
        }
        if (move.NewUid is not { } uid || to.TryGet(uid, out _))
        {
            // The next refresh of the target shows what has happened to the message.
            if (move.Left is { } original)
            {
                Update(from, original.Seen);
            }
            else
            {
                from.Leave(move.Uid, context.Now);
            }
            return;
        }
        to.Forget(uid);
        from.Remove(move.Uid);
        Moved(from, row, to, new SeenMessage(uid, row.Flags, 0));
        if (move.Left is { } left)
        {
            Added(from, left.Seen, row.Fingerprint, left.Headers);
        }
    }

    /// <summary>
    /// Gives messages from before a new UIDVALIDITY that are found again their ids back, without a report. A message that is not found is leaving, and does not wait any longer. If more
    /// messages are found than one transaction takes, <paramref name="lost"/> remains unmatched, and the same call continues the work.
    /// </summary>
    /// <param name="lost">The mailbox that keeps the earlier messages.</param>
    /// <param name="mailbox">The mailbox with the present messages, none of which has an id.</param>
    /// <param name="fingerprints">The fingerprints of the present messages.</param>
    public void Rematch(MailboxState lost, MailboxState mailbox, IReadOnlyDictionary<uint, ulong> fingerprints)
    {
        var (before, now) = (Draft(lost), Draft(mailbox));
        var arriving = fingerprints
            .Where(one => !now.TryGet(one.Key, out _))
            .Select(one => new ArrivingMessage(new MessagePlace(mailbox.Counter, one.Key), one.Value, true)).ToList();
        var rows = lost.Index.Ascending().ToDictionary(row => row.Uid);
        var leaving = rows.Values.Select(row => new LeavingMessage(new MessagePlace(lost.Counter, row.Uid), row.Fingerprint, true)).ToList();
        var found = MoveMatching.Decide(leaving, arriving, NoneElse, ReceivedAt).Moved;
        foreach (var (from, to) in found.OrderBy(pair => pair.To.Place.Uid).Take(MostRematched))
        {
            before.Remove(from.Place.Uid);
            now.Put(rows[from.Place.Uid] with { Uid = to.Place.Uid, ModSeq = 0 });
            _moves.Add((from.Place, to.Place));
        }
        before.Unmatched = found.Count > MostRematched;
        before.LostSince = MoveWindow.Long;
    }

    private static readonly ILookup<ulong, ulong> NoneElse = Array.Empty<ulong>().ToLookup(one => one);

    /// <summary>Decides everything that waits and can be decided now. This is the last step.</summary>
    /// <param name="vanished">The messages that arrived and were gone before they could be read. They are forgotten.</param>
    public void Settle(IReadOnlySet<MessagePlace>? vanished = null)
    {
        foreach (var place in vanished ?? new HashSet<MessagePlace>())
        {
            if (mailboxes.TryGetValue(place.Mailbox, out var mailbox))
            {
                Draft(mailbox).Forget(place.Uid);
            }
        }
        foreach (var empty in waiting.Where(mailbox => mailbox is { LostSince: not null, Index.Count: 0 }).Take(MostSettled))
        {
            Draft(empty);
        }
        var leaving = Leaving();
        var arriving = Arriving();
        if (leaving.Count == 0 && arriving.Count == 0)
        {
            return;
        }
        var decisions = MoveMatching.Decide(leaving, arriving, Present(arriving), ReceivedAt);
        var added = decisions.Added.Where(one => HeadersOf(one.Place) is not null).ToList();
        var moved = decisions.Moved.Where(pair => HeadersOf(pair.To.Place) is not null || HeadersOf(pair.From.Place) is not null).ToList();
        Unread = decisions.Moved.Except(moved).Select(pair => pair.To.Place).ToHashSet();
        var room = MostSettled;
        var settled = 0;
        bool HasRoom(MessagePlace place) => _drafts.ContainsKey(place.Mailbox) || _drafts.Count < MostMailboxes;
        foreach (var (from, to) in moved.Take(room).TakeWhile(pair => HasRoom(pair.From.Place) && HasRoom(pair.To.Place)))
        {
            room--;
            settled++;
            var (source, target) = (Draft(from.Place), Draft(to.Place));
            source.TryGet(from.Place.Uid, out var row);
            source.Remove(from.Place.Uid);
            var now = target.Arriving[to.Place.Uid];
            target.Forget(to.Place.Uid);
            Moved(source, row, target, new SeenMessage(to.Place.Uid, now.Flags, now.ModSeq));
        }
        foreach (var one in decisions.Removed.Take(room).TakeWhile(one => HasRoom(one.Place)))
        {
            room--;
            settled++;
            Removed(Draft(one.Place), one.Place.Uid);
        }
        foreach (var one in added.Take(room).TakeWhile(one => HasRoom(one.Place)))
        {
            settled++;
            var draft = Draft(one.Place);
            var now = draft.Arriving[one.Place.Uid];
            draft.Forget(one.Place.Uid);
            Added(draft, new SeenMessage(one.Place.Uid, now.Flags, now.ModSeq), now.Fingerprint, HeadersOf(one.Place)!);
        }
        HasMore = settled < moved.Count + decisions.Removed.Count + added.Count;
    }

    private List<LeavingMessage> Leaving()
    {
        // An account with one mailbox only has no place to move a message to.
        var alone = mailboxes.Values.Where(mailbox => mailbox.Listed.Selectable).Take(2).Count() == 1;
        var leaving = new List<LeavingMessage>();
        foreach (var mailbox in MayWait())
        {
            var draft = _drafts.GetValueOrDefault(mailbox.Counter);
            if ((draft?.LostSince ?? mailbox.LostSince) is { } lost)
            {
                var waits = lost > _over.Value && !alone;
                leaving.AddRange((draft?.Unmatched ?? mailbox.Unmatched) ? []
                    : (draft?.Rows() ?? mailbox.Index.Ascending()).Select(row => new LeavingMessage(new MessagePlace(mailbox.Counter, row.Uid), row.Fingerprint, waits)));
                continue;
            }
            var uids = draft?.Leaving ?? mailbox.Leaving;
            foreach (var (uid, since) in uids)
            {
                if (draft?.TryGet(uid, out var row) ?? mailbox.Index.TryGetByUid(uid, out row))
                {
                    leaving.Add(new LeavingMessage(new MessagePlace(mailbox.Counter, uid), row.Fingerprint, since > _over.Value && !alone));
                }
            }
        }
        return [.. leaving.OrderBy(one => one.Place.Mailbox).ThenBy(one => one.Place.Uid)];
    }

    /// <summary>Returns the mailboxes that this plan changes and those in which something waited before.</summary>
    private IEnumerable<MailboxState> MayWait() => _drafts.Values.Select(draft => draft.Mailbox).Union(waiting);

    private List<ArrivingMessage> Arriving() => [.. MayWait()
        .SelectMany(mailbox => (_drafts.TryGetValue(mailbox.Counter, out var draft) ? draft.Arriving : mailbox.Arriving)
            .Select(one => new ArrivingMessage(new MessagePlace(mailbox.Counter, one.Key), one.Value.Fingerprint, one.Value.Since > _over.Value)))
        .OrderBy(one => one.Place.Mailbox).ThenBy(one => one.Place.Uid)];

    /// <summary>Returns, by fingerprint of the messages that arrive and wait, the mailboxes that have an equal message.</summary>
    private ILookup<ulong, ulong> Present(List<ArrivingMessage> arriving)
    {
        var wanted = arriving.Where(one => one.Waits && Fingerprint.Tells(one.Fingerprint)).Select(one => one.Fingerprint).ToHashSet();
        var present = new List<(ulong Fingerprint, ulong Mailbox)>();
        foreach (var mailbox in wanted.Count == 0 ? [] : mailboxes.Values.Where(mailbox => mailbox.LostSince is null && mailbox.IsVirtual != true))
        {
            var draft = _drafts.GetValueOrDefault(mailbox.Counter);
            var leaving = draft?.Leaving ?? mailbox.Leaving;
            present.AddRange((draft?.Find(wanted) ?? mailbox.Index.FindByFingerprint(wanted))
                .Where(row => !leaving.ContainsKey(row.Uid)).Select(row => (row.Fingerprint, mailbox.Counter)));
        }
        return present.ToLookup(one => one.Fingerprint, one => one.Mailbox);
    }

    private void Update(MailboxDraft draft, SeenMessage seen)
    {
        if (draft.Arriving.TryGetValue(seen.Uid, out var arriving))
        {
            draft.Arrive(seen.Uid, arriving with { Flags = seen.Flags, ModSeq = Math.Max(arriving.ModSeq, seen.ModSeq) });
        }
        else if (draft.TryGet(seen.Uid, out var row))
        {
            draft.Put(row with { Flags = seen.Flags, ModSeq = Math.Max(row.ModSeq, seen.ModSeq) });
            FlagsChanged(draft, row, seen.Flags);
        }
    }

    private void Added(MailboxDraft draft, SeenMessage seen, ulong fingerprint, MessageHeaders headers)
    {
        var row = new IndexRow(seen.Uid, NextCounter++, seen.Flags, seen.ModSeq, fingerprint);
        draft.Put(row);
        Tell(new MessageAdded(IdOf(row), IdOf(draft)) { Message = Summary(draft, row, headers) }, draft.Mailbox);
    }

    private void Removed(MailboxDraft draft, uint uid)
    {
        if (draft.TryGet(uid, out var row))
        {
            draft.Remove(uid);
            _gone.Add(new MessagePlace(draft.Mailbox.Counter, uid));
            Tell(new MessageRemoved(IdOf(row), IdOf(draft)) { Message = Summary(draft, row, HeadersOf(new MessagePlace(draft.Mailbox.Counter, uid))) }, draft.Mailbox);
        }
    }

    private void Moved(MailboxDraft from, IndexRow row, MailboxDraft to, SeenMessage now)
    {
        var there = row with { Uid = now.Uid, ModSeq = now.ModSeq };
        to.Put(there with { Flags = now.Flags });
        _moves.Add((new MessagePlace(from.Mailbox.Counter, row.Uid), new MessagePlace(to.Mailbox.Counter, now.Uid)));
        var headers = HeadersOf(new MessagePlace(to.Mailbox.Counter, now.Uid)) ?? HeadersOf(new MessagePlace(from.Mailbox.Counter, row.Uid));
        Tell(new MessageMoved(IdOf(row), IdOf(to), IdOf(from), row.Flags) { Message = Summary(to, there, headers), From = PlaceOf(from.Mailbox) }, to.Mailbox);
        FlagsChanged(to, row, now.Flags);
    }

    private void FlagsChanged(MailboxDraft draft, IndexRow before, Flags now)
    {
        if (!before.Flags.Equals(now))
        {
            Tell(new MessageFlagsChanged(IdOf(before), IdOf(draft), [.. now.Without(before.Flags)], [.. before.Flags.Without(now)], now), draft.Mailbox);
        }
    }

    /// <summary>Adds a change, unless its mailbox is virtual: what happens in a virtual mailbox has happened in another one, and is reported there.</summary>
    private void Tell(Change change, MailboxState at)
    {
        if (at.IsVirtual != true)
        {
            _changes.Add(change with { At = PlaceOf(at) });
        }
    }

    private static ChangePlace PlaceOf(MailboxState mailbox) => new(mailbox.ShownAs, mailbox.Role);

    private Message? Summary(MailboxDraft draft, IndexRow row, MessageHeaders? headers) =>
        headers is null ? null : Message.Of(IdOf(row), IdOf(draft), row.Uid, row.Flags, row.ModSeq, headers);

    private MessageHeaders? HeadersOf(MessagePlace place) =>
        _headers.GetValueOrDefault(place) ?? (mailboxes.TryGetValue(place.Mailbox, out var mailbox) ? context.Headers(mailbox, place.Uid) : null);

    private DateTimeOffset? ReceivedAt(MessagePlace place) => HeadersOf(place)?.ReceivedAt;

    private string IdOf(IndexRow row) => ObjectId.Format(ObjectId.Message, context.Incarnation, row.Id);

    private string IdOf(MailboxDraft draft) => ObjectId.Format(ObjectId.Mailbox, context.Incarnation, draft.Mailbox.ShownAs);

    private MailboxDraft Draft(MessagePlace place) => Draft(mailboxes[place.Mailbox]);

    private MailboxDraft Draft(MailboxState mailbox)
    {
        if (!_drafts.TryGetValue(mailbox.Counter, out var draft))
        {
            draft = _drafts[mailbox.Counter] = new MailboxDraft(mailbox);
        }
        return draft;
    }
}
