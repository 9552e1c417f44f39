using ImapGateway.Access;
using Microsoft.Extensions.Options;

namespace ImapGateway.Responses;

/// <summary>
/// Sends a cached response at once if it is known to be valid: nothing is bound, and the account is not asked. It comes after the key check: a caller without the right to see a
/// response does not get it. All other reads go on, with the cached response as one that the gateway already has.
/// </summary>
public sealed class KnownAnswerMiddleware(RequestDelegate next, AnswerCache answers, AnswerGuards guards, IOptions<ListTagOptions> tags, TimeProvider time)
{
    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (!HttpMethods.IsGet(request.Method) || context.GetEndpoint()?.Metadata.GetMetadata<RememberedAnswer>() is null || context.Features.Get<Caller>() is not { } caller)
        {
            return next(context);
        }
        var key = new AnswerKey(request.Path.Value ?? "", request.QueryString.Value ?? "", caller.Scopes, tags.Value.PeriodAt(time.GetUtcNow()));
        var kept = answers.Find(key);
        if (kept is { Holds: true } && request.Headers.CacheControl.Count == 0)
        {
            return TaggedAnswers.WriteAsync(context, kept);
        }
        var guard = context.GetRouteValue("account") is string account ? guards.Find(account) : null;
        context.Features.Set(new AnswerSlot(answers, guard, key, kept));
        return next(context);
    }
}

/// <summary>Metadata of routes whose answers are kept.</summary>
public sealed record RememberedAnswer;
