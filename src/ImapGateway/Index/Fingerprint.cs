using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Index;

/// <summary>
/// What tells that a message elsewhere may be the same one: 64 bits of a hash of the best identity there is. The server's own (EMAILID, X-GM-MSGID) counts
/// before the sender's Message-ID, and that before Date, From and Subject. Copies share it.
/// </summary>
public static class Fingerprint
{
    /// <summary>Nobody has looked yet.</summary>
    public const ulong Unknown = 0;

    /// <summary>The message has nothing to be told by.</summary>
    public const ulong None = 1;

    /// <summary>Whether there is something to be compared.</summary>
    public static bool Tells(ulong fingerprint) => fingerprint is not (Unknown or None);

    /// <returns><see cref="Unknown"/> for a placeholder, so that it is looked at again.</returns>
    public static ulong Of(MessageHeaders headers) => Of(MessageIdentity.Of(headers)) is var fingerprint && fingerprint == None && headers.Problem is not null ? Unknown : fingerprint;

    public static ulong Of(MessageIdentity message) => message switch
    {
        { EmailId: { } id } => OfEmailId(id),
        { MessageId: { } id } => OfMessageId(id),
        { Date: { } date, From: { } from, Subject: { } subject } => Hash($"D{date.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)}\n{from}\n{subject}"),
        _ => None,
    };

    /// <summary>EMAILID (RFC 8474 section 5.1), or X-GM-MSGID as a decimal number.</summary>
    public static ulong OfEmailId(string emailId) => Hash("E" + emailId);

    /// <param name="messageId">Without angle brackets.</param>
    public static ulong OfMessageId(string messageId) => Hash("M" + messageId);

    private static ulong Hash(string identity)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(identity), hash);
        var value = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(hash);
        return Tells(value) ? value : ~value;
    }
}
