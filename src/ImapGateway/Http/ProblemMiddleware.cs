namespace ImapGateway.Http;

/// <summary>
/// Makes problem details of every exception and of every empty error response of the framework. It is the outermost middleware. A failure after the response has begun can
/// only end the connection, so that the client does not take a part for the whole.
/// </summary>
public sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> log)
{
    /// <summary>The status of a request whose client has left. Only logs and metrics show it.</summary>
    private const int ClientClosedRequest = 499;

    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (IsEmptyError(context.Response))
            {
                await ProblemWriter.WriteAsync(context, FrameworkProblems.OfStatus(context));
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        {
            if (!context.Response.HasStarted)
            {
                context.Response.StatusCode = ClientClosedRequest;
            }
            var route = context.GetRoute();
            LogClientGone(context.Request.Method, route);
        }
        catch (Exception failure)
        {
            await AnswerAsync(context, failure);
        }
    }

    private async Task AnswerAsync(HttpContext context, Exception failure)
    {
        var problem = FrameworkProblems.OfException(context, failure);
        var route = context.GetRoute();
        if (problem is null)
        {
            var traceId = ProblemWriter.TraceId(context);
            LogUnexpected(failure, context.Request.Method, route, traceId);
        }
        if (context.Response.HasStarted)
        {
            LogCutOff(context.Request.Method, route, problem?.Detail);
            context.Abort();
            return;
        }
        context.Response.Clear();
        await ProblemWriter.WriteAsync(context, problem ?? FrameworkProblems.Unexpected);
    }

    private static bool IsEmptyError(HttpResponse response) =>
        !response.HasStarted && response.StatusCode is >= 400 and < 600 && response.ContentLength is null or 0 && string.IsNullOrEmpty(response.ContentType);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The client of {Method} {Route} has gone")]
    private partial void LogClientGone(string method, string route);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Route} failed, trace {TraceId}")]
    private partial void LogUnexpected(Exception failure, string method, string route, string traceId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The answer of {Method} {Route} was cut off: {Reason}")]
    private partial void LogCutOff(string method, string route, string? reason);
}
