namespace ImapGateway.Imap;

/// <summary>
/// Removes keywords with control characters from lists of flags by writing blanks over them. Servers that store any keyword that a client gives them (RFC 3501 section 2.3.2) may list such
/// keywords, which end the session in MailKit.
/// </summary>
public static class FlagsRepair
{
    /// <param name="line">A line of the server itself, without a literal.</param>
    public static void Apply(Span<byte> line)
    {
        var end = line.Length;
        while (end > 0 && line[end - 1] is (byte)'\r' or (byte)'\n')
        {
            end--;
        }
        var text = line[..end];
        if (text.IndexOfAnyInRange((byte)0, (byte)31) < 0 && !text.Contains((byte)127))
        {
            return;
        }
        for (var at = text.IndexOf("FLAGS ("u8); at >= 0;)
        {
            var list = text[(at + "FLAGS ("u8.Length)..];
            var close = list.IndexOf((byte)')');
            Blank(close < 0 ? list : list[..close]);
            text = list;
            at = text.IndexOf("FLAGS ("u8);
        }
    }

    private static void Blank(Span<byte> keywords)
    {
        while (!keywords.IsEmpty)
        {
            var end = keywords.IndexOf((byte)' ') is >= 0 and var blank ? blank : keywords.Length;
            var keyword = keywords[..end];
            if (keyword.IndexOfAnyInRange((byte)0, (byte)31) >= 0 || keyword.Contains((byte)127))
            {
                keyword.Fill((byte)' ');
            }
            keywords = keywords[Math.Min(end + 1, keywords.Length)..];
        }
    }
}
