using System.Diagnostics;

namespace ImapGateway.Accounts;

/// <summary>Passes the trace id of the request to the grain, for its log lines: code in the grain does not run in the request's own flow.</summary>
public sealed class RequestTrace : IOutgoingGrainCallFilter
{
    private const string Key = "traceId";

    /// <summary>The trace id of the request that the grain works for; 32 hexadecimal digits as in problem details, or null.</summary>
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
