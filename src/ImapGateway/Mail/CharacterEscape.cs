using System.Globalization;
using System.Text;

namespace ImapGateway.Mail;

/// <summary>
/// Decodes characters that are escaped in the ways of URLs, quoted-printable, JSON, JavaScript, C, HTML and the names of mailboxes. Each way is decoded on its own: text that is escaped in one of them may
/// contain what looks like an escape of another.
/// </summary>
public static class CharacterEscape
{
    /// <summary>The number of characters of the longest named entity of HTML that stands for an ASCII character, with some to spare.</summary>
    private const int LongestEntity = 12;

    /// <summary>The maximum number of characters of an encoded run in the name of a mailbox.</summary>
    private const int LongestRun = 256;

    /// <summary>Appends the characters that the text begins with.</summary>
    /// <returns>The number of characters of the text that stand for them.</returns>
    public delegate int Scheme(ReadOnlySpan<char> text, StringBuilder decoded);

    /// <summary>All ways of escaping.</summary>
    public static IReadOnlyList<Scheme> Schemes { get; } = [Percent, QuotedPrintable, Backslash, Html, MailboxName];

    /// <summary>RFC 3986 section 2.1, and the form %uXXXX of JavaScript's escape().</summary>
    private static int Percent(ReadOnlySpan<char> text, StringBuilder decoded) => text switch
    {
        ['%', 'u', _, _, _, _, ..] when Number(text[2..6], 16) is { } unit => Append(decoded, unit, 6),
        ['%', _, _, ..] when Number(text[1..3], 16) is { } octet => Append(decoded, octet, 3),
        _ => Append(decoded, text[0], 1),
    };

    /// <summary>RFC 2045 section 6.7.</summary>
    private static int QuotedPrintable(ReadOnlySpan<char> text, StringBuilder decoded) => text switch
    {
        ['=', _, _, ..] when Number(text[1..3], 16) is { } octet => Append(decoded, octet, 3),
        _ => Append(decoded, text[0], 1),
    };

    /// <summary>Quoted strings of IMAP (RFC 3501 section 4.3), JSON (RFC 8259 section 7), JavaScript and C.</summary>
    private static int Backslash(ReadOnlySpan<char> text, StringBuilder decoded) => text switch
    {
        ['\\', 'u' or 'x', '{', ..] when text[..Math.Min(text.Length, LongestEntity)].IndexOf('}') is > 0 and var end && Number(text[3..end], 16) is { } scalar => Append(decoded, scalar, end + 1),
        ['\\', 'u', _, _, _, _, ..] when Number(text[2..6], 16) is { } unit => Append(decoded, unit, 6),
        ['\\', 'U', _, _, _, _, _, _, _, _, ..] when Number(text[2..10], 16) is { } scalar => Append(decoded, scalar, 10),
        ['\\', 'x', _, _, ..] when Number(text[2..4], 16) is { } octet => Append(decoded, octet, 4),
        ['\\', >= '0' and <= '3', _, _, ..] when Number(text[1..4], 8) is { } octet => Append(decoded, octet, 4),
        ['\\', var escaped, ..] => Append(decoded, escaped switch { 'n' => '\n', 'r' => '\r', 't' => '\t', _ => escaped }, 2),
        _ => Append(decoded, text[0], 1),
    };

    private static int Html(ReadOnlySpan<char> text, StringBuilder decoded) => text switch
    {
        ['&', '#', 'x' or 'X', ..] => Reference(text, 3, 16, decoded),
        ['&', '#', ..] => Reference(text, 2, 10, decoded),
        ['&', ..] => Entity(text, decoded),
        _ => Append(decoded, text[0], 1),
    };

    /// <summary>Modified UTF-7 (RFC 3501 section 5.1.3).</summary>
    private static int MailboxName(ReadOnlySpan<char> text, StringBuilder decoded)
    {
        if (text is not ['&', ..] || text[..Math.Min(text.Length, LongestRun)].IndexOf('-') is not (> 0 and var end))
        {
            return Append(decoded, text[0], 1);
        }
        var digits = text[1..end].ToString().Replace(',', '/');
        var octets = new byte[digits.Length];
        if (digits.Length > 0 && (!Convert.TryFromBase64String(digits.PadRight((digits.Length + 3) / 4 * 4, '='), octets, out var written) || written == 0))
        {
            return Append(decoded, text[0], 1);
        }
        decoded.Append(digits.Length == 0 ? "&" : Encoding.BigEndianUnicode.GetString(octets, 0, digits.Length * 6 / 8 / 2 * 2));
        return end + 1;
    }

    /// <summary>Parses digits of base 8, 10 or 16.</summary>
    /// <returns>The number; null if it is none, or larger than an <see cref="int"/>.</returns>
    public static int? Number(ReadOnlySpan<char> digits, int numberBase)
    {
        if (numberBase == 8)
        {
            return digits.Length is > 0 and <= 10 && !digits.ContainsAnyExceptInRange('0', '7') ? Convert.ToInt32(digits.ToString(), 8) : null;
        }
        var style = numberBase == 16 ? NumberStyles.AllowHexSpecifier : NumberStyles.None;
        return int.TryParse(digits, style, CultureInfo.InvariantCulture, out var number) && number >= 0 ? number : null;
    }

    private static int Append(StringBuilder decoded, int scalar, int length)
    {
        decoded.Append(scalar <= char.MaxValue ? ((char)scalar).ToString() : Rune.IsValid(scalar) ? char.ConvertFromUtf32(scalar) : "\uFFFD");
        return length;
    }

    /// <summary>A numeric character reference. Browsers accept any number of leading zeros, and one that no semicolon ends (HTML section 13.2.5.80).</summary>
    private static int Reference(ReadOnlySpan<char> text, int start, int numberBase, StringBuilder decoded)
    {
        var end = start;
        while (end < text.Length && (numberBase == 16 ? char.IsAsciiHexDigit(text[end]) : char.IsAsciiDigit(text[end])))
        {
            end++;
        }
        return Number(text[start..end].TrimStart('0'), numberBase) is { } scalar
            ? Append(decoded, scalar, end < text.Length && text[end] == ';' ? end + 1 : end)
            : Append(decoded, text[0], 1);
    }

    private static int Entity(ReadOnlySpan<char> text, StringBuilder decoded)
    {
        var end = text[..Math.Min(text.Length, LongestEntity)].IndexOf(';');
        var character = end < 0 ? "" : System.Net.WebUtility.HtmlDecode(text[..(end + 1)].ToString());
        return character.Length == 1 ? Append(decoded, character[0], end + 1) : Append(decoded, text[0], 1);
    }
}
