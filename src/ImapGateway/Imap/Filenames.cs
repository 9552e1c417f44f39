using System.Globalization;
using System.Text;
using MailKit;

namespace ImapGateway.Imap;

/// <summary>Makes names of attachments that are safe to display and to use as file names.</summary>
public static class Filenames
{
    /// <summary>The longest name that common file systems accept.</summary>
    public const int MaxLength = 255;

    /// <summary>Returns the filename of the disposition, else the name of the type (RFC 2183 section 2.3). A forwarded message is named by its subject. Null if there is no name.</summary>
    public static string? Of(BodyPartBasic part, string? charset)
    {
        var given = Normalise(part.ContentDisposition?.FileName, charset) ?? Normalise(part.ContentType.Name, charset);
        return given ?? (part is BodyPartMessage { Envelope.Subject: { Length: > 0 } subject } ? OfMessage(HeaderText.Repair(subject, charset)) : null);
    }

    /// <summary>Returns the name from the header of the part.</summary>
    /// <param name="header">The header fields, including Content-Disposition and Content-Type.</param>
    public static string? Of(HeaderFields header, string? charset) =>
        Normalise(header.Line("Content-Disposition") is { } disposition ? MimeParameters.Find(disposition, "filename", charset) : null)
        ?? Normalise(header.Line("Content-Type") is { } type ? MimeParameters.Find(type, "name", charset) : null);

    /// <summary>
    /// Returns the last segment of a path, or the whole name with other signs for slashes. Removes control and direction characters, and shortens the name to 255 but keeps its extension. Null if
    /// nothing is left.
    /// </summary>
    public static string? Normalise(string? name, string? charset = null)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            return null;
        }
        // Some senders put encoded words into parameters, which RFC 2047 section 5 forbids, and some servers quote them.
        var decoded = name.Contains("=?", StringComparison.Ordinal) ? EncodedWords.Decode(name, charset) : HeaderText.Repair(name, charset)!;
        var visible = Visible(HeaderText.Clean(decoded));
        var segment = (IsPath(visible) ? visible[(visible.LastIndexOfAny(['/', '\\']) + 1)..] : visible.Replace('/', '_')).Trim();
        return segment.Trim('.').Length == 0 ? null : Shorten(segment);
    }

    /// <summary>True if the name begins like a path, goes up, or has backslashes. Another name with a slash may be no path: "Invoice 1/2.pdf".</summary>
    private static bool IsPath(string name) =>
        name.Contains('\\') || name.StartsWith('/') || name.StartsWith('~') || name.EndsWith('/') || name.Contains(":/", StringComparison.Ordinal) || name.Split('/').Any(segment => segment.Trim() is "." or "..");

    /// <summary>Names a message that is saved as a file by its subject, decoded. Null if that gives no name.</summary>
    public static string? OfMessage(string? subject) =>
        Normalise(HeaderText.Clean(subject ?? "").Replace('/', '-').Replace('\\', '-')) is { } name ? Shorten(name + ".eml") : null;

    /// <summary>Removes invisible characters. Overrides of the writing direction make "exe" look like something else.</summary>
    private static string Visible(string text) => string.Concat(text.EnumerateRunes()
        .Where(rune => Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
            && rune.Value is not (0x200E or 0x200F or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069) or 0xFEFF)));

    private static string Shorten(string name)
    {
        if (name.Length <= MaxLength)
        {
            return name;
        }
        var dot = name.LastIndexOf('.');
        var extension = dot > 0 && name.Length - dot <= 20 ? name[dot..] : "";
        return HeaderText.Clean(name[..(MaxLength - extension.Length)]).TrimEnd('\uFFFD') + extension;
    }
}
