using ImapGateway.Mail;

namespace ImapGateway.Http;

/// <summary>Checks requests before anything is bound. Ids with control characters, unknown query parameters, and conditions that the route would ignore are refused.</summary>
public sealed class StrictRequestMiddleware(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        foreach (var (_, value) in context.Request.RouteValues)
        {
            if (!InputText.IsPlain(value as string))
            {
                throw new ProblemException(ErrorCode.NotFound, $"There is nothing at this path. {InputText.Expectation}");
            }
        }
        if (context.GetEndpoint()?.Metadata.GetMetadata<QueryRules>() is { } rules && rules.Check(context.Request.Query) is { Length: > 0 } errors)
        {
            throw new ProblemException(new Problem(ErrorCode.BadRequest, "The query has mistakes; errors names each parameter.", errors));
        }
        DemandGuard(context);
        return next(context);
    }

    /// <summary>
    /// Refuses If-Match for a resource without a strong tag, which no If-Match can name (RFC 9110 section 13.1.1). A change that the client wants guarded must not be made
    /// unguarded.
    /// </summary>
    private static void DemandGuard(HttpContext context)
    {
        var (request, endpoint) = (context.Request, context.GetEndpoint());
        if (request.Headers.IfMatch.Count > 0 && !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method)
            && endpoint is RouteEndpoint && endpoint.Metadata.GetMetadata<GuardedRoute>() is null && request.Headers.IfMatch != "*")
        {
            throw new ProblemException(ErrorCode.PreconditionFailed, "If-Match cannot hold: what this changes has no strong ETag.");
        }
    }
}

/// <summary>Metadata of routes that take If-Match.</summary>
public sealed record GuardedRoute;
