using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using ImapGateway.Index;

namespace ImapGateway.Sync;

/// <summary>A mailbox as it will be once the plan it belongs to is written.</summary>
public sealed class MailboxDraft(MailboxState mailbox)
{
    private readonly Dictionary<uint, IndexRow> _upserts = [];
    private readonly HashSet<uint> _removed = [];
    private readonly HashSet<uint> _pending = [];
    private bool _shows;

    public MailboxState Mailbox => mailbox;

    public ImmutableDictionary<uint, Arriving> Arriving { get; private set; } = mailbox.Arriving;

    public ImmutableDictionary<uint, long> Leaving { get; private set; } = mailbox.Leaving;

    /// <summary>What else changes of it.</summary>
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

    /// <summary>What arrived is known now, or was never there.</summary>
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

    /// <summary>What clients see of the message stays as it is.</summary>
    /// <param name="row">As <see cref="TryGet"/> gave it.</param>
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

    /// <summary>Its messages with these fingerprints, as they will be.</summary>
    public IEnumerable<IndexRow> Find(IReadOnlySet<ulong> fingerprints) =>
        mailbox.Index.FindByFingerprint(fingerprints).Where(row => !_removed.Contains(row.Uid) && !_upserts.ContainsKey(row.Uid))
            .Concat(_upserts.Values.Where(row => fingerprints.Contains(row.Fingerprint)));

    /// <summary>All its messages, as they will be: of one that is lost.</summary>
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

/// <summary>A mailbox as it will be, and what has to be stored so that it is.</summary>
/// <param name="Shows">Clients will see something else than before.</param>
/// <param name="Pending">Uids that are among those arriving or leaving now, or no longer.</param>
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
    /// <summary>Nothing is left of what was lost.</summary>
    public bool IsOver => LostSince is not null && Index.Index.Count == 0;

    /// <summary>It is written.</summary>
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
