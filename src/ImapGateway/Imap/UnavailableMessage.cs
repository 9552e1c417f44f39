using MimeKit;

namespace ImapGateway.Imap;

/// <summary>Recognises the message from root@localhost that Courier sends in place of a message that was expunged by another connection, and whose file no longer exists.</summary>
public static class UnavailableMessage
{
    private static ReadOnlySpan<byte> Header => "From: System Administrator <root@localhost>\r\nSubject: message unavailable\r\n\r\n"u8;

    private static ReadOnlySpan<byte> Text => "This message is no longer available on the server.\r\n"u8;

    /// <summary>True if the header fields are those two, and no others.</summary>
    public static bool IsHeader(HeaderList? fields) =>
        fields is { Count: 2 } && fields[HeaderId.From]?.Trim() == "System Administrator <root@localhost>" && fields[HeaderId.Subject]?.Trim() == "message unavailable";

    public static bool IsText(ReadOnlySpan<byte> octets) => octets.TrimEnd("\r\n"u8).SequenceEqual(Text.TrimEnd("\r\n"u8));

    /// <summary>Returns whether all the octets can be a piece of such a message. A longer piece shows whether they are.</summary>
    /// <param name="section">The section; "" is the whole message.</param>
    /// <param name="offset">The position of the first octet in the section.</param>
    public static bool MayHave(string section, long offset, ReadOnlySpan<byte> octets)
    {
        byte[] made = [.. section is "" or "HEADER" ? Header : [], .. section is "" or SectionFetch.Text or "1" ? Text : []];
        return offset < made.Length && made.AsSpan((int)offset).StartsWith(octets);
    }
}
