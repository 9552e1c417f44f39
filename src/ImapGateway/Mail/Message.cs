using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace ImapGateway.Mail;

/// <summary>A display name and an address (RFC 5322 section 3.4); groups are flattened to their members.</summary>
/// <param name="Name" example="Anna Berg">The display name, or null if there is none.</param>
/// <param name="Address" example="anna@example.org">The address in the form of the header, which is not always a valid address.</param>
[GenerateSerializer, Immutable]
public sealed record EmailAddress(string? Name, string Address);

/// <summary>A part that is not the text or the HTML of the message (RFC 8621 section 4.1.4, attachments).</summary>
/// <param name="Part" example="2">The IMAP section number ("2", "1.3"), which is the last segment of its URL.</param>
/// <param name="Filename" example="offer.pdf">The file name, decoded (RFC 2231, RFC 2047) and without any path, or null if the sender gave none.</param>
/// <param name="ContentType" example="application/pdf">The media type in lower case, without parameters.</param>
/// <param name="Size" example="68412">The number of encoded octets, as reported by the mail server.</param>
/// <param name="Disposition" example="attachment">The disposition: "attachment", "inline" or null.</param>
/// <param name="ContentId">The Content-ID, decoded (RFC 2047), without angle brackets.</param>
/// <param name="Inline">
/// True for a part that is not shown to a user as a file: content of the HTML, the signature of a signed message, another representation of the text. Parts that are not inline make
/// `hasAttachments` true.
/// </param>
[GenerateSerializer, Immutable]
public sealed record Attachment(string Part, string? Filename, string ContentType, long Size, string? Disposition, string? ContentId, bool Inline);

/// <summary>The readable text of a message. Each form is null if it was not requested or the message has none.</summary>
/// <param name="Text">The plain text, derived from the HTML if there is no text part.</param>
/// <param name="Html">The HTML, safe to show unless it was requested as raw.</param>
/// <param name="Truncated">True if <c>maxBodyBytes</c> has cut the text.</param>
[GenerateSerializer, Immutable]
public sealed record MessageBody(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Text,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Html,
    bool Truncated);

/// <summary>
/// The data of a message that never change (RFC 3501 section 2.3.1.1): header fields, structure, date of receipt, size.
/// Header caches store these; identity and flags come from the index.
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
    DateTimeOffset? ReceivedAt,
    long? Size,
    ImmutableArray<MessagePart> Parts)
{
    /// <summary>The headers of a message of which only the data of the index are needed.</summary>
    public static readonly MessageHeaders Unread = new(null, null, null, [], [], null, [], [], [], [], [], [], null, null, null, []);

    /// <summary>Returns the headers of a message that the mail server cannot answer for.</summary>
    /// <param name="receivedAt">The date of receipt, or null if it is not known.</param>
    /// <param name="size">The size, or null if it is not known.</param>
    public static MessageHeaders Placeholder(DateTimeOffset? receivedAt, long? size, Problem problem) =>
        Unread with { ReceivedAt = receivedAt, Size = size, Preview = "", Problem = problem };

    /// <summary>The beginning of the text, in one line. Empty if nothing can be read; null if the text was not read.</summary>
    [Id(16)] public string? Preview { get; init; }

    /// <summary>The multiparts around <see cref="Parts"/>, in the order of the message. Empty for a message that is no multipart.</summary>
    [Id(17)] public ImmutableArray<MessageMultipart> Multiparts { get; init; } = [];

    /// <summary>
    /// The reason why the mail server did not give the whole message, or null. If it is set, unknown values are placeholders. Caches do not store such headers, because the server is asked again.
    /// </summary>
    [Id(18)] public Problem? Problem { get; init; }

    public ImmutableArray<Attachment> Attachments =>
        [.. Parts.Where(part => !part.IsBody).Select(part => new Attachment(part.Part, part.SavedAs, part.ContentType, part.Size, part.Disposition, part.ContentId, part.IsInline))];

    /// <summary>True if the message has parts that are shown to a user as files.</summary>
    public bool HasFiles => Parts.Any(part => part.IsFile);
}

/// <summary>A leaf of the MIME structure (BODYSTRUCTURE, RFC 3501 section 7.4.2); a nested message/rfc822 is one leaf.</summary>
/// <param name="Part">The IMAP section number.</param>
/// <param name="ContentType">The media type in lower case, without parameters; application/octet-stream if it cannot be parsed.</param>
/// <param name="Charset">The charset parameter in the sender's spelling.</param>
/// <param name="Encoding">The Content-Transfer-Encoding in lower case: 7bit, 8bit, binary, base64, quoted-printable, x-uuencode.</param>
/// <param name="Size">The number of encoded octets.</param>
/// <param name="Filename">The file name, decoded and without any path.</param>
/// <param name="Disposition">The disposition: "attachment", "inline" or null.</param>
/// <param name="ContentId">The Content-ID, decoded (RFC 2047), without angle brackets.</param>
/// <param name="Location">The Content-Location (RFC 2557), another name by which the HTML can show the part.</param>
/// <param name="InText">True if the part is shown, in this order, when the message is read as plain text (RFC 8621 section 4.1.4, textBody).</param>
/// <param name="InHtml">True if the part is shown, in this order, when the message is read as HTML (RFC 8621 section 4.1.4, htmlBody).</param>
/// <param name="IsInline">True if the part is not the body and not shown to a user as a file either: the HTML shows it, or it is a signature or another representation.</param>
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
    /// <summary>The Content-Language (RFC 3282), tags with commas between them, or null if there is none.</summary>
    [Id(12)] public string? Language { get; init; }

    /// <summary>True if the part is read as the text of the message.</summary>
    public bool IsBody => InText || InHtml;

    /// <summary>True if the part is shown to a user as a file.</summary>
    public bool IsFile => !IsBody && !IsInline;

    /// <summary>The name to save the part under. Invitations often have none, and no calendar opens a file without an extension.</summary>
    public string? SavedAs => Filename ?? (ContentType == "text/calendar" ? "invite.ics" : null);
}

/// <summary>A message in the form for clients. Dates are UTC, sizes octets; <c>modSeq</c> (RFC 7162) is a string because it has 63 bits.</summary>
[GenerateSerializer, Immutable]
public sealed record Message
{
    /// <summary>The id of the message. It is opaque, and does not change when the message is moved.</summary>
    /// <example>m_kq3zvw5xbe</example>
    [Id(0)] public required string Id { get; init; }
    /// <summary>The id of the mailbox of the message.</summary>
    /// <example>b_kq3zvw5xc</example>
    [Id(1)] public required string MailboxId { get; init; }
    /// <summary>The IMAP UID (RFC 3501 section 2.3.1.1). It changes when the message is moved.</summary>
    /// <example>4711</example>
    [Id(2)] public required uint Uid { get; init; }
    /// <summary>The EMAILID (RFC 8474 section 5.1) or X-GM-MSGID, if the server has one.</summary>
    [Id(3), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? EmailId { get; init; }
    /// <summary>The THREADID (RFC 8474 section 5.2) or X-GM-THRID, if the server has one.</summary>
    [Id(4), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? ThreadId { get; init; }
    /// <summary>The Message-ID header without angle brackets. The sender chooses it; it is neither unique nor trustworthy.</summary>
    /// <example>cafe.1@example.org</example>
    [Id(5)] public required string? MessageId { get; init; }
    /// <summary>The Message-IDs of the message that it answers, without angle brackets.</summary>
    [Id(6)] public required ImmutableArray<string> InReplyTo { get; init; }
    /// <summary>The Message-IDs of the conversation before it, without angle brackets.</summary>
    [Id(7)] public required ImmutableArray<string> References { get; init; }
    /// <summary>The subject, decoded (RFC 2047).</summary>
    /// <example>Our offer</example>
    [Id(8)] public required string? Subject { get; init; }
    /// <summary>The authors.</summary>
    [Id(9)] public required ImmutableArray<EmailAddress> From { get; init; }
    /// <summary>The sender, if it is not the author.</summary>
    [Id(10)] public required ImmutableArray<EmailAddress> Sender { get; init; }
    /// <summary>The addresses for replies.</summary>
    [Id(11)] public required ImmutableArray<EmailAddress> ReplyTo { get; init; }
    /// <summary>The recipients.</summary>
    [Id(12)] public required ImmutableArray<EmailAddress> To { get; init; }
    /// <summary>The recipients of copies.</summary>
    [Id(13)] public required ImmutableArray<EmailAddress> Cc { get; init; }
    /// <summary>The recipients that other recipients do not see. Present in sent messages and drafts.</summary>
    [Id(14)] public required ImmutableArray<EmailAddress> Bcc { get; init; }
    /// <summary>The Date header, or null if it is missing or cannot be parsed.</summary>
    /// <example>2026-05-31T13:44:52Z</example>
    [Id(15)] public required DateTimeOffset? Date { get; init; }
    /// <summary>
    /// The INTERNALDATE (RFC 3501 section 2.3.3): the time at which the mail server received the message. If the server gives none that can be read, it is the Date header.
    /// </summary>
    /// <example>2026-05-31T13:45:00Z</example>
    [Id(16)] public required DateTimeOffset ReceivedAt { get; init; }
    /// <summary>The flags: RFC 8621 spelling ($seen, $answered, $flagged, $draft), $deleted, and keywords as they are.</summary>
    /// <example>["$flagged", "$seen"]</example>
    [Id(17)] public required Flags Flags { get; init; }
    /// <summary>The RFC822.SIZE in octets. Some servers report a slightly wrong one. Null, with a `problem`, if the server gives none that can be read.</summary>
    /// <example>71034</example>
    [Id(18)] public required long? Size { get; init; }
    /// <summary>The beginning of the text, without quotes and markup, in one line of 200 characters at most. Empty if nothing can be read. Needs the scope mail.read.</summary>
    /// <example>Thank you for your time yesterday. As we agreed, here is our offer.</example>
    [Id(24), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Preview { get; init; }
    /// <summary>True if there is any item in `attachments` that is not inline.</summary>
    [Id(19)] public required bool HasAttachments { get; init; }
    /// <summary>All parts except those that are read as the text or the HTML of the message. Files are those that are not inline.</summary>
    [Id(20)] public required ImmutableArray<Attachment> Attachments { get; init; }
    /// <summary>The whole MIME structure, including multiparts. Present if it was requested with <c>structure=true</c>.</summary>
    [Id(25), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public StructurePart? Structure { get; init; }
    /// <summary>The MODSEQ (RFC 7162), if the server has it. It grows with every change of flags. A number of 63 bits, hence a string.</summary>
    /// <example>90210</example>
    [Id(21), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? ModSeq { get; init; }
    /// <summary>The header fields, from the name in lower case to the decoded values in order of appearance. Present if they were requested with <c>headers=</c>.</summary>
    [Id(22), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public ImmutableSortedDictionary<string, ImmutableArray<string>>? Headers { get; init; }
    /// <summary>The text of the message. Present if it was requested with <c>body=</c>.</summary>
    [Id(23), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public MessageBody? Body { get; init; }
    /// <summary>
    /// The reason why the mail server could not give the whole message. Absent if there is no problem. Otherwise unknown members are null or empty, and `receivedAt` is 1970-01-01T00:00:00Z if
    /// the date of receipt is not known. The server is asked again from time to time.
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
            ReceivedAt = headers.ReceivedAt ?? DateTimeOffset.UnixEpoch,
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
