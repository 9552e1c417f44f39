using ImapGateway.Mail;

namespace ImapGateway.Access;

/// <summary>Checks the key of a request: 401 without a valid key, 403 without the route's scope, 404 for accounts that the key may not see.</summary>
public sealed class KeyMiddleware(RequestDelegate next, Credentials credentials, TimeProvider time)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        if (endpoint?.Metadata.GetMetadata<NeedsKey>() is null && !context.Request.Path.StartsWithSegments(RouteRights.Root) || ComesLater(context))
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
        // Anything else is the framework's 405 or 415, or there is no route.
        if (endpoint is RouteEndpoint)
        {
            Authorise(context, endpoint, caller);
        }
        context.Features.Set(credential);
        context.Features.Set(caller);
        if (endpoint?.Metadata.GetMetadata<EndsWithKey>() is null)
        {
            await next(context);
            return;
        }
        using var over = new CancellationTokenSource();
        var ending = AbortWithKeyAsync(context, endpoint, credential!, over.Token);
        try
        {
            await next(context);
        }
        finally
        {
            await over.CancelAsync();
            await ending;
        }
    }

    /// <summary>Aborts the connection when the key loses its right. The client sees that the response is cut off, so that it does not look complete.</summary>
    private async Task AbortWithKeyAsync(HttpContext context, Endpoint endpoint, Credential credential, CancellationToken over)
    {
        var (scope, account) = Demands(context, endpoint);
        try
        {
            await credential.LostAsync(caller => caller.Has(scope) && (account is null || caller.MaySee(account)), time, over);
            context.Abort();
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // The response has ended before its key.
        }
    }

    private Credential? CredentialOf(HttpContext context)
    {
        var header = context.Request.Headers.Authorization;
        if (header.Count == 0 && context.GetEndpoint()?.Metadata.GetMetadata<TakesTicket>() is not null)
        {
            var value = context.Request.Query[TakesTicket.Parameter];
            return value.Count == 1 ? credentials.OfTicket(value[0]) : null;
        }
        return header.Count == 1 ? credentials.OfAuthorization(header[0]) : null;
    }

    /// <summary>True if the key comes in a message later. A page cannot set a header of a browser's WebSocket, and its key need not be in an address.</summary>
    private static bool ComesLater(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<TakesKeyLater>() is not null && context.WebSockets.IsWebSocketRequest
        && context.Request.Headers.Authorization.Count == 0 && !context.Request.Query.ContainsKey(TakesTicket.Parameter);

    private static void Authorise(HttpContext context, Endpoint endpoint, Caller caller)
    {
        var (scope, account) = Demands(context, endpoint);
        caller.Demand(scope);
        if (account is not null && !caller.MaySee(account))
        {
            throw new ProblemException(RouteRights.NoSuchAccount);
        }
    }

    private static (Scope Scope, string? Account) Demands(HttpContext context, Endpoint endpoint) =>
        (endpoint.Metadata.GetMetadata<RequiredScope>()?.Scope ?? Scope.Admin, context.Request.RouteValues.GetValueOrDefault("account") as string);
}
