using System.Collections.Immutable;
using System.Globalization;
using ImapGateway.Mail;
using MailKit;

namespace ImapGateway.Imap;

/// <summary>Converts the result of a FETCH to the record of a message that is cached and sent.</summary>
public static class SummaryMapping
{
    /// <summary>
    /// The header fields to request with every summary, instead of ENVELOPE, in which servers treat addresses and raw 8-bit differently. Always the same fields in the same order, because servers
    /// keep what they have found by this list; some are not shown yet.
    /// </summary>
    public static readonly ImmutableArray<string> Fields =
    [
        "Date", "Subject", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To", "References",
        "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted", "Authentication-Results",
    ];

    /// <summary>The problem of headers without a structure, until it has been read from the message.</summary>
    public static readonly Problem NoStructure = new(ErrorCode.AccountProtocol, "The mail server does not describe the structure of the message, or describes one that is impossible.");

    private static readonly Problem NoSize = new(ErrorCode.AccountProtocol, "The mail server does not say how large the message is, or gives a size that is impossible.");

    private static readonly Problem NoDate = new(ErrorCode.AccountProtocol, "The mail server does not say when it received the message, and the message has no date.");

    /// <summary>Converts a summary and never throws. Missing or broken data are null or empty.</summary>
    /// <param name="summary">The summary with BodyStructure, InternalDate, Size and <see cref="Fields"/>; EmailId and ThreadId if the server has them.</param>
    /// <param name="header">The whole header; null to use the fields of the summary.</param>
    /// <param name="size">The size, if it is too large for the summary.</param>
    public static MessageHeaders Headers(IMessageSummary summary, HeaderFields? header = null, long? size = null)
    {
        var parts = MessageStructure.Of(summary.Body);
        var fields = header ?? HeaderFields.Of(summary.Headers, parts.FirstOrDefault(part => part.InText || part.InHtml)?.Charset);
        var date = fields.Date("Date");
        return new MessageHeaders(
            EmailId: summary.EmailId ?? Decimal(summary.GMailMessageId),
            ThreadId: summary.ThreadId ?? Decimal(summary.GMailThreadId),
            MessageId: fields.Id("Message-ID"),
            InReplyTo: fields.Ids("In-Reply-To"),
            References: fields.Ids("References"),
            Subject: fields.Text("Subject"),
            From: fields.Addresses("From"),
            Sender: fields.Addresses("Sender"),
            ReplyTo: fields.Addresses("Reply-To"),
            To: fields.Addresses("To"),
            Cc: fields.Addresses("Cc"),
            Bcc: fields.Addresses("Bcc"),
            Date: date,
            ReceivedAt: Dates.Plausible(summary.InternalDate) ?? date,
            Size: size ?? summary.Size,
            Parts: parts)
        {
            Multiparts = MessageStructure.MultipartsOf(summary.Body),
            Problem = summary.Body is null ? NoStructure : null,
        };
    }

    /// <summary>
    /// Adds a problem if the date or the size is unknown. The rest of such a message is complete, so this is done last.
    /// </summary>
    public static MessageHeaders WithUnknown(MessageHeaders headers) => headers switch
    {
        { Problem: not null } or { ReceivedAt: not null, Size: not null } => headers,
        { Size: not null } => headers with { Problem = NoDate },
        _ => headers with { Problem = NoSize },
    };

    /// <summary>Converts a message of which the server sends only the header. Only the part described by Content-Type is known, and a multipart has none.</summary>
    public static MessageHeaders FromRawHeader(ReadOnlySpan<byte> header, DateTimeOffset? receivedAt, long? size)
    {
        var charset = PartMapping.Charset(HeaderFields.Parse(header).ContentType());
        var fields = HeaderFields.Parse(header, charset);
        return Headers(new MessageSummary(0) { InternalDate = receivedAt, Body = Body(fields, size ?? 0) }, fields, size) with { Problem = NoStructure };
    }

    private static BodyPartBasic? Body(HeaderFields fields, long size)
    {
        var type = fields.ContentType();
        return type.IsMimeType("multipart", "*") ? null : new BodyPartBasic(type, "")
        {
            ContentDisposition = fields.ContentDisposition(),
            ContentTransferEncoding = fields.Text("Content-Transfer-Encoding"),
            ContentId = fields.Text("Content-ID"),
            Octets = (uint)Math.Clamp(size, 0, uint.MaxValue),
        };
    }

    /// <summary>Formats X-GM-MSGID and X-GM-THRID as Gmail writes them.</summary>
    private static string? Decimal(ulong? id) => id is > 0 ? id.Value.ToString(CultureInfo.InvariantCulture) : null;
}
