using System.Globalization;
using System.Text;
using MailKit;

namespace ImapGateway.Imap;

/// <summary>Names of attachments, fit to be shown and to be saved under.</summary>
public static class Filenames
{
    /// <summary>What common file systems take.</summary>
    public const int MaxLength = 255;

    /// <summary>The filename of the disposition, else the name of the type (RFC 2183 section 2.3); a forwarded message is named by its subject. Null where there is none.</summary>
    public static string? Of(BodyPartBasic part, string? charset)
    {
        var given = Normalise(part.ContentDisposition?.FileName, charset) ?? Normalise(part.ContentType.Name, charset);
        return given ?? (part is BodyPartMessage { Envelope.Subject: { Length: > 0 } subject } ? OfMessage(HeaderText.Repair(subject, charset)) : null);
    }

    /// <summary>The same from the header of the part.</summary>
    /// <param name="header">With Content-Disposition and Content-Type.</param>
    public static string? Of(HeaderFields header, string? charset) =>
        Normalise(header.Line("Content-Disposition") is { } disposition ? MimeParameters.Find(disposition, "filename", charset) : null)
        ?? Normalise(header.Line("Content-Type") is { } type ? MimeParameters.Find(type, "name", charset) : null);

    /// <summary>The last segment of a path, or the whole name with other signs for slashes, without control and direction characters, at most 255 long with the extension kept; null where nothing is left.</summary>
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

    /// <summary>A name with a slash may be no path: "Invoice 1/2.pdf". One that begins like a path, goes up, or has backslashes is.</summary>
    private static bool IsPath(string name) =>
        name.Contains('\\') || name.StartsWith('/') || name.StartsWith('~') || name.EndsWith('/') || name.Contains(":/", StringComparison.Ordinal) || name.Split('/').Any(segment => segment.Trim() is "." or "..");

    /// <summary>A message saved as a file is named by its subject, decoded; null where that gives no name.</summary>
    public static string? OfMessage(string? subject) =>
        Normalise(HeaderText.Clean(subject ?? "").Replace('/', '-').Replace('\\', '-')) is { } name ? Shorten(name + ".eml") : null;

    /// <summary>Overrides of writing direction make "exe" read as something else.</summary>
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
