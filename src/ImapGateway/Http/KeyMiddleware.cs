using ImapGateway.Mail;

namespace ImapGateway.Http;

/// <summary>Who asks, and whether they may: 401 without a valid key, 403 without the route's scope, 404 for accounts outside the key's.</summary>
public sealed class KeyMiddleware(RequestDelegate next, CallerLookup callers, ITicketReader tickets)
{
    private const string Scheme = "Bearer ";

    /// <summary>Longer is no key, and is not worth hashing.</summary>
    private const int MaxLength = 1024;

    public async Task InvokeAsync(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        if (endpoint?.Metadata.GetMetadata<NeedsKey>() is null && !context.Request.Path.StartsWithSegments(RouteRights.Root))
        {
            await next(context);
            return;
        }
        var credential = CredentialOf(context);
        var caller = credential is null ? null : await credential.CallerAsync(context.RequestAborted);
        if (caller is null)
        {
            throw new ProblemException(RouteRights.KeyRequired);
        }
        // Anything else is the framework's 405 or 415, or nothing at all.
        if (endpoint is RouteEndpoint)
        {
            Authorise(context, endpoint, caller);
        }
        context.Features.Set(credential);
        context.Features.Set(caller);
        await next(context);
    }

    private Credential? CredentialOf(HttpContext context)
    {
        var header = context.Request.Headers.Authorization;
        if (header.Count == 0 && context.GetEndpoint()?.Metadata.GetMetadata<TakesTicket>() is not null)
        {
            var value = context.Request.Query[TakesTicket.Parameter];
            return value.Count == 1 && tickets.Read(value[0]!) is { } ticket ? new Credential(callers, ticket.KeySha256, ticket) : null;
        }
        if (header.Count != 1 || header[0] is not { } text || !text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || text.Length > MaxLength)
        {
            return null;
        }
        return new Credential(callers, KeyValue.Hash(text[Scheme.Length..].Trim(' ')), null);
    }

    private static void Authorise(HttpContext context, Endpoint endpoint, Caller caller)
    {
        caller.Demand(endpoint.Metadata.GetMetadata<RequiredScope>()?.Scope ?? Scope.Admin);
        if (context.Request.RouteValues.TryGetValue("account", out var account) && account is string id && !caller.MaySee(id))
        {
            throw new ProblemException(RouteRights.NoSuchAccount);
        }
    }
}
