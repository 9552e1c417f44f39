using System.Buffers;
using ImapGateway.Mail;

namespace ImapGateway.Imap;

/// <summary>Decodes the text of a part, or its beginning, from the octets on the mail server.</summary>
public static class SectionText
{
    /// <summary>Decodes any octets to some text or none. Never fails.</summary>
    public static string Read(MessagePart part, ReadOnlySpan<byte> encoded)
    {
        var decoded = new ArrayBufferWriter<byte>(encoded.Length + 1);
        var decoder = TransferDecoder.For(part.Encoding);
        decoder.Decode(encoded, decoded);
        decoder.Flush(decoded);
        return CharsetDecoder.DecodePart(part, decoded.WrittenSpan);
    }
}
