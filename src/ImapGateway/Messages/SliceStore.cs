using System.Buffers;
using System.Collections.Immutable;
using ImapGateway.Cache;
using ImapGateway.Cache.Disk;
using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Messages;

/// <summary>The first octets of a section.</summary>
/// <param name="Decoded">The octets without transfer encoding; null if the server has sent nothing of it.</param>
/// <param name="IsCut">True if there are more.</param>
public readonly record struct SliceOctets(byte[]? Decoded, bool IsCut);

/// <summary>
/// Stores the first octets of sections on disk. A slice that is the whole section, by the size that the server reports, is stored as the section, whatever was requested; others are valid for the
/// same request alone.
/// </summary>
public sealed class SliceStore(StoredSections stored, ulong mailbox, uint uidValidity)
{
    /// <returns>The slices in the order of the request; null if not all of them are stored.</returns>
    public async Task<IReadOnlyList<SliceOctets>?> FindAsync(FoundMessage message, ImmutableArray<SectionSlice> slices)
    {
        var found = new List<SliceOctets>(slices.Length);
        foreach (var slice in slices)
        {
            using var entry = await stored.FindAsync(KeyOf(message), slice.Section, slice.Key, Name(slice, isCut: false), Name(slice, isCut: true));
            if (entry is null || await entry.ReadAsync((int)slice.Count) is not { } octets)
            {
                return null;
            }
            found.Add(new SliceOctets(octets, entry.Length > slice.Count || entry.Section == Name(slice, isCut: true)));
        }
        return found;
    }

    /// <summary>Removes the transfer encoding of what the server has sent, and stores the result.</summary>
    public async Task<SliceOctets> DecodeAsync(FoundMessage message, SectionSlice slice, byte[] encoded)
    {
        var part = message.Headers.Parts.FirstOrDefault(part => part.Part == slice.Section);
        var octets = new SliceOctets(part is null ? encoded : Decode(part, encoded), encoded.Length >= slice.Count);
        var isWhole = !octets.IsCut && (part is null || encoded.Length == part.Size);
        await stored.PutAsync(KeyOf(message), message.Headers, isWhole ? slice.Section : Name(slice, octets.IsCut), octets.Decoded!);
        return octets;
    }

    private HeaderKey KeyOf(FoundMessage message) => new(mailbox, uidValidity, message.Row.Uid);

    private static string Name(SectionSlice slice, bool isCut) => isCut ? $"{slice} ..." : slice.ToString();

    private static byte[] Decode(MessagePart part, byte[] encoded)
    {
        var decoded = new ArrayBufferWriter<byte>(encoded.Length + 1);
        var decoder = TransferDecoder.For(part.Encoding);
        decoder.Decode(encoded, decoded);
        decoder.Flush(decoded);
        return decoded.WrittenSpan.ToArray();
    }
}
