using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace ImapGateway.Access;

/// <summary>The value of a key as clients present it: <c>igk_</c> and 256 random bits in base64url. Only its SHA-256 is stored: a random value needs no slow hash.</summary>
public static class KeyValue
{
    public const string Prefix = "igk_";

    public static string New() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public static byte[] Hash(string value) => SHA256.HashData(Encoding.UTF8.GetBytes(value));

    /// <summary>Returns the first characters of a key. They are enough to tell one's keys apart, and useless to guess the rest.</summary>
    public static string Hint(string value) => value[..(Prefix.Length + 4)];
}
