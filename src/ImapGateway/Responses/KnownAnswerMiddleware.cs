using ImapGateway.Access;
using Microsoft.Extensions.Options;

namespace ImapGateway.Responses;

/// <summary>
/// Answers at once what was answered before and is known to hold: nothing is bound, and nobody is asked. After the key: who may not see an answer does not get it. All other
/// reads go on, with what was kept as something that the gateway has already.
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
