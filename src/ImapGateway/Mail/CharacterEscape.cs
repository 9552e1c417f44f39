namespace ImapGateway.Mail;

/// <summary>Decodes characters that are escaped in the ways of URLs, quoted-printable, JSON, JavaScript, C and HTML.</summary>
public static class CharacterEscape
{
    /// <summary>The number of characters of the longest named entity of HTML that stands for an ASCII character, with some to spare.</summary>
    private const int LongestEntity = 12;

    /// <returns>The first character of the text, and the number of characters that stand for it.</returns>
    public static (char Character, int Length) Read(ReadOnlySpan<char> text) => text switch
    {
        ['%' or '=', _, _, ..] when Number(text[1..3], 16) is { } octet => ((char)octet, 3),
        ['%', 'u', _, _, _, _, ..] when Number(text[2..6], 16) is { } unit => ((char)unit, 6),
        ['\\', 'u' or 'x', '{', ..] when InBraces(text) is { } braced => braced,
        ['\\', 'u', _, _, _, _, ..] when Number(text[2..6], 16) is { } unit => ((char)unit, 6),
        ['\\', 'U', _, _, _, _, _, _, _, _, ..] when Number(text[2..10], 16) is { } scalar and <= char.MaxValue => ((char)scalar, 10),
        ['\\', 'x', _, _, ..] when Number(text[2..4], 16) is { } octet => ((char)octet, 4),
        ['\\', >= '0' and <= '3', _, _, ..] when Number(text[1..4], 8) is { } octet => ((char)octet, 4),
        ['\\', var escaped, ..] => (escaped switch { 'n' => '\n', 'r' => '\r', 't' => '\t', _ => escaped }, 2),
        ['&', '#', 'x' or 'X', ..] => Reference(text, 3, 16),
        ['&', '#', ..] => Reference(text, 2, 10),
        ['&', ..] => Entity(text),
        _ => (text[0], 1),
    };

    /// <summary>Parses digits of base 8, 10 or 16.</summary>
    /// <returns>The number; null if it is none, or larger than an <see cref="int"/>.</returns>
    public static int? Number(ReadOnlySpan<char> digits, int numberBase)
    {
        long number = 0;
        foreach (var digit in digits)
        {
            if (!char.IsAsciiHexDigit(digit) || Convert.ToInt32(digit.ToString(), 16) is var value && value >= numberBase || number > int.MaxValue / numberBase)
            {
                return null;
            }
            number = number * numberBase + Convert.ToInt32(digit.ToString(), 16);
        }
        return digits.IsEmpty || number > int.MaxValue ? null : (int)number;
    }

    private static (char, int)? InBraces(ReadOnlySpan<char> text) =>
        text[..Math.Min(text.Length, LongestEntity)].IndexOf('}') is > 0 and var end && Number(text[3..end], 16) is { } scalar and <= char.MaxValue ? ((char)scalar, end + 1) : null;

    /// <summary>A numeric character reference. Browsers accept any number of leading zeros, and one that no semicolon ends (HTML section 13.2.5.80).</summary>
    private static (char, int) Reference(ReadOnlySpan<char> text, int start, int numberBase)
    {
        var end = start;
        while (end < text.Length && (numberBase == 16 ? char.IsAsciiHexDigit(text[end]) : char.IsAsciiDigit(text[end])))
        {
            end++;
        }
        var digits = text[start..end].TrimStart('0');
        return Number(digits, numberBase) is { } scalar and <= char.MaxValue ? ((char)scalar, end < text.Length && text[end] == ';' ? end + 1 : end) : (text[0], 1);
    }

    private static (char, int) Entity(ReadOnlySpan<char> text)
    {
        var end = text[..Math.Min(text.Length, LongestEntity)].IndexOf(';');
        var decoded = end < 0 ? "" : System.Net.WebUtility.HtmlDecode(text[..(end + 1)].ToString());
        return decoded.Length == 1 ? (decoded[0], end + 1) : (text[0], 1);
    }
}
