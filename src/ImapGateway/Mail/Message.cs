using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace ImapGateway.Mail;

/// <summary>A display name and an address (RFC 5322 section 3.4); groups are flattened to their members.</summary>
/// <param name="Name" example="Anna Berg">Null where there is none.</param>
/// <param name="Address" example="anna@example.org">As the header has it, which need not be an address.</param>
[GenerateSerializer, Immutable]
public sealed record EmailAddress(string? Name, string Address);

/// <summary>A part that is not the text or the HTML of the message (RFC 8621 section 4.1.4, attachments).</summary>
/// <param name="Part" example="2">The IMAP section number ("2", "1.3"), which is the last segment of its URL.</param>
/// <param name="Filename" example="offer.pdf">Decoded (RFC 2231, RFC 2047), without any path; null where the sender gave none.</param>
/// <param name="ContentType" example="application/pdf">Media type in lower case, without parameters.</param>
/// <param name="Size" example="68412">Encoded octets, as the mail server counts them.</param>
/// <param name="Disposition" example="attachment">"attachment", "inline" or null.</param>
/// <param name="ContentId">Decoded (RFC 2047), without angle brackets.</param>
/// <param name="Inline">
/// True for a part that a reader does not see as a file: what the HTML shows, the signature of a signed message, another representation of the text. Parts that are not inline make
/// `hasAttachments` true.
/// </param>
[GenerateSerializer, Immutable]
public sealed record Attachment(string Part, string? Filename, string ContentType, long Size, string? Disposition, string? ContentId, bool Inline);

/// <summary>Readable text of a message; each is null where it was not asked for or the message has none.</summary>
/// <param name="Text">Plain text, derived from the HTML where there is no text part.</param>
/// <param name="Html">HTML, safe to show unless asked for as raw.</param>
/// <param name="Truncated">True where <c>maxBodyBytes</c> cut something.</param>
[GenerateSerializer, Immutable]
public sealed record MessageBody(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Text,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Html,
    bool Truncated);

/// <summary>
/// What never changes about a message (RFC 3501 section 2.3.1.1): header fields, structure, date of receipt, size.
/// This is what header caches hold; identity and flags come from the index.
/// </summary>
[GenerateSerializer, Immutable]
public sealed record MessageHeaders(
    string? EmailId,
    string? ThreadId,
    string? MessageId,
    ImmutableArray<string> InReplyTo,
    ImmutableArray<string> References,
    string? Subject,
    ImmutableArray<EmailAddress> From,
    ImmutableArray<EmailAddress> Sender,
    ImmutableArray<EmailAddress> ReplyTo,
    ImmutableArray<EmailAddress> To,
    ImmutableArray<EmailAddress> Cc,
    ImmutableArray<EmailAddress> Bcc,
    DateTimeOffset? Date,
    DateTimeOffset ReceivedAt,
    long Size,
    ImmutableArray<MessagePart> Parts)
{
    /// <summary>For messages of which only what the index has is wanted.</summary>
    public static readonly MessageHeaders Unread = new(null, null, null, [], [], null, [], [], [], [], [], [], null, default, 0, []);

    /// <summary>For a message that the mail server cannot answer for.</summary>
    /// <param name="receivedAt">Null: not known.</param>
    /// <param name="size">0: not known.</param>
    public static MessageHeaders Placeholder(DateTimeOffset? receivedAt, long size, Problem problem) =>
        Unread with { ReceivedAt = receivedAt ?? DateTimeOffset.UnixEpoch, Size = size, Preview = "", Problem = problem };

    /// <summary>The beginning of the text, in one line; empty where nothing can be read; null where nobody has looked.</summary>
    [Id(16)] public string? Preview { get; init; }

    /// <summary>What stands around <see cref="Parts"/>, in the order of the message; empty for a message that is no multipart.</summary>
    [Id(17)] public ImmutableArray<MessageMultipart> Multiparts { get; init; } = [];

    /// <summary>
    /// Not null: the mail server did not give all of it, and these are placeholders as far as they are not known. Not kept by caches, for the server is asked again.
    /// </summary>
    [Id(18)] public Problem? Problem { get; init; }

    public ImmutableArray<Attachment> Attachments =>
        [.. Parts.Where(part => !part.IsBody).Select(part => new Attachment(part.Part, part.SavedAs, part.ContentType, part.Size, part.Disposition, part.ContentId, part.IsInline))];

    /// <summary>Whether the message has parts that a reader would see as files.</summary>
    public bool HasFiles => Parts.Any(part => part.IsFile);
}

/// <summary>A leaf of the MIME structure (BODYSTRUCTURE, RFC 3501 section 7.4.2); a nested message/rfc822 is one leaf.</summary>
/// <param name="Part">The IMAP section number.</param>
/// <param name="ContentType">Media type in lower case, without parameters; application/octet-stream where it cannot be understood.</param>
/// <param name="Charset">The charset parameter as the sender wrote it.</param>
/// <param name="Encoding">Content-Transfer-Encoding in lower case: 7bit, 8bit, binary, base64, quoted-printable, x-uuencode.</param>
/// <param name="Size">Encoded octets.</param>
/// <param name="Filename">Decoded, without any path.</param>
/// <param name="Disposition">"attachment", "inline" or null.</param>
/// <param name="ContentId">Decoded (RFC 2047), without angle brackets.</param>
/// <param name="Location">Content-Location (RFC 2557), another name by which the HTML can show the part.</param>
/// <param name="InText">It is shown, in this order, where the message is read as plain text (RFC 8621 section 4.1.4, textBody).</param>
/// <param name="InHtml">It is shown, in this order, where the message is read as HTML (RFC 8621 section 4.1.4, htmlBody).</param>
/// <param name="IsInline">It is not the body, and a reader would not see it as a file either: the HTML shows it, or it is a signature or another representation.</param>
[GenerateSerializer, Immutable]
public sealed record MessagePart(
    string Part,
    string ContentType,
    string? Charset,
    string Encoding,
    long Size,
    string? Filename,
    string? Disposition,
    string? ContentId,
    string? Location,
    bool InText,
    bool InHtml,
    bool IsInline)
{
    /// <summary>Content-Language (RFC 3282), tags with commas between; null where there is none.</summary>
    [Id(12)] public string? Language { get; init; }

    /// <summary>It is read as part of the message.</summary>
    public bool IsBody => InText || InHtml;

    /// <summary>A reader would see it as a file.</summary>
    public bool IsFile => !IsBody && !IsInline;

    /// <summary>The name to save it under. Invitations often have none, and no calendar opens a file without an extension.</summary>
    public string? SavedAs => Filename ?? (ContentType == "text/calendar" ? "invite.ics" : null);
}

/// <summary>A message as clients see it. Dates are UTC, sizes octets; <c>modSeq</c> (RFC 7162) is a string because it has 63 bits.</summary>
[GenerateSerializer, Immutable]
public sealed record Message
{
    /// <summary>Ours, opaque; stays the same when the message is moved.</summary>
    /// <example>m_kq3zvw5xbe</example>
    [Id(0)] public required string Id { get; init; }
    /// <summary>The mailbox it is in.</summary>
    /// <example>b_kq3zvw5xc</example>
    [Id(1)] public required string MailboxId { get; init; }
    /// <summary>The IMAP UID (RFC 3501 section 2.3.1.1); changes when the message is moved.</summary>
    /// <example>4711</example>
    [Id(2)] public required uint Uid { get; init; }
    /// <summary>EMAILID (RFC 8474 section 5.1) or X-GM-MSGID, where the server has one.</summary>
    [Id(3), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? EmailId { get; init; }
    /// <summary>THREADID (RFC 8474 section 5.2) or X-GM-THRID, where the server has one.</summary>
    [Id(4), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? ThreadId { get; init; }
    /// <summary>The Message-ID header without angle brackets; chosen by the sender, neither unique nor trustworthy.</summary>
    /// <example>cafe.1@example.org</example>
    [Id(5)] public required string? MessageId { get; init; }
    /// <summary>Message-IDs of the message it answers, without angle brackets.</summary>
    [Id(6)] public required ImmutableArray<string> InReplyTo { get; init; }
    /// <summary>Message-IDs of the conversation before it, without angle brackets.</summary>
    [Id(7)] public required ImmutableArray<string> References { get; init; }
    /// <summary>Decoded (RFC 2047).</summary>
    /// <example>Our offer</example>
    [Id(8)] public required string? Subject { get; init; }
    /// <summary>The authors.</summary>
    [Id(9)] public required ImmutableArray<EmailAddress> From { get; init; }
    /// <summary>Who sent it, where that is not its author.</summary>
    [Id(10)] public required ImmutableArray<EmailAddress> Sender { get; init; }
    /// <summary>Where answers are to go.</summary>
    [Id(11)] public required ImmutableArray<EmailAddress> ReplyTo { get; init; }
    /// <summary>Recipients.</summary>
    [Id(12)] public required ImmutableArray<EmailAddress> To { get; init; }
    /// <summary>Recipients of copies.</summary>
    [Id(13)] public required ImmutableArray<EmailAddress> Cc { get; init; }
    /// <summary>Recipients nobody else sees; there in sent messages and drafts.</summary>
    [Id(14)] public required ImmutableArray<EmailAddress> Bcc { get; init; }
    /// <summary>The Date header; null where it is missing or cannot be understood.</summary>
    /// <example>2026-05-31T13:44:52Z</example>
    [Id(15)] public required DateTimeOffset? Date { get; init; }
    /// <summary>INTERNALDATE (RFC 3501 section 2.3.3): when the mail server received it.</summary>
    /// <example>2026-05-31T13:45:00Z</example>
    [Id(16)] public required DateTimeOffset ReceivedAt { get; init; }
    /// <summary>RFC 8621 spelling ($seen, $answered, $flagged, $draft), $deleted, and keywords as they are.</summary>
    /// <example>["$flagged", "$seen"]</example>
    [Id(17)] public required Flags Flags { get; init; }
    /// <summary>RFC822.SIZE in octets; some servers lie a little.</summary>
    /// <example>71034</example>
    [Id(18)] public required long Size { get; init; }
    /// <summary>The beginning of the text, without quotes and markup, in one line of 200 characters at most; empty where nothing can be read. Needs the scope mail.read.</summary>
    /// <example>Thank you for your time yesterday. As we agreed, here is our offer.</example>
    [Id(24), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Preview { get; init; }
    /// <summary>Whether there is anything in `attachments` that is not inline.</summary>
    [Id(19)] public required bool HasAttachments { get; init; }
    /// <summary>All parts but those that are read as the text or the HTML of the message; files are those that are not inline.</summary>
    [Id(20)] public required ImmutableArray<Attachment> Attachments { get; init; }
    /// <summary>Present where <c>structure=true</c> asked for it: the whole MIME structure, multiparts too.</summary>
    [Id(25), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public StructurePart? Structure { get; init; }
    /// <summary>MODSEQ (RFC 7162) where the server has it: grows with every change of flags. A number of 63 bits, hence a string.</summary>
    /// <example>90210</example>
    [Id(21), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? ModSeq { get; init; }
    /// <summary>Present where <c>headers=</c> asked for it: name in lower case -> decoded values, in order of appearance.</summary>
    [Id(22), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public ImmutableSortedDictionary<string, ImmutableArray<string>>? Headers { get; init; }
    /// <summary>Present where <c>body=</c> asked for it.</summary>
    [Id(23), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public MessageBody? Body { get; init; }
    /// <summary>
    /// Absent where all is well. Otherwise the mail server could not give all of the message: members that are not known are null or empty, and `receivedAt` is 1970-01-01T00:00:00Z where the date of receipt is
    /// not known. The server is asked again from time to time.
    /// </summary>
    [Id(26), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public ResourceProblem? Problem { get; init; }

    public static Message Of(string id, string mailboxId, uint uid, Flags flags, ulong modSeq, MessageHeaders headers)
    {
        return new Message
        {
            Id = id,
            MailboxId = mailboxId,
            Uid = uid,
            EmailId = headers.EmailId,
            ThreadId = headers.ThreadId,
            MessageId = headers.MessageId,
            InReplyTo = headers.InReplyTo,
            References = headers.References,
            Subject = headers.Subject,
            From = headers.From,
            Sender = headers.Sender,
            ReplyTo = headers.ReplyTo,
            To = headers.To,
            Cc = headers.Cc,
            Bcc = headers.Bcc,
            Date = headers.Date,
            ReceivedAt = headers.ReceivedAt,
            Flags = flags,
            Size = headers.Size,
            Preview = headers.Preview,
            HasAttachments = headers.HasFiles,
            Attachments = headers.Attachments,
            ModSeq = modSeq == 0 ? null : modSeq.ToString(System.Globalization.CultureInfo.InvariantCulture),
            Problem = headers.Problem is { } problem ? ResourceProblem.Of(problem) : null,
        };
    }
}
