using System.Text.RegularExpressions;
using ImapGateway.Mail;
using MailKit;
using MimeKit;
using MessagePart = ImapGateway.Mail.MessagePart;

namespace ImapGateway.Imap;

/// <summary>Converts one leaf of a BODYSTRUCTURE to a record, and replaces invalid data with safe values.</summary>
public static partial class PartMapping
{
    private const int MaxCharset = 100;
    private const int MaxLocation = 2_000;
    private const int MaxLanguages = 20;

    /// <param name="part">Any leaf.</param>
    /// <param name="bodyCharset">The charset of the text read so far, in which a name in raw 8-bit is written.</param>
    public static MessagePart Map(BodyPartBasic part, string? bodyCharset = null)
    {
        var charset = Charset(part.ContentType);
        return new MessagePart(
            // RFC 3501 section 6.4.5: a message that is not multipart has the part 1.
            Part: part.PartSpecifier is { Length: > 0 } section ? section : "1",
            // RFC 2046 section 5.1: a multipart without parts. Some servers report it as such, others as a text.
            ContentType: ContentType(part.ContentType) is var type && type.StartsWith("multipart/", StringComparison.Ordinal) ? "text/plain" : type,
            Charset: charset,
            Encoding: Encoding(part.ContentTransferEncoding),
            Size: part.Octets,
            Filename: Filenames.Of(part, charset ?? bodyCharset),
            Disposition: Disposition(part.ContentDisposition),
            ContentId: MessageIds.Bare(Decoded(part.ContentId)),
            Location: Location(part.ContentLocation?.OriginalString),
            InText: false,
            InHtml: false,
            IsInline: false)
        {
            Language = Language(part.ContentLanguage),
        };
    }

    public static MessageMultipart Map(BodyPartMultipart multipart) =>
        new(multipart.PartSpecifier ?? "", ContentType(multipart.ContentType), Disposition(multipart.ContentDisposition), Language(multipart.ContentLanguage));

    public static string ContentType(ContentType? type) =>
        $"{type?.MediaType}/{type?.MediaSubtype}".ToLowerInvariant() is var name && MediaType().IsMatch(name) ? name : "application/octet-stream";

    public static string? Charset(ContentType? type) =>
        type?.Charset is { Length: > 0 and <= MaxCharset } charset && HeaderText.Clean(charset) is { Length: > 0 } clean ? clean : null;

    /// <summary>Returns the encoding (RFC 2045 section 6.4). A part with an unknown encoding cannot be decoded.</summary>
    public static string Encoding(string? encoding) => Token(encoding) switch
    {
        null or "" or "7bit" or "7-bit" => "7bit",
        "8bit" or "8-bit" => "8bit",
        "base64" => "base64",
        "quoted-printable" => "quoted-printable",
        "x-uuencode" or "uuencode" or "x-uue" => "x-uuencode",
        _ => "binary",
    };

    /// <summary>Returns the disposition (RFC 2183 section 2.8). An unknown type is an attachment.</summary>
    public static string? Disposition(ContentDisposition? disposition) => Token(disposition?.Disposition) switch
    {
        null or "" => null,
        "inline" => "inline",
        _ => "attachment",
    };

    /// <summary>Returns the languages that are valid tags (RFC 5646 section 2.1).</summary>
    private static string? Language(string[]? tags) =>
        tags?.SelectMany(list => list.Split(',', StringSplitOptions.TrimEntries)).Where(tag => LanguageTag().IsMatch(tag)).Take(MaxLanguages).ToList() is { Count: > 0 } fit ? string.Join(", ", fit) : null;

    /// <summary>Returns the Content-Location (RFC 2557 section 4.2) for the API. Null if it is empty or very long.</summary>
    public static string? Location(string? location) =>
        location is not null && HeaderText.Clean(location).Trim() is { Length: > 0 and <= MaxLocation } clean ? clean : null;

    /// <summary>Decodes encoded words, which some senders write where RFC 2047 section 5 does not allow them.</summary>
    private static string? Decoded(string? value) => value?.Contains("=?", StringComparison.Ordinal) == true ? EncodedWords.Decode(value, null) : value;

    /// <summary>Returns the word that a field begins with, in lower case, without the comments, quotation marks and parameters that some senders write around it (RFC 2045 section 5.1).</summary>
    private static string? Token(string? value) => Word().Match(Comments().Replace(Decoded(value) ?? "", "")) is { Success: true } word ? word.Value.ToLowerInvariant() : null;

    [GeneratedRegex(@"\([^()]*\)")]
    private static partial Regex Comments();

    [GeneratedRegex(@"^[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{1,8}){0,8}\z")]
    private static partial Regex LanguageTag();

    [GeneratedRegex(@"[^\s"";]+")]
    private static partial Regex Word();

    [GeneratedRegex(@"^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\z")]
    private static partial Regex MediaType();
}
