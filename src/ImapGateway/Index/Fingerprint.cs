using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Index;

/// <summary>
/// Computes fingerprints that show whether a message elsewhere may be the same one: 64 bits of a hash of the best identity available. The server's own (EMAILID, X-GM-MSGID) has precedence over
/// the sender's Message-ID, and that over Date, From and Subject. Copies have the same fingerprint.
/// </summary>
public static class Fingerprint
{
    /// <summary>The value of a fingerprint that was not computed yet.</summary>
    public const ulong Unknown = 0;

    /// <summary>The value for a message without any identity.</summary>
    public const ulong None = 1;

    /// <summary>Returns whether the fingerprint can be compared.</summary>
    public static bool Tells(ulong fingerprint) => fingerprint is not (Unknown or None);

    /// <returns>The fingerprint; <see cref="Unknown"/> for a placeholder, so that it is computed again later.</returns>
    public static ulong Of(MessageHeaders headers) => Of(MessageIdentity.Of(headers)) is var fingerprint && fingerprint == None && headers.Problem is not null ? Unknown : fingerprint;

    public static ulong Of(MessageIdentity message) => message switch
    {
        { EmailId: { } id } => OfEmailId(id),
        { MessageId: { } id } => OfMessageId(id),
        { Date: { } date, From: { } from, Subject: { } subject } => Hash($"D{date.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)}\n{from}\n{subject}"),
        _ => None,
    };

    /// <summary>Returns the fingerprint of an EMAILID (RFC 8474 section 5.1), or of X-GM-MSGID as a decimal number.</summary>
    public static ulong OfEmailId(string emailId) => Hash("E" + emailId);

    /// <param name="messageId">The message id without angle brackets.</param>
    public static ulong OfMessageId(string messageId) => Hash("M" + messageId);

    private static ulong Hash(string identity)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(identity), hash);
        var value = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(hash);
        return Tells(value) ? value : ~value;
    }
}
