using System.Buffers;
using GraphQLParser.AST;
using ImapGateway.GraphQL.Execution;
using ImapGateway.GraphQL.Fields;
using ImapGateway.Mail;

namespace ImapGateway.GraphQL.Transport;

/// <summary>An operation of a connection, from its subscribe message to its end.</summary>
/// <param name="ending">Called before the last message is sent. The client may use the id again as soon as that has arrived.</param>
public sealed class SocketOperation(string id, MessageSocket messages, GraphExecutor executor, Action<SocketOperation> ending) : IDisposable
{
    private readonly CancellationTokenSource _unwanted = new();
    private readonly CancellationTokenSource _streamEnds = new();
    private readonly Lock _lock = new();
    private bool _isOver;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Id => id;

    /// <summary>Completes when the operation has ended, with whatever outcome.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Cancels the operation, since the client does not want it any more.</summary>
    public void Cancel() => Cancel(_unwanted);

    /// <summary>Ends a subscription, which would go on for ever.</summary>
    public void EndStream() => Cancel(_streamEnds);

    /// <returns>False if the key has ended.</returns>
    public async Task<bool> RunAsync(GraphRequest request, Func<CancellationToken, CallContext> makeContext)
    {
        // The operation runs beside the next message.
        await Task.Yield();
        var wanted = _unwanted.Token;
        var context = makeContext(wanted);
        try
        {
            await RunAsync(request, context, wanted);
        }
        catch (OperationCanceledException) when (wanted.IsCancellationRequested || _streamEnds.IsCancellationRequested)
        {
            // The client does not wait for it.
        }
        catch (ProblemException refused) when (refused.Code == ErrorCode.Unauthorized)
        {
            return false;
        }
        catch (ProblemException refused)
        {
            await FailAsync([new GraphError(refused.Problem, [], null)], context.TraceId);
        }
        catch (Exception failure)
        {
            await FailAsync([executor.Tell(failure, context.TraceId)], context.TraceId);
        }
        finally
        {
            _ended.SetResult();
        }
        return true;
    }

    private async Task RunAsync(GraphRequest request, CallContext context, CancellationToken wanted)
    {
        var (operation, errors) = await executor.PrepareAsync(request, context);
        if (operation is null)
        {
            await FailAsync(errors, context.TraceId);
            return;
        }
        if (operation.Kind == OperationType.Subscription)
        {
            using var goesOn = CancellationTokenSource.CreateLinkedTokenSource(wanted, _streamEnds.Token);
            await foreach (var answer in operation.StreamAsync(goesOn.Token))
            {
                await messages.SendAsync(ServerMessage.Next(id, answer.Json), wanted);
            }
        }
        else
        {
            var answer = new ArrayBufferWriter<byte>(1024);
            await operation.RunAsync(answer);
            await messages.SendAsync(ServerMessage.Next(id, answer.WrittenSpan), wanted);
        }
        ending(this);
        await messages.SendAsync(ServerMessage.Complete(id), wanted);
    }

    private void Cancel(CancellationTokenSource source)
    {
        lock (_lock)
        {
            if (!_isOver)
            {
                source.Cancel();
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isOver = true;
            _unwanted.Dispose();
            _streamEnds.Dispose();
        }
    }

    private async Task FailAsync(IReadOnlyList<GraphError> errors, string traceId)
    {
        ending(this);
        try
        {
            await messages.SendAsync(ServerMessage.Error(id, errors, traceId), _unwanted.Token);
        }
        catch (OperationCanceledException) when (_unwanted.IsCancellationRequested)
        {
            // The client does not wait for it.
        }
    }
}
