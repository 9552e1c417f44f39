using System.Diagnostics;

namespace ImapGateway.Accounts;

/// <summary>Takes the trace id of the request along to the actor, for its log lines: what runs there is no part of the request's own flow.</summary>
public sealed class RequestTrace : IOutgoingGrainCallFilter
{
    private const string Key = "traceId";

    /// <summary>Of the request that the actor is working for; 32 hexadecimal digits as in problem details, or null.</summary>
    public static string? Id => RequestContext.Get(Key) as string;

    public Task Invoke(IOutgoingGrainCallContext context)
    {
        if (Activity.Current is { } activity)
        {
            RequestContext.Set(Key, activity.TraceId.ToHexString());
        }
        return context.Invoke();
    }
}
