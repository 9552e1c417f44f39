using ImapGateway.Mail;

namespace ImapGateway.Imap;

/// <summary>The position of a leaf.</summary>
/// <param name="Multipart">The subtype of the multipart around it, in lower case.</param>
/// <param name="IsFirst">True for the first part of its multipart; true for the root of a related one.</param>
/// <param name="InAlternative">True if some multipart around it is an alternative.</param>
public readonly record struct Place(string Multipart, bool IsFirst, bool InAlternative);

/// <summary>The purpose of a leaf.</summary>
/// <param name="IsBody">True for text that is read as part of the message.</param>
/// <param name="IsInline">
/// True for a part that users do not see as a file, in addition to the body: signatures, other representations, and parts that the HTML may show, as far as the structure shows.
/// </param>
public readonly record struct PartRole(bool IsBody, bool IsInline)
{
    /// <summary>
    /// Returns the role of a part by RFC 8621 section 4.1.4 and the practice of mail programs. Text with a name is a file unless it is the only text; calendars are files even as an alternative;
    /// signatures and control parts of RFC 1847 never are. A part that the HTML can show is inline until the HTML has been read (<see cref="ReferenceFetch"/>).
    /// </summary>
    public static PartRole Of(MessagePart part, Place place)
    {
        if (part.Disposition == "attachment")
        {
            return new PartRole(false, IsControl(part, place));
        }
        var isRead = place.Multipart == "alternative"
            ? part.ContentType is "text/plain" or "text/html"
            : IsReadable(part.ContentType) && (place.IsFirst || (place.Multipart != "related" && part.Filename is null));
        if (isRead)
        {
            return new PartRole(true, false);
        }
        return new PartRole(false, IsControl(part, place) || (place.Multipart == "related" && CanBeShown(part)) || IsOtherRepresentation(part, place));
    }

    private static bool IsReadable(string type) => type is "text/plain" or "text/html" or "text/markdown" or "text/x-markdown" or "text/enriched" or "text/richtext";

    /// <summary>True for RFC 1847, RFC 3156 and RFC 8551 signatures, the version part of PGP/MIME, and the resource fork of AppleDouble.</summary>
    private static bool IsControl(MessagePart part, Place place) => (place.Multipart, part.ContentType) switch
    {
        ("signed", "application/pgp-signature" or "application/pkcs7-signature" or "application/x-pkcs7-signature") => true,
        ("encrypted", "application/pgp-encrypted") => true,
        ("appledouble", "application/applefile") => true,
        _ => false,
    };

    /// <summary>True if HTML can show the part by cid: (RFC 2392) or by its location (RFC 2557). Outlook gives a Content-ID to every attachment: only types that HTML can embed count.</summary>
    public static bool CanBeShown(MessagePart part) =>
        (part.ContentId is not null || part.Location is not null)
        && (part.ContentType.StartsWith("image/", StringComparison.Ordinal) || part.ContentType.StartsWith("audio/", StringComparison.Ordinal)
            || part.ContentType.StartsWith("video/", StringComparison.Ordinal) || part.ContentType.StartsWith("font/", StringComparison.Ordinal) || part.ContentType == "text/css");

    /// <summary>True for other representations: text/x-amp-html, text/watch-html.</summary>
    private static bool IsOtherRepresentation(MessagePart part, Place place) =>
        place.Multipart == "alternative" && part.Filename is null && part.ContentType.StartsWith("text/", StringComparison.Ordinal) && part.ContentType != "text/calendar";
}
