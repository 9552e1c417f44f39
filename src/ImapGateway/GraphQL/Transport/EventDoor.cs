using System.Buffers;
using GraphQLParser.AST;
using ImapGateway.Access;
using ImapGateway.GraphQL.Execution;
using ImapGateway.GraphQL.Fields;
using ImapGateway.Http;
using ImapGateway.Mail;
using ImapGateway.Responses;
using Microsoft.AspNetCore.Http.Features;

namespace ImapGateway.GraphQL.Transport;

/// <summary>
/// Serves GraphQL over SSE in distinct connections mode: one operation, whose responses are events. An error of the request is an event, too: an EventSource never shows the body of a 400.
/// </summary>
public sealed class EventDoor(GraphExecutor executor, IServiceProvider services, IHostApplicationLifetime lifetime, TimeProvider time)
{
    private const string Next = "next";

    public async Task AnswerAsync(HttpContext context, GraphRequest request, Caller caller)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        using var writer = new EventWriter(context, time);
        var call = new CallContext(caller, services, Conditions.AsksAnew(context.Request) ? Freshness.Revalidated : Freshness.Known, context.RequestAborted)
        {
            TraceId = ProblemWriter.TraceId(context),
            Credential = context.Features.GetRequiredFeature<Credential>(),
            LastPosition = EventWriter.LastId(context.Request),
        };
        try
        {
            await RunAsync(request, call, writer, stop.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested && lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // The gateway stops: the response ends here without being complete, and the client reconnects.
        }
    }

    private async Task RunAsync(GraphRequest request, CallContext call, EventWriter writer, CancellationToken stop)
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
            await writer.WriteAsync(null, Next, answer.WrittenMemory, call.Cancel);
        }
        if (errors.Count > 0)
        {
            var answer = new ArrayBufferWriter<byte>();
            GraphError.WriteAll(answer, errors, call.TraceId);
            await writer.WriteAsync(null, Next, answer.WrittenMemory, call.Cancel);
        }
        // Without data an EventSource does not report the event to its page.
        await writer.WriteAsync(null, "complete", default, call.Cancel);
    }

    private async Task FollowAsync(GraphOperation operation, EventWriter writer, CancellationToken stop)
    {
        await writer.WriteCommentAsync(null, stop);
        await using var answers = operation.StreamAsync(stop).GetAsyncEnumerator(stop);
        while (await NextAsync(answers, writer, stop))
        {
            await writer.WriteAsync(answers.Current.Position, Next, answers.Current.Json, stop);
        }
    }

    /// <summary>Waits for the next response, and sends comments meanwhile, which show that the connection is alive.</summary>
    private async Task<bool> NextAsync(IAsyncEnumerator<StreamedAnswer> answers, EventWriter writer, CancellationToken stop)
    {
        var next = answers.MoveNextAsync().AsTask();
        try
        {
            while (true)
            {
                try
                {
                    return await next.WaitAsync(EventWriter.Heartbeat, time, CancellationToken.None);
                }
                catch (TimeoutException) when (!next.IsCompleted)
                {
                    await writer.WriteCommentAsync(null, stop);
                }
            }
        }
        finally
        {
            // An enumerator must not be disposed while it works; the token that stops this call stops it, too.
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
