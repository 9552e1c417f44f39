using System.Text.RegularExpressions;

namespace ImapGateway.Html;

/// <summary>Checks URLs of mail for their different uses. Each method returns the URL as it may be written, or null.</summary>
public static partial class SafeUrls
{
    private const int MaxLength = 8 * 1024;

    /// <summary>Returns a URL that a reader may follow: http, https, mailto, tel and sms. A URL without a scheme (//host) is https; other relative URLs have no target in a mail.</summary>
    public static string? Link(string url) => Encoded(url) is { Length: <= MaxLength } link && LinkScheme().IsMatch(link) ? link : null;

    /// <summary>Returns an http or https URL, whose content is shown only after the reader agreed.</summary>
    public static string? Remote(string url) => Encoded(url) is { Length: <= MaxLength } remote && RemoteScheme().IsMatch(remote) ? remote : null;

    /// <summary>Returns a URL that contains a picture itself, so nothing is loaded. SVG is refused, because it is a program.</summary>
    public static string? Embedded(string url) => Clean(url) is var clean && Raster().IsMatch(clean) ? clean : null;

    /// <summary>Returns the Content-ID that a cid: URL names (RFC 2392).</summary>
    public static string? ContentId(string url) =>
        Clean(url) is var clean && clean.StartsWith("cid:", StringComparison.OrdinalIgnoreCase) && clean.Length > 4 ? Uri.UnescapeDataString(clean[4..]).Trim('<', '>') : null;

    /// <summary>Encodes a URL as a browser sends it (URL section 4.4): characters that are invalid in a URL are encoded.</summary>
    private static string? Encoded(string url)
    {
        var clean = Clean(url);
        clean = clean.StartsWith("//", StringComparison.Ordinal) ? $"https:{clean}" : clean;
        return clean.Length > MaxLength ? null : Unfit().Replace(clean, static unfit => Uri.EscapeDataString(unfit.Value));
    }

    /// <summary>Cleans a URL as a browser reads it (URL section 4.4): without tabs, newlines, and blanks around it.</summary>
    private static string Clean(string url) => Ignored().Replace(url, "");

    [GeneratedRegex(@"^[\x00-\x20\x7F-\xA0]+|[\x00-\x1F\x7F-\x9F]|[\x00-\x20\x7F-\xA0]+\z")]
    private static partial Regex Ignored();

    [GeneratedRegex(@"[\s<>""`]")]
    private static partial Regex Unfit();

    [GeneratedRegex(@"^(?:https?://|mailto:|tel:|sms:)[^\s<>""`\\]+\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex LinkScheme();

    [GeneratedRegex(@"^https?://[^\s<>""`\\]+\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex RemoteScheme();

    [GeneratedRegex(@"^data:image/(?:png|gif|jpe?g|webp|bmp);base64,[A-Za-z0-9+/=]+\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Raster();
}
