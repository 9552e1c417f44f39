using System.Buffers.Binary;
using ImapGateway.Mail;

namespace ImapGateway.Index;

/// <summary>Reads the messages of a page in uid order without allocations. A copy continues independently.</summary>
/// <param name="fingerprints">A number of 64 bits per message, little-endian; empty if the page has none.</param>
public struct PageReader(VarintReader bytes, int count, Flags[] flagSets, ReadOnlyMemory<byte> fingerprints)
{
    private VarintReader _bytes = bytes;
    private int _left = count;
    private int _at = -1;
    private ulong _lastModSeq;

    public uint Uid { get; private set; }

    public ulong Id { get; private set; }

    public ulong ModSeq { get; private set; }

    /// <summary>The position of the flags in the page's table.</summary>
    public int FlagSet { get; private set; }

    public readonly ulong Fingerprint =>
        fingerprints.IsEmpty ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(fingerprints.Span[(_at * sizeof(ulong))..]);

    public readonly IndexRow Row => new(Uid, Id, flagSets[FlagSet], ModSeq, Fingerprint);

    /// <summary>True once all messages are read and no byte is left.</summary>
    public readonly bool AtEnd => _left == 0 && _bytes.Left == 0;

    public bool Next()
    {
        if (_left == 0)
        {
            return false;
        }
        _left--;
        _at++;
        var control = _bytes.ReadByte();
        Uid = UidAfter((control & RowControl.UidGap) == 0 ? 1 : _bytes.ReadUInt32());
        Id = (control & RowControl.IdJump) == 0 ? Id + 1 : _bytes.ReadDifference(Id + 1);
        ModSeq = (control & RowControl.ModSeqMask) switch
        {
            RowControl.ModSeqUnknown => 0,
            RowControl.ModSeqSame => _lastModSeq,
            RowControl.ModSeqNext => ++_lastModSeq,
            _ => _lastModSeq = _bytes.ReadDifference(_lastModSeq),
        };
        var flags = control >> RowControl.FlagsShift;
        if (flags != RowControl.SameFlags)
        {
            FlagSet = flags == RowControl.FarFlags ? _bytes.ReadInt32() : flags - 1;
        }
        return FlagSet < flagSets.Length ? true : throw VarintReader.Corrupt();
    }

    private readonly uint UidAfter(uint gap) => gap > 0 && gap <= uint.MaxValue - Uid ? Uid + gap : throw VarintReader.Corrupt();
}
