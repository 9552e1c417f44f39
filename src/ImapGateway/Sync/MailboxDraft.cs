using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using ImapGateway.Index;

namespace ImapGateway.Sync;

/// <summary>A mailbox in the state after its plan is written.</summary>
public sealed class MailboxDraft(MailboxState mailbox)
{
    private readonly Dictionary<uint, IndexRow> _upserts = [];
    private readonly HashSet<uint> _removed = [];
    private readonly HashSet<uint> _pending = [];
    private bool _shows;

    public MailboxState Mailbox => mailbox;

    public ImmutableDictionary<uint, Arriving> Arriving { get; private set; } = mailbox.Arriving;

    public ImmutableDictionary<uint, long> Leaving { get; private set; } = mailbox.Leaving;

    /// <summary>The changes of the mailbox besides its messages.</summary>
    public MailboxWrite? State { get; set; }

    public bool Unmatched { get; set; } = mailbox.Unmatched;

    public long? LostSince { get; set; } = mailbox.LostSince;

    public bool TryGet(uint uid, [MaybeNullWhen(false)] out IndexRow row)
    {
        if (_removed.Contains(uid))
        {
            row = default;
            return false;
        }
        return _upserts.TryGetValue(uid, out row) || mailbox.Index.TryGetByUid(uid, out row);
    }

    public void Arrive(uint uid, Arriving message)
    {
        Arriving = Arriving.SetItem(uid, message);
        _pending.Add(uid);
    }

    public void Leave(uint uid, long since)
    {
        Leaving = Leaving.SetItem(uid, since);
        _pending.Add(uid);
    }

    /// <summary>Removes a message from those that arrive: it is known now, or it never existed.</summary>
    public void Forget(uint uid)
    {
        if (Arriving.ContainsKey(uid))
        {
            Arriving = Arriving.Remove(uid);
            _pending.Add(uid);
        }
    }

    public void Put(IndexRow row)
    {
        _removed.Remove(row.Uid);
        _upserts[row.Uid] = row;
        _shows = true;
    }

    /// <summary>Sets the fingerprint of a message. What clients see of the message does not change.</summary>
    /// <param name="row">The row from <see cref="TryGet"/>.</param>
    public void Recognize(IndexRow row, ulong fingerprint) => _upserts[row.Uid] = row with { Fingerprint = fingerprint };

    public void Remove(uint uid)
    {
        _upserts.Remove(uid);
        _removed.Add(uid);
        _shows = true;
        if (Leaving.ContainsKey(uid))
        {
            Leaving = Leaving.Remove(uid);
            _pending.Add(uid);
        }
    }

    /// <summary>Returns the messages with these fingerprints, in their new state.</summary>
    public IEnumerable<IndexRow> Find(IReadOnlySet<ulong> fingerprints) =>
        mailbox.Index.FindByFingerprint(fingerprints).Where(row => !_removed.Contains(row.Uid) && !_upserts.ContainsKey(row.Uid))
            .Concat(_upserts.Values.Where(row => fingerprints.Contains(row.Fingerprint)));

    /// <summary>Returns all messages of a lost mailbox, in their new state.</summary>
    public IEnumerable<IndexRow> Rows() => mailbox.Index.Ascending().Where(row => !_removed.Contains(row.Uid));

    public MailboxUpdate Finish() => new(
        mailbox,
        IndexSteps.Apply(mailbox.Index, _upserts.Values, _removed),
        _shows,
        State ?? new MailboxWrite(mailbox),
        Arriving,
        Leaving,
        _pending,
        Unmatched,
        LostSince);
}

/// <summary>The new state of a mailbox, and what must be stored for it.</summary>
/// <param name="Shows">True if clients will see something different from before.</param>
/// <param name="Pending">The uids that have become, or are no longer, arriving or leaving ones.</param>
public sealed record MailboxUpdate(
    MailboxState Mailbox,
    IndexUpdate Index,
    bool Shows,
    MailboxWrite State,
    ImmutableDictionary<uint, Arriving> Arriving,
    ImmutableDictionary<uint, long> Leaving,
    IReadOnlyCollection<uint> Pending,
    bool Unmatched,
    long? LostSince)
{
    /// <summary>True if nothing is left of what was lost.</summary>
    public bool IsOver => LostSince is not null && Index.Index.Count == 0;

    /// <summary>Applies the update to memory after it is written.</summary>
    public void Follow()
    {
        Mailbox.Index = Index.Index;
        Mailbox.Version += Shows ? 1 : 0;
        Mailbox.Arriving = Arriving;
        Mailbox.Leaving = Leaving;
        Mailbox.Unmatched = Unmatched;
        Mailbox.LostSince = LostSince;
        Mailbox.UidValidity = State.UidValidity;
        Mailbox.UidNext = State.UidNext;
        Mailbox.HighestModSeq = State.HighestModSeq;
        Mailbox.Precision = State.Precision;
        Mailbox.ObjectId = State.ObjectId;
        Mailbox.Baseline = State.BaselineBelow;
        Mailbox.ResetReason = null;
    }
}
