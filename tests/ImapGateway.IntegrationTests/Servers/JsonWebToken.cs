using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ImapGateway.IntegrationTests.Servers;

/// <summary>Tokens signed with HS256 (RFC 7519), whose <c>sub</c> is the user.</summary>
internal static class JsonWebToken
{
    public const string Secret = "a secret of the tests, known to everyone";

    public static string Create(string user, TimeSpan validFor)
    {
        var now = DateTimeOffset.UtcNow;
        var head = Encode(new { alg = "HS256", typ = "JWT" });
        var body = Encode(new { sub = user, iat = now.AddMinutes(-1).ToUnixTimeSeconds(), exp = now.Add(validFor).ToUnixTimeSeconds() });
        var signature = HMACSHA256.HashData(Encoding.ASCII.GetBytes(Secret), Encoding.ASCII.GetBytes($"{head}.{body}"));
        return $"{head}.{body}.{Base64Url.EncodeToString(signature)}";
    }

    private static string Encode<T>(T value) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(value));
}
