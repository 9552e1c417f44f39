using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ImapGateway.Mail;

namespace ImapGateway.Responses;

/// <summary>
/// Where a list goes on, opaque to clients: base64url of a checksum and a position. The checksum covers the kind of list and its filters too, so that a
/// cursor garbled, made up, or taken to another list is refused. It is no secret: a position must be safe in anybody's hands.
/// </summary>
public static class Cursor
{
    private const int ChecksumLength = 8;

    /// <summary>A cursor of this length is not ours.</summary>
    private const int MaxLength = 2048;

    private static readonly JsonSerializerOptions Json = new() { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    /// <summary>The filter is any text that is equal exactly where the filters are.</summary>
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
            return false; // A checksum can be computed by anybody.
        }
    }

    /// <summary>Null for the first page; 400 with the parameter <c>cursor</c> for one that is not of this list.</summary>
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
