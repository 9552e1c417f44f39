using System.Globalization;
using System.Text;

namespace ImapGateway.Http;

/// <summary>Formats the header Content-Disposition of a response (RFC 6266).</summary>
public static class ContentDisposition
{
    private const int MaxLength = 255;

    /// <summary>
    /// Formats <c>filename</c> in ASCII, and adds <c>filename*</c> (RFC 8187) if the name has other characters. Whatever the name, the value is one line of ASCII.
    /// </summary>
    /// <param name="disposition">"attachment" or "inline".</param>
    /// <param name="filename">The file name without a path; null: no name is proposed.</param>
    public static string Format(string disposition, string? filename)
    {
        var name = Clean(filename);
        if (name.Length == 0)
        {
            return disposition;
        }
        var ascii = Ascii(name);
        var quoted = $"{disposition}; filename=\"{ascii}\"";
        return ascii == name && !ascii.Contains('%') ? quoted : $"{quoted}; filename*=UTF-8''{Extended(name)}";
    }

    private static string Clean(string? filename)
    {
        var clean = new StringBuilder();
        foreach (var rune in (filename ?? "").EnumerateRunes().Take(MaxLength))
        {
            if (Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator))
            {
                clean.Append(rune.ToString());
            }
        }
        return clean.ToString().Trim();
    }

    /// <summary>Makes an ASCII name. Backslashes and quotes would need escapes that browsers disagree on (RFC 6266 appendix D).</summary>
    private static string Ascii(string name) =>
        string.Concat(name.EnumerateRunes().Select(rune => rune is { IsAscii: true, Value: not ('"' or '\\') } ? (char)rune.Value : '_'));

    /// <summary>Percent-encodes everything but attr-char (RFC 8187 section 3.2.1).</summary>
    private static string Extended(string name)
    {
        var extended = new StringBuilder(name.Length * 3);
        foreach (var octet in Encoding.UTF8.GetBytes(name))
        {
            if (char.IsAsciiLetterOrDigit((char)octet) || "!#$&+-.^_`|~".Contains((char)octet))
            {
                extended.Append((char)octet);
            }
            else
            {
                extended.Append(CultureInfo.InvariantCulture, $"%{octet:X2}");
            }
        }
        return extended.ToString();
    }
}
