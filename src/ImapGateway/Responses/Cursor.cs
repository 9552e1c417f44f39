using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ImapGateway.Mail;

namespace ImapGateway.Responses;

/// <summary>
/// The position at which a list continues, opaque to clients: base64url of a checksum and a position. The checksum covers the kind of list and its filters too, so that a
/// cursor that is garbled, made up, or used with another list is refused. It is not secret: a position must be safe in any client's hands.
/// </summary>
public static class Cursor
{
    private const int ChecksumLength = 8;

    /// <summary>The longest cursor in characters. A longer one is not from this gateway.</summary>
    private const int MaxLength = 2048;

    private static readonly JsonSerializerOptions Json = new() { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    /// <summary>Encodes a position. The filter is any text that is equal exactly where the filters are.</summary>
    public static string Encode<T>(string kind, string filter, T position)
    {
        var payload = JsonSerializer.SerializeToUtf8Bytes(position, Json);
        return Base64Url.EncodeToString([.. Checksum(kind, filter, payload), .. payload]);
    }

    public static bool TryDecode<T>(string kind, string filter, string cursor, out T position) where T : notnull
    {
        position = default!;
        if (cursor.Length > MaxLength || !Base64Url.IsValid(cursor))
        {
            return false;
        }
        var bytes = Base64Url.DecodeFromChars(cursor).AsSpan();
        if (bytes.Length < ChecksumLength || !bytes[..ChecksumLength].SequenceEqual(Checksum(kind, filter, bytes[ChecksumLength..])))
        {
            return false;
        }
        try
        {
            return JsonSerializer.Deserialize<T>(bytes[ChecksumLength..], Json) is { } decoded && (position = decoded) is not null;
        }
        catch (JsonException)
        {
            return false; // Anybody can compute a checksum.
        }
    }

    /// <summary>Returns the position, or null for the first page. A cursor that is not of this list is a 400 with the parameter <c>cursor</c>.</summary>
    public static T? Decode<T>(string kind, string filter, string? cursor) where T : class
    {
        if (cursor is null)
        {
            return null;
        }
        return TryDecode<T>(kind, filter, cursor, out var position)
            ? position
            : throw RequestErrors.OfParameter("cursor", "It is not a cursor of this list with these filters: begin again without it.");
    }

    private static ReadOnlySpan<byte> Checksum(string kind, string filter, ReadOnlySpan<byte> payload) =>
        SHA256.HashData([.. SHA256.HashData(Encoding.UTF8.GetBytes(kind)), .. SHA256.HashData(Encoding.UTF8.GetBytes(filter)), .. payload]).AsSpan(0, ChecksumLength);
}
