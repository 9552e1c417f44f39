using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ImapGateway.Responses;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.Swagger;

namespace ImapGateway.OpenApi;

/// <summary>The document as it is served. It is made once: routes do not change while the gateway runs, and any client may ask for it.</summary>
public sealed class OpenApiText
{
    private readonly Lazy<(byte[] Json, string ETag)> _made;

    public OpenApiText(IServiceScopeFactory scopes) => _made = new(() =>
    {
        using var scope = scopes.CreateScope();
        var json = Encoding.UTF8.GetBytes(Render(scope.ServiceProvider.GetRequiredService<ISwaggerProvider>().GetSwagger(OpenApiSetup.Document)));
        return (json, EntityTags.Format(Convert.ToHexStringLower(SHA256.HashData(json))[..16]));
    });

    /// <summary>The document in UTF-8, indented; it ends with a line feed.</summary>
    public ReadOnlyMemory<byte> Json => _made.Value.Json;

    public async Task WriteAsync(HttpContext context)
    {
        var (json, etag) = _made.Value;
        var (request, response) = (context.Request, context.Response);
        response.Headers.ETag = etag;
        response.Headers.CacheControl = "no-cache";
        if (EntityTags.IsKnown(request.Headers.IfNoneMatch, etag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = json.Length;
        if (!HttpMethods.IsHead(request.Method))
        {
            await response.Body.WriteAsync(json, context.RequestAborted);
        }
    }

    private static string Render(OpenApiDocument document)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        document.SerializeAsV31(new OpenApiJsonWriter(text));
        return text.ToString().ReplaceLineEndings("\n").TrimEnd('\n') + "\n";
    }
}
