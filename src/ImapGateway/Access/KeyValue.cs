using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace ImapGateway.Access;

/// <summary>What a client presents: <c>igk_</c> and 256 random bits in base64url. Nothing but its SHA-256 is kept: what is random needs no slow hash.</summary>
public static class KeyValue
{
    public const string Prefix = "igk_";

    public static string New() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public static byte[] Hash(string value) => SHA256.HashData(Encoding.UTF8.GetBytes(value));

    /// <summary>Enough to tell one's keys apart, useless to guess the rest.</summary>
    public static string Hint(string value) => value[..(Prefix.Length + 4)];
}
