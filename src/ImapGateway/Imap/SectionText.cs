using System.Buffers;
using ImapGateway.Mail;

namespace ImapGateway.Imap;

/// <summary>The text of a part, or of its beginning, from the octets that the mail server has.</summary>
public static class SectionText
{
    /// <summary>Total: whatever the octets are, it is some text or none.</summary>
    public static string Read(MessagePart part, ReadOnlySpan<byte> encoded)
    {
        var decoded = new ArrayBufferWriter<byte>(encoded.Length + 1);
        var decoder = TransferDecoder.For(part.Encoding);
        decoder.Decode(encoded, decoded);
        decoder.Flush(decoded);
        return CharsetDecoder.DecodePart(part, decoded.WrittenSpan);
    }
}
