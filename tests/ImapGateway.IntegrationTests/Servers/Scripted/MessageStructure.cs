using System.Text;
using MimeKit;
using static ImapGateway.IntegrationTests.Servers.Scripted.MailboxCommands;

namespace ImapGateway.IntegrationTests.Servers.Scripted;

/// <summary>ENVELOPE and BODYSTRUCTURE (RFC 9051 section 7.5.2) of a message.</summary>
internal static class MessageStructure
{
    public static string Envelope(byte[] octets) => Envelope(MimeMessage.Load(new MemoryStream(octets)));

    public static string Body(byte[] octets)
    {
        var message = MimeMessage.Load(new MemoryStream(octets));
        return message.Body is null ? "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 0 0 NIL NIL NIL NIL)" : Of(message.Body);
    }

    private static string Envelope(MimeMessage message)
    {
        var from = Addresses(message.From);
        return "(" + string.Join(
            ' ',
            Raw(message, HeaderId.Date),
            Raw(message, HeaderId.Subject),
            from,
            message.Sender is { } sender ? Addresses([sender]) : from,
            message.ReplyTo.Count > 0 ? Addresses(message.ReplyTo) : from,
            Addresses(message.To),
            Addresses(message.Cc),
            Addresses(message.Bcc),
            Raw(message, HeaderId.InReplyTo),
            Raw(message, HeaderId.MessageId)) + ")";
    }

    /// <summary>As it stands in the header, encoded words and all, on one line.</summary>
    private static string Raw(MimeMessage message, HeaderId id) =>
        String(message.Headers.FirstOrDefault(header => header.Id == id) is { } header ? Encoding.Latin1.GetString(header.RawValue).ReplaceLineEndings("").Trim() : null);

    private static string Addresses(IEnumerable<InternetAddress> addresses)
    {
        var boxes = addresses.OfType<MailboxAddress>().Select(box =>
            $"({String(box.Name is { Length: > 0 } name ? Encode(name) : null)} NIL {String(box.LocalPart)} {String(box.Domain)})").ToArray();
        return boxes.Length == 0 ? "NIL" : $"({string.Concat(boxes)})";
    }

    private static string Encode(string name) => Encoding.ASCII.GetString(MimeKit.Utils.Rfc2047.EncodePhrase(Encoding.UTF8, name)).Trim('"');

    private static string Of(MimeEntity entity)
    {
        var type = entity.ContentType;
        var tail = $"{Disposition(entity.ContentDisposition)} NIL {String(entity.ContentLocation?.OriginalString)}";
        if (entity is Multipart multipart)
        {
            return $"({string.Concat(multipart.Select(Of))} {String(type.MediaSubtype.ToUpperInvariant())} {Parameters(type.Parameters)} {tail})";
        }

        var encoding = String(entity.Headers[HeaderId.ContentTransferEncoding]?.ToUpperInvariant() ?? "7BIT");
        var content = Content(entity);
        var id = String(entity.ContentId is { } contentId ? $"<{contentId}>" : null);
        var basic = $"{String(type.MediaType.ToUpperInvariant())} {String(type.MediaSubtype.ToUpperInvariant())} {Parameters(type.Parameters)} {id} NIL {encoding} {Number(content.Length)}";
        var lines = Number(content.AsSpan().Count((byte)'\n'));
        return entity switch
        {
            MessagePart { Message: { Body: { } body } inner } => $"({basic} {Envelope(inner)} {Of(body)} {lines} NIL {tail})",
            TextPart => $"({basic} {lines} NIL {tail})",
            _ => $"({basic} NIL {tail})",
        };
    }

    private static byte[] Content(MimeEntity entity) => MessageSection.Written(stream =>
    {
        switch (entity)
        {
            case MessagePart part:
                part.Message?.WriteTo(MessageSection.Wire, stream);
                break;
            case MimePart part:
                part.Content?.WriteTo(stream);
                break;
        }
    });

    private static string Disposition(ContentDisposition? disposition) =>
        disposition is null ? "NIL" : $"({String(disposition.Disposition)} {Parameters(disposition.Parameters)})";

    private static string Parameters(ParameterList parameters) =>
        parameters.Count == 0 ? "NIL" : $"({string.Join(' ', parameters.Select(p => $"{String(p.Name)} {String(Encode(p.Value))}"))})";

    private static string String(string? text) => text is null ? "NIL" : Quoted(text);
}
