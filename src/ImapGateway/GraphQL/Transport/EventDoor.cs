using System.Buffers;
using GraphQLParser.AST;
using ImapGateway.GraphQL.Execution;
using ImapGateway.Http;
using ImapGateway.Mail;
using Microsoft.AspNetCore.Http.Features;

namespace ImapGateway.GraphQL.Transport;

/// <summary>GraphQL over SSE, distinct connections mode: one operation, whose answers are events. Whatever is wrong with it is an event, too: an EventSource never shows the body of a 400.</summary>
public sealed class EventDoor(GraphExecutor executor, IServiceProvider services, IHostApplicationLifetime lifetime, TimeProvider time)
{
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public async Task AnswerAsync(HttpContext context, GraphRequest request, Caller caller)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        using var stalled = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var abort = stalled.Token.UnsafeRegister(static state => ((HttpContext)state!).Abort(), context);
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        context.Response.ContentType = Accepted.Events;
        context.Response.Headers.CacheControl = "no-store";
        // Else nginx keeps events until it has many.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        var writer = new ResultWriter(context.Response.BodyWriter, stalled);
        // Sent by an EventSource that comes back to the address it came to first.
        var last = context.Request.Headers["Last-Event-ID"].ToString();
        var call = new CallContext(caller, services, Conditions.AsksAnew(context.Request) ? Freshness.Revalidated : Freshness.Known, context.RequestAborted)
        {
            TraceId = ProblemWriter.TraceId(context),
            Credential = context.Features.GetRequiredFeature<Credential>(),
            LastPosition = last.Length > 0 ? last : null,
        };
        try
        {
            await RunAsync(request, call, writer, stop.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested && lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // The gateway stops: the answer ends here without being complete, and the client comes back.
        }
    }

    private async Task RunAsync(GraphRequest request, CallContext call, ResultWriter writer, CancellationToken stop)
    {
        var (operation, errors) = await executor.PrepareAsync(request, call);
        if (operation is { Kind: OperationType.Subscription })
        {
            try
            {
                await FollowAsync(operation, writer, stop);
            }
            catch (ProblemException refused)
            {
                errors = [new GraphError(refused.Problem, [], null)];
            }
        }
        else if (operation is not null)
        {
            var answer = new ArrayBufferWriter<byte>(1024);
            await operation.RunAsync(answer);
            await writer.NextAsync(answer.WrittenMemory, null, call.Cancel);
        }
        if (errors.Count > 0)
        {
            var answer = new ArrayBufferWriter<byte>();
            GraphError.WriteAll(answer, errors, call.TraceId);
            await writer.NextAsync(answer.WrittenMemory, null, call.Cancel);
        }
        await writer.CompleteAsync(call.Cancel);
    }

    private async Task FollowAsync(GraphOperation operation, ResultWriter writer, CancellationToken stop)
    {
        await writer.CommentAsync(stop);
        await using var answers = operation.StreamAsync(stop).GetAsyncEnumerator(stop);
        while (await NextAsync(answers, writer, stop))
        {
            await writer.NextAsync(answers.Current.Json, answers.Current.Position, stop);
        }
    }

    /// <summary>Shows that the connection lives for as long as nothing happens.</summary>
    private async Task<bool> NextAsync(IAsyncEnumerator<StreamedAnswer> answers, ResultWriter writer, CancellationToken stop)
    {
        var next = answers.MoveNextAsync().AsTask();
        try
        {
            while (true)
            {
                try
                {
                    return await next.WaitAsync(Heartbeat, time, CancellationToken.None);
                }
                catch (TimeoutException) when (!next.IsCompleted)
                {
                    await writer.CommentAsync(stop);
                }
            }
        }
        finally
        {
            // An enumerator is not left while it works; what stops this stops it, too.
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
