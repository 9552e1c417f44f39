using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ImapGateway.Imap;

/// <summary>
/// Finds parameters of Content-Type and Content-Disposition (RFC 2045 section 5.1, RFC 2231), even if the quotation marks or the semicolon before them are missing, or if there are quotation marks
/// within quotation marks.
/// </summary>
public static partial class MimeParameters
{
    /// <summary>The maximum number of parts of one value (RFC 2231 section 3).</summary>
    private const int MaxPieces = 100;

    /// <param name="field">The unfolded field.</param>
    /// <param name="hint">The charset of the body.</param>
    /// <returns>The decoded value; null if there is no such parameter.</returns>
    public static string? Find(string field, string name, string? hint = null)
    {
        var pieces = new SortedDictionary<int, (string Value, bool IsEncoded)>();
        string? plain = null;
        foreach (Match start in Start().Matches(field))
        {
            if (!start.Groups["name"].ValueSpan.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }
            var value = Value(field[(start.Index + start.Length)..]);
            var isEncoded = start.Groups["encoded"].Success;
            if (start.Groups["number"] is { Success: true, ValueSpan: var number })
            {
                pieces.TryAdd(int.Parse(number, CultureInfo.InvariantCulture), (value, isEncoded));
            }
            else if (isEncoded)
            {
                pieces.TryAdd(0, (value, isEncoded));
            }
            else
            {
                plain ??= value;
            }
        }
        // RFC 6266 section 4.3: a sender that gives both means the encoded one.
        return pieces.Count > 0 ? Decode(pieces.Values.Take(MaxPieces)) : plain is null ? null : EncodedWords.Decode(plain, hint);
    }

    private static string Decode(IEnumerable<(string Value, bool IsEncoded)> pieces)
    {
        string? charset = null;
        var octets = new List<byte>();
        foreach (var (value, isEncoded) in pieces)
        {
            var content = value;
            if (isEncoded && charset is null && value.Split('\'', 3) is [var label, _, var rest])
            {
                (charset, content) = (label, rest);
            }
            octets.AddRange(isEncoded ? Percent(content) : Encoding.UTF8.GetBytes(content));
        }
        return CharsetDecoder.Decode(octets.ToArray(), charset);
    }

    private static List<byte> Percent(string content)
    {
        var octets = new List<byte>(content.Length);
        for (var at = 0; at < content.Length; at++)
        {
            if (content[at] == '%' && at + 2 < content.Length && char.IsAsciiHexDigit(content[at + 1]) && char.IsAsciiHexDigit(content[at + 2]))
            {
                octets.Add(Convert.FromHexString(content.AsSpan(at + 1, 2))[0]);
                at += 2;
            }
            else
            {
                octets.AddRange(Encoding.UTF8.GetBytes(content[at..(at + 1)]));
            }
        }
        return octets;
    }

    /// <summary>Returns the value. A quotation mark ends a value only before a semicolon or the end.</summary>
    private static string Value(string rest)
    {
        if (rest.StartsWith('"') && EndOfQuoted().Match(rest, 1) is { Success: true } end)
        {
            return Escaped().Replace(rest[1..end.Index], "$1");
        }
        var next = EndOfPlain().Match(rest) is { Success: true } found ? found.Index : rest.Length;
        return rest[..next].Trim().TrimEnd(';').Trim('"').Trim();
    }

    [GeneratedRegex(@"(?<![\w*.%'-])(?<name>[A-Za-z][A-Za-z-]{0,30})(?:\*(?<number>[0-9]{1,3}))?(?<encoded>\*)?\s*=\s*")]
    private static partial Regex Start();

    [GeneratedRegex("""(?<!\\)"\s*(?:;|\z)""")]
    private static partial Regex EndOfQuoted();

    /// <summary>Matches the end of an unquoted value. A semicolon within a value is followed by no other parameter.</summary>
    [GeneratedRegex(@";\s*(?:[A-Za-z][A-Za-z-]{0,30}(?:\*[0-9]{1,3})?\*?\s*=|\z)")]
    private static partial Regex EndOfPlain();

    /// <summary>Matches an escaped quotation mark or backslash. Elsewhere a backslash is part of a path.</summary>
    [GeneratedRegex("""\\(["\\])""")]
    private static partial Regex Escaped();
}
