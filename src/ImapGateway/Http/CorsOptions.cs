using ImapGateway.Settings;
using Microsoft.AspNetCore.Cors.Infrastructure;

namespace ImapGateway.Http;

/// <summary>The settings of the section <c>Cors</c>.</summary>
public sealed class CorsOptions : ISettings
{
    /// <summary>Origins of the pages that may call the API: <c>https://app.example.com</c>, or <c>*</c> for any. None by default.</summary>
    public IReadOnlyList<string> Origins { get; set; } = [];

    public IEnumerable<(string Key, string Message)> Validate() =>
        from entry in Origins.Index()
        where entry.Item != "*" && !IsOrigin(entry.Item)
        select ($"{nameof(Origins)}:{entry.Index}", $"\"{entry.Item}\" must be an origin such as https://app.example.com (no path, no user), or *");

    /// <summary>Returns the CORS policy. Pages send keys in a header that they set themselves: there are no cookies, so no credentials in the sense of CORS.</summary>
    public CorsPolicy ToPolicy()
    {
        var policy = new CorsPolicyBuilder()
            .WithMethods("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "QUERY")
            .WithHeaders("Authorization", "Content-Type", "If-Match", "If-None-Match", IdempotencyKey.Header, "If-Range", "Last-Event-ID", "Range")
            .WithExposedHeaders("Content-Disposition", "Content-Range", "ETag", "Link", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", IdempotencyMiddleware.ReplayedHeader)
            .SetPreflightMaxAge(TimeSpan.FromHours(1));
        return (Origins.Contains("*") ? policy.AllowAnyOrigin() : policy.WithOrigins([.. Origins])).Build();
    }

    /// <summary>
    /// True if a page of this origin may open a connection that browsers open without a preflight (RFC 6455 section 10.2). The gateway's own pages may, and those
    /// that may call the API.
    /// </summary>
    /// <param name="origin">The origin as the browser has sent it; null: the client is not a browser.</param>
    /// <param name="host">The host that the gateway was called by.</param>
    public bool Admits(string? origin, HostString host) =>
        string.IsNullOrEmpty(origin) || Origins.Contains("*") || Origins.Contains(origin)
        || Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Authority.Equals(host.Value, StringComparison.OrdinalIgnoreCase);

    /// <summary>True for the form of an origin that browsers send (RFC 6454 section 6.2).</summary>
    private static bool IsOrigin(string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.GetLeftPart(UriPartial.Authority) == text && uri.UserInfo.Length == 0;
}
