using ImapGateway.Settings;
using Microsoft.AspNetCore.Cors.Infrastructure;

namespace ImapGateway.Http;

/// <summary>Section <c>Cors</c>.</summary>
public sealed class CorsOptions : ISettings
{
    /// <summary>Origins of pages that may call: <c>https://app.example.com</c>, or <c>*</c> for any. None by default.</summary>
    public IReadOnlyList<string> Origins { get; set; } = [];

    public IEnumerable<(string Key, string Message)> Validate() =>
        from entry in Origins.Index()
        where entry.Item != "*" && !IsOrigin(entry.Item)
        select ($"{nameof(Origins)}:{entry.Index}", $"\"{entry.Item}\" must be an origin such as https://app.example.com (no path, no user), or *");

    /// <summary>Keys travel in a header of the page's own making: there are no cookies, so no credentials in the sense of CORS.</summary>
    public CorsPolicy ToPolicy()
    {
        var policy = new CorsPolicyBuilder()
            .WithMethods("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "QUERY")
            .WithHeaders("Authorization", "Content-Type", "If-Match", "If-None-Match", IdempotencyKey.Header, "If-Range", "Last-Event-ID", "Range")
            .WithExposedHeaders("Content-Disposition", "Content-Range", "ETag", "Link", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", IdempotencyMiddleware.ReplayedHeader)
            .SetPreflightMaxAge(TimeSpan.FromHours(1));
        return (Origins.Contains("*") ? policy.AllowAnyOrigin() : policy.WithOrigins([.. Origins])).Build();
    }

    /// <summary>Whether a page of this origin may open a connection that browsers open without asking first (RFC 6455 section 10.2): pages of the gateway's own, and those that may call.</summary>
    /// <param name="origin">As the browser has sent it; null: it is no browser.</param>
    /// <param name="host">Under which the gateway was called.</param>
    public bool Admits(string? origin, HostString host) =>
        string.IsNullOrEmpty(origin) || Origins.Contains("*") || Origins.Contains(origin)
        || Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Authority.Equals(host.Value, StringComparison.OrdinalIgnoreCase);

    /// <summary>The form browsers send (RFC 6454 section 6.2).</summary>
    private static bool IsOrigin(string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.GetLeftPart(UriPartial.Authority) == text && uri.UserInfo.Length == 0;
}
