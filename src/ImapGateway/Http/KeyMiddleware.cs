using ImapGateway.Mail;

namespace ImapGateway.Http;

/// <summary>Who asks, and whether they may: 401 without a valid key, 403 without the route's scope, 404 for accounts outside the key's.</summary>
public sealed class KeyMiddleware(RequestDelegate next, AdminKey admin, IKeyLookup keys)
{
    private const string Scheme = "Bearer ";

    /// <summary>Longer is no key, and is not worth hashing.</summary>
    private const int MaxLength = 1024;

    private static readonly Caller Operator = new(null, Scopes.Expand(Scope.Admin), null);

    public async Task InvokeAsync(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        if (endpoint?.Metadata.GetMetadata<NeedsKey>() is null && !context.Request.Path.StartsWithSegments(RouteRights.Root))
        {
            await next(context);
            return;
        }
        var caller = await AuthenticateAsync(context) ?? throw new ProblemException(RouteRights.KeyRequired);
        // Anything else is the framework's 405 or 415, or nothing at all.
        if (endpoint is RouteEndpoint)
        {
            Authorise(context, endpoint, caller);
        }
        context.Features.Set(caller);
        await next(context);
    }

    private async ValueTask<Caller?> AuthenticateAsync(HttpContext context)
    {
        var header = context.Request.Headers.Authorization;
        if (header.Count != 1 || header[0] is not { } text || !text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || text.Length > MaxLength)
        {
            return null;
        }
        var sha256 = KeyValue.Hash(text[Scheme.Length..].Trim(' '));
        return admin.Matches(sha256) ? Operator : await keys.FindAsync(sha256, context.RequestAborted);
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
