using System.Runtime.InteropServices;
using ImapGateway.Mail;

namespace ImapGateway.Index;

/// <summary>
/// Encodes one page: version, <see cref="PageHeader"/>, the table of its distinct flag sets in order of appearance, the messages, their fingerprints as one column (in pages of version 2; a page
/// without any is of version 1), checksum. Every page starts from zero, so that it can be read alone; equal messages give equal bytes.
/// </summary>
public sealed class PageWriter(int capacity)
{
    public const byte Version = 1;
    public const byte VersionWithFingerprints = 2;

    private readonly VarintWriter _rows = new(capacity * 4);
    private readonly Dictionary<Flags, int> _places = new(FlagSets.BySpelling);
    private readonly List<Flags> _flagSets = [];
    private readonly List<bool> _unseen = [];
    private readonly List<ulong> _fingerprints = new(capacity);
    private bool _hasFingerprints;
    private PageHeader _header = PageHeader.Empty;
    private Flags? _lastFlags;
    private int _lastPlace;
    private ulong _lastId;
    private ulong _lastModSeq;

    /// <summary>Adds a message. Messages must come in uid order.</summary>
    public void Add(in IndexRow row)
    {
        var gap = row.Uid - _header.LastUid;
        var modSeq = ModSeqControl(row.ModSeq);
        var place = PlaceOf(row.Flags);
        var flags = place == _lastPlace ? RowControl.SameFlags : Math.Min(place + 1, RowControl.FarFlags);
        var idJumps = row.Id != _lastId + 1;

        _rows.WriteByte((byte)((gap == 1 ? 0 : RowControl.UidGap) | (idJumps ? RowControl.IdJump : 0) | modSeq | flags << RowControl.FlagsShift));
        if (gap != 1)
        {
            _rows.Write(gap);
        }
        if (idJumps)
        {
            _rows.WriteDifference(_lastId + 1, row.Id);
        }
        if (modSeq == RowControl.ModSeqJump)
        {
            _rows.WriteDifference(_lastModSeq, row.ModSeq);
        }
        if (flags == RowControl.FarFlags)
        {
            _rows.Write((uint)place);
        }

        _fingerprints.Add(row.Fingerprint);
        _hasFingerprints |= row.Fingerprint != 0;
        _header = _header.Add(row.Uid, row.Id, _unseen[place]);
        _lastId = row.Id;
        _lastModSeq = row.ModSeq == 0 ? _lastModSeq : row.ModSeq;
        _lastPlace = place;
        _lastFlags = row.Flags;
    }

    public IndexPage Finish(int number)
    {
        var head = new VarintWriter(512);
        head.WriteByte(_hasFingerprints ? VersionWithFingerprints : Version);
        _header.Write(head);
        head.Write((uint)_flagSets.Count);
        var names = new VarintWriter(64);
        var shared = new Flags[_flagSets.Count];
        for (var i = 0; i < shared.Length; i++)
        {
            names.Clear();
            FlagSets.Encode(_flagSets[i], names);
            head.Write((uint)names.Written.Length);
            head.WriteBytes(names.Written);
            shared[i] = FlagSets.Decode(names.Written);
        }
        var column = _hasFingerprints ? FingerprintColumn.Encode(CollectionsMarshal.AsSpan(_fingerprints)) : [];
        byte[] data = [.. head.Written, .. _rows.Written, .. column, .. stackalloc byte[PageChecksum.Length]];
        PageChecksum.Seal(data);
        return new IndexPage(number, data, _header, shared, head.Written.Length);
    }

    private int ModSeqControl(ulong modSeq) => modSeq switch
    {
        0 => RowControl.ModSeqUnknown,
        _ when modSeq == _lastModSeq => RowControl.ModSeqSame,
        _ when modSeq == _lastModSeq + 1 => RowControl.ModSeqNext,
        _ => RowControl.ModSeqJump,
    };

    private int PlaceOf(Flags flags)
    {
        if (ReferenceEquals(flags, _lastFlags))
        {
            return _lastPlace;
        }
        if (!_places.TryGetValue(flags, out var place))
        {
            place = _flagSets.Count;
            _places.Add(flags, place);
            _flagSets.Add(flags);
            _unseen.Add(!flags.Contains(Flags.Seen));
        }
        return place;
    }
}
