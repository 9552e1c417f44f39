using ImapGateway.Mail;
using Microsoft.Net.Http.Headers;

namespace ImapGateway.Http;

/// <summary>What the header Cache-Control of a request asks for (RFC 9111 section 5.2.1): no-cache, and max-age=0 as browsers send it on reload, is answered by the mail server's present state.</summary>
public sealed record CacheControl(Freshness Freshness)
{
    public static ValueTask<CacheControl> BindAsync(HttpContext context)
    {
        var asksAnew = CacheControlHeaderValue.TryParse(context.Request.Headers.CacheControl.ToString(), out var asked) && (asked.NoCache || asked.MaxAge == TimeSpan.Zero);
        return ValueTask.FromResult(new CacheControl(asksAnew ? Freshness.Revalidated : Freshness.Known));
    }
}
