using System.Globalization;
using System.Text;

namespace ImapGateway.IntegrationTests.Servers.Scripted;

/// <summary>A message in a <see cref="ScriptedMailbox"/>. What is set on it is what the server says of it, true or not.</summary>
public sealed class ScriptedMessage(uint uid, byte[] octets)
{
    public uint Uid { get; } = uid;

    public byte[] Octets { get; } = octets;

    /// <summary>As on the wire: <c>\Seen</c>, <c>$Forwarded</c>.</summary>
    public SortedSet<string> Flags { get; } = new(StringComparer.OrdinalIgnoreCase);

    public DateTimeOffset ReceivedAt { get; init; } = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public long ModSeq { get; internal set; }

    /// <summary>RFC822.SIZE; the truth if null.</summary>
    public long? Size { get; init; }

    /// <summary>In place of the right ENVELOPE, with its parentheses.</summary>
    public string? Envelope { get; init; }

    /// <summary>In place of the right BODYSTRUCTURE, with its parentheses.</summary>
    public string? BodyStructure { get; init; }

    /// <summary>What the server says of items in place of the truth, as on the wire.</summary>
    public IReadOnlyDictionary<string, string> Said { get; init; } = new Dictionary<string, string>();

    public string EmailId { get; init; } = $"M{Guid.NewGuid():N}";

    public string? ThreadId { get; init; }

    public ulong GmailMessageId { get; init; } = (ulong)Random.Shared.NextInt64();

    /// <summary>As on the wire: <c>\Inbox</c>, <c>work</c>.</summary>
    public SortedSet<string> GmailLabels { get; init; } = [];

    public static byte[] From(MimeKit.MimeMessage message) => MessageSection.Written(stream => message.WriteTo(MessageSection.Wire, stream));

    /// <summary>The same message elsewhere: what identifies it goes along.</summary>
    internal ScriptedMessage CopyAs(uint uid)
    {
        var copy = new ScriptedMessage(uid, Octets)
        {
            ReceivedAt = ReceivedAt,
            Size = Size,
            Envelope = Envelope,
            BodyStructure = BodyStructure,
            Said = Said,
            EmailId = EmailId,
            ThreadId = ThreadId,
            GmailMessageId = GmailMessageId,
            GmailLabels = [.. GmailLabels],
        };
        copy.Flags.UnionWith(Flags);
        return copy;
    }

    /// <summary>A short text message, the same for the same subject.</summary>
    public static byte[] Text(string subject, string body = "Some text.\r\n") => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"From: Anna Berg <anna@example.org>\r\nTo: ben@example.com\r\nSubject: {subject}\r\nDate: Fri, 2 Jan 2026 03:04:05 +0000\r\nMessage-ID: <{subject.Replace(' ', '.')}@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}"));
}
