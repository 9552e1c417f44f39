using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ImapGateway.Webhooks.Sending;

/// <summary>Makes signatures of Standard Webhooks 1.0: HMAC-SHA256 over <c>id.timestamp.body</c>.</summary>
public static class Signer
{
    /// <summary>Returns the value of <c>webhook-signature</c>: one signature for each key, so that a receiver verifies with the old secret or the new one.</summary>
    /// <param name="keys">The keys, the newest first.</param>
    /// <param name="id">The value of <c>webhook-id</c>.</param>
    /// <param name="timestamp">The value of <c>webhook-timestamp</c>: seconds since 1970.</param>
    /// <param name="body">The exact bytes that are sent.</param>
    public static string Sign(IEnumerable<byte[]> keys, string id, long timestamp, ReadOnlySpan<byte> body)
    {
        var prefix = string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}.");
        var signed = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(prefix.Length) + body.Length);
        try
        {
            var length = Encoding.UTF8.GetBytes(prefix, signed);
            body.CopyTo(signed.AsSpan(length));
            return string.Join(' ', SignAll(keys, signed, length + body.Length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(signed, clearArray: true);
        }
    }

    private static List<string> SignAll(IEnumerable<byte[]> keys, byte[] signed, int length) =>
        [.. keys.Select(key => "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, signed.AsSpan(0, length))))];
}
