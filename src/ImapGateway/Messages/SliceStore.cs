using System.Buffers;
using System.Collections.Immutable;
using ImapGateway.Cache;
using ImapGateway.Cache.Disk;
using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Messages;

/// <summary>The beginning of a section.</summary>
/// <param name="Decoded">Without its transfer encoding; null where the server has said nothing of it.</param>
/// <param name="IsCut">There is more.</param>
public readonly record struct SliceOctets(byte[]? Decoded, bool IsCut);

/// <summary>
/// Beginnings of sections on disk. One that is all of its section, by what the server says of its size, is kept as that, whatever was asked for; others hold for the same question alone.
/// </summary>
public sealed class SliceStore(StoredSections stored, ulong mailbox, uint uidValidity)
{
    /// <returns>In the order of the slices; null where not all of them are there.</returns>
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

    /// <summary>Removes the transfer encoding of what the server has sent, and keeps what is left.</summary>
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
