using System.Collections.Frozen;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace ImapGateway.GraphQL.Transport;

/// <summary>Serves GraphiQL from the gateway itself: the page loads nothing from another host, and would not be allowed to. It needs no key; its requests do.</summary>
public static class GraphiQLPage
{
    public const string Path = GraphQLApi.Path + "/ui";

    private const string Index = "index.html";

    /// <summary>The Content-Security-Policy. A page that shows users' mail must load from, and send to, its own host only.</summary>
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src data:; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly FrozenDictionary<string, (byte[] Bytes, string Type, EntityTagHeaderValue Tag)> Files =
        typeof(GraphiQLPage).Assembly.GetManifestResourceNames().Where(name => name.StartsWith("ui/", StringComparison.Ordinal)).ToFrozenDictionary(name => name["ui/".Length..], Read);

    public static void MapGraphiQL(this IEndpointRouteBuilder app)
    {
        app.MapGet(Path, (HttpContext context) => Send(context, Index)).ExcludeFromDescription();
        app.MapGet(Path + "/{file}", (HttpContext context, string file) => Send(context, file)).ExcludeFromDescription();
    }

    private static Results<FileContentHttpResult, NotFound> Send(HttpContext context, string file)
    {
        if (!Files.TryGetValue(file, out var found))
        {
            return TypedResults.NotFound();
        }
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-cache";
        return TypedResults.Bytes(found.Bytes, found.Type, entityTag: found.Tag);
    }

    private static (byte[] Bytes, string Type, EntityTagHeaderValue Tag) Read(string name)
    {
        using var stream = typeof(GraphiQLPage).Assembly.GetManifestResourceStream(name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var type = System.IO.Path.GetExtension(name) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            _ => "text/plain; charset=utf-8",
        };
        return (bytes, type, new EntityTagHeaderValue($"\"{Convert.ToHexString(SHA256.HashData(bytes))[..16]}\""));
    }
}
