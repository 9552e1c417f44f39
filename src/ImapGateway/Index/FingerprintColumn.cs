using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ImapGateway.Index;

/// <summary>The fingerprints of a page as they are stored: little-endian, eight bytes each, so that a search need not decode the page.</summary>
public readonly ref struct FingerprintColumn(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public int Length => _bytes.Length / sizeof(ulong);

    public ulong this[int at] => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[(at * sizeof(ulong))..]);

    public bool Contains(ulong fingerprint) =>
        MemoryMarshal.Cast<byte, ulong>(_bytes).Contains(BitConverter.IsLittleEndian ? fingerprint : BinaryPrimitives.ReverseEndianness(fingerprint));

    public bool ContainsAny(IReadOnlySet<ulong> fingerprints)
    {
        for (var at = 0; at < Length; at++)
        {
            if (fingerprints.Contains(this[at]))
            {
                return true;
            }
        }
        return false;
    }

    public static byte[] Encode(ReadOnlySpan<ulong> fingerprints)
    {
        var bytes = new byte[fingerprints.Length * sizeof(ulong)];
        for (var at = 0; at < fingerprints.Length; at++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at * sizeof(ulong)), fingerprints[at]);
        }
        return bytes;
    }
}
