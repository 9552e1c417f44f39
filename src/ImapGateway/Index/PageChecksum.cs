using System.Buffers.Binary;
using System.Numerics;

namespace ImapGateway.Index;

/// <summary>Computes the CRC-32C (RFC 3720 appendix B.4), which is the last four bytes of a page: finds every single damaged byte.</summary>
public static class PageChecksum
{
    public const int Length = sizeof(uint);

    public static void Seal(Span<byte> page) => BinaryPrimitives.WriteUInt32LittleEndian(page[^Length..], Of(page[..^Length]));

    public static bool Holds(ReadOnlySpan<byte> page) =>
        page.Length > Length && BinaryPrimitives.ReadUInt32LittleEndian(page[^Length..]) == Of(page[..^Length]);

    private static uint Of(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }
        foreach (var one in bytes)
        {
            crc = BitOperations.Crc32C(crc, one);
        }
        return ~crc;
    }
}
