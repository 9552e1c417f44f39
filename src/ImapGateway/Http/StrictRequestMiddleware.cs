using ImapGateway.Mail;

namespace ImapGateway.Http;

/// <summary>Before anything is bound: ids without control characters, and no query parameter the route does not know.</summary>
public sealed class StrictRequestMiddleware(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        foreach (var (_, value) in context.Request.RouteValues)
        {
            if (Text.HasControl(value as string))
            {
                throw new ProblemException(ErrorCode.NotFound, "There is nothing at this path: it has control characters.");
            }
        }
        if (context.GetEndpoint()?.Metadata.GetMetadata<QueryRules>() is { } rules && rules.Check(context.Request.Query) is { Length: > 0 } errors)
        {
            throw new ProblemException(new Problem(ErrorCode.BadRequest, "The query has mistakes; errors names each parameter.", errors));
        }
        return next(context);
    }
}
