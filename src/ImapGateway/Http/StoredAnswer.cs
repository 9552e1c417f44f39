using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;

namespace ImapGateway.Http;

/// <summary>A response that a replay sends again. A body above <see cref="MaxBody"/> is left out: Location still names what was made.</summary>
public sealed record StoredAnswer(int Status, string? ContentType, string? Location, string? ETag, byte[]? Body)
{
    public const int MaxBody = 256 * 1024;

    public static StoredAnswer Of(HttpResponse response, MemoryStream body)
    {
        var kept = body.Length is > 0 and <= MaxBody;
        return new StoredAnswer(
            response.StatusCode, kept ? response.ContentType : null, response.Headers.Location, response.Headers.ETag, kept ? body.ToArray() : null);
    }

    public async Task WriteAsync(HttpContext context)
    {
        var response = context.Response;
        response.StatusCode = Status;
        response.ContentType = ContentType;
        response.Headers.CacheControl = "no-store";
        response.Headers.Location = Location;
        response.Headers.ETag = ETag;
        response.ContentLength = Body?.Length ?? 0;
        if (Body is not null)
        {
            await response.Body.WriteAsync(Body, context.RequestAborted);
        }
    }

    public byte[] Protect(IDataProtector protector) => protector.Protect(JsonSerializer.SerializeToUtf8Bytes(this));

    public static StoredAnswer Unprotect(IDataProtector protector, byte[] bytes) => JsonSerializer.Deserialize<StoredAnswer>(protector.Unprotect(bytes))!;
}
