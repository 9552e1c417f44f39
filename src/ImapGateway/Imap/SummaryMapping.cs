using System.Collections.Immutable;
using System.Globalization;
using ImapGateway.Mail;
using MailKit;

namespace ImapGateway.Imap;

/// <summary>What a FETCH told about a message, as the record that is cached and sent.</summary>
public static class SummaryMapping
{
    /// <summary>
    /// To be asked for with every summary: ENVELOPE has no References, and MailKit keeps only the first id of In-Reply-To.
    /// </summary>
    public static readonly ImmutableArray<string> Fields = ["References", "In-Reply-To"];

    /// <summary>The fields that say all that ENVELOPE says; to be fetched where the ENVELOPE <see cref="IsDoubtful"/> or cannot be parsed.</summary>
    public static readonly ImmutableArray<string> EnvelopeFields =
        ["Date", "Subject", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To", "References", "Content-Type", "Content-Disposition", "Content-ID", "Content-Transfer-Encoding"];

    /// <summary>
    /// A header field that was fetched goes before the ENVELOPE, for it has the sender's bytes. Nothing throws; what is missing or broken is null or empty.
    /// </summary>
    /// <param name="summary">With Envelope, BodyStructure, InternalDate, Size and <see cref="Fields"/>; EmailId and ThreadId where the server has them.</param>
    /// <param name="header">Fetched besides, as in <see cref="EnvelopeFields"/>; null: the fields of the summary.</param>
    public static MessageHeaders Headers(IMessageSummary summary, HeaderFields? header = null)
    {
        var parts = MessageStructure.Of(summary.Body);
        var charset = parts.FirstOrDefault(part => part.InText || part.InHtml)?.Charset;
        var fields = header ?? HeaderFields.Of(summary.Headers, charset);
        var envelope = summary.Envelope;
        var date = fields.Contains("Date") ? fields.Date("Date") : Dates.Plausible(envelope?.Date);
        return new MessageHeaders(
            EmailId: summary.EmailId ?? Decimal(summary.GMailMessageId),
            ThreadId: summary.ThreadId ?? Decimal(summary.GMailThreadId),
            MessageId: fields.Ids("Message-ID") is [var id, ..] ? id : MessageIds.Bare(envelope?.MessageId),
            InReplyTo: fields.Contains("In-Reply-To") ? fields.Ids("In-Reply-To") : MessageIds.Of([envelope?.InReplyTo], 1),
            References: fields.Contains("References") ? fields.Ids("References") : MessageIds.Of(summary.References ?? [], int.MaxValue),
            Subject: fields.Contains("Subject") ? fields.Text("Subject") : Subject(envelope?.Subject, charset),
            From: Addresses("From", envelope?.From),
            Sender: Addresses("Sender", envelope?.Sender),
            ReplyTo: Addresses("Reply-To", envelope?.ReplyTo),
            To: Addresses("To", envelope?.To),
            Cc: Addresses("Cc", envelope?.Cc),
            Bcc: Addresses("Bcc", envelope?.Bcc),
            Date: date,
            ReceivedAt: Dates.Plausible(summary.InternalDate) ?? date ?? DateTimeOffset.UnixEpoch,
            Size: summary.Size ?? 0,
            Parts: parts);

        ImmutableArray<EmailAddress> Addresses(string name, MimeKit.InternetAddressList? list) =>
            fields.Contains(name) ? fields.Addresses(name) : EmailAddresses.Of(list, charset);
    }

    /// <summary>
    /// For a message whose ENVELOPE or BODYSTRUCTURE cannot be parsed. Of its parts only the one that Content-Type tells is known, and a multipart has none.
    /// </summary>
    public static MessageHeaders FromRawHeader(ReadOnlySpan<byte> header, DateTimeOffset? receivedAt, long size)
    {
        var charset = PartMapping.Charset(HeaderFields.Parse(header).ContentType());
        var fields = HeaderFields.Parse(header, charset);
        return Headers(new MessageSummary(0) { InternalDate = receivedAt, Size = (uint)Math.Clamp(size, 0, uint.MaxValue), Body = Body(fields, size) }, fields);
    }

    /// <summary>
    /// True where raw 8-bit may have been misread: the message's <see cref="EnvelopeFields"/> tell. Text in Latin letters with two accents in a row is
    /// doubted without need.
    /// </summary>
    public static bool IsDoubtful(IMessageSummary summary) => summary.Envelope is { } envelope
        && (HeaderText.IsDoubtful(envelope.Subject) || new[] { envelope.From, envelope.Sender, envelope.ReplyTo, envelope.To, envelope.Cc, envelope.Bcc }
            .Any(list => EmailAddresses.Flat(list).Any(mailbox => HeaderText.IsDoubtful(mailbox.Name))));

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

    private static string? Subject(string? subject, string? charset) =>
        subject is not null && HeaderText.Clean(HeaderText.Repair(subject, charset)!) is { Length: > 0 } text ? text : null;

    /// <summary>X-GM-MSGID and X-GM-THRID, as Gmail writes them.</summary>
    private static string? Decimal(ulong? id) => id is > 0 ? id.Value.ToString(CultureInfo.InvariantCulture) : null;
}
