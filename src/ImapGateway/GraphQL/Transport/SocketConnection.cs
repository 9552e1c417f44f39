using System.Collections.Concurrent;
using System.Text.Json;
using ImapGateway.Access;
using ImapGateway.GraphQL.Execution;
using ImapGateway.GraphQL.Fields;
using ImapGateway.Mail;

namespace ImapGateway.GraphQL.Transport;

/// <summary>A connection of graphql-transport-ws with its caller and its operations.</summary>
public sealed class SocketConnection(MessageSocket messages, GraphExecutor executor, IServiceProvider services, string traceId) : IAsyncDisposable
{
    /// <summary>The operations by id, until their last message is sent.</summary>
    private readonly ConcurrentDictionary<string, SocketOperation> _operations = new();

    /// <summary>The operations until they have ended.</summary>
    private readonly ConcurrentDictionary<SocketOperation, bool> _running = new();

    private readonly CancellationTokenSource _over = new();
    private volatile bool _hasBegun;
    private volatile bool _isKnown;

    /// <summary>The credential of the handshake; null: it comes with the first message.</summary>
    public Credential? Credential { get; set; }

    public async Task RunAsync(Credentials credentials, TimeProvider time, CancellationToken stopping)
    {
        await using var init = time.CreateTimer(_ => End(CloseReason.InitTimeout, unless: _isKnown), null, executor.Limits.InitTime, Timeout.InfiniteTimeSpan);
        using var stop = stopping.UnsafeRegister(_ => _ = StopAsync(), null);
        try
        {
            while (await messages.ReceiveAsync() is { } text)
            {
                await TakeAsync(ClientMessage.Parse(text), credentials, time);
            }
        }
        catch (ProtocolException broken)
        {
            await messages.EndAsync(broken.Reason);
            await messages.ReceiveAsync();
        }
        catch (ProblemException)
        {
            // The key cannot be checked now: storage is unavailable.
            await messages.EndAsync(CloseReason.TryAgainLater);
            await messages.ReceiveAsync();
        }
        // The client's close is answered with the same (RFC 6455 section 5.5.1).
        await messages.EndAsync(CloseReason.GoingAway with { Code = 1000, Text = "" });
    }

    private async Task TakeAsync(ClientMessage message, Credentials credentials, TimeProvider time)
    {
        switch (message.Type)
        {
            case "connection_init":
                await InitAsync(message, credentials, time);
                break;
            case "ping":
                await messages.SendAsync(ServerMessage.Pong(message.Payload), _over.Token);
                break;
            case "subscribe" when !_isKnown:
                throw new ProtocolException(CloseReason.Unauthorized);
            case "subscribe":
                await SubscribeAsync(message.Id!, message.Request());
                break;
            case "complete":
                if (_operations.TryRemove(message.Id!, out var unwanted))
                {
                    unwanted.Cancel();
                }
                break;
        }
    }

    private async Task InitAsync(ClientMessage message, Credentials credentials, TimeProvider time)
    {
        if (_hasBegun)
        {
            throw new ProtocolException(CloseReason.InitTwice);
        }
        _hasBegun = true;
        Credential = CredentialOf(message.Payload, credentials) ?? Credential;
        if (Credential is null || await Credential.CallerAsync(_over.Token) is not { } caller || !caller.Has(Scopes.Any))
        {
            throw new ProtocolException(CloseReason.Forbidden);
        }
        _isKnown = true;
        _ = EndWithKeyAsync(Credential, time);
        await messages.SendAsync(ServerMessage.Ack, _over.Token);
    }

    /// <summary>Returns the credential. That of the payload overrides that of the handshake.</summary>
    private static Credential? CredentialOf(JsonElement payload, Credentials credentials)
    {
        if (payload.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in payload.EnumerateObject().Where(member => member.Name.Equals("authorization", StringComparison.OrdinalIgnoreCase)))
            {
                return credentials.OfAuthorization(member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString() : null) ?? throw new ProtocolException(CloseReason.Forbidden);
            }
        }
        return null;
    }

    private async Task SubscribeAsync(string id, GraphRequest request)
    {
        if (_operations.ContainsKey(id))
        {
            throw new ProtocolException(CloseReason.IdInUse(id));
        }
        if (_operations.Count >= executor.Limits.MaxOperations)
        {
            await messages.SendAsync(ServerMessage.Error(id, [GraphError.Of(ErrorCode.RateLimited, $"A connection has at most {executor.Limits.MaxOperations} operations at a time (GraphQL:{nameof(GraphQLOptions.MaxOperations)}).")], traceId), _over.Token);
            return;
        }
        if (await Credential!.CallerAsync(_over.Token) is not { } caller)
        {
            throw new ProtocolException(CloseReason.Forbidden);
        }
        var operation = new SocketOperation(id, messages, executor, Release);
        (_operations[id], _running[operation]) = (operation, true);
        _ = FinishAsync(operation, operation.RunAsync(request, cancel => new CallContext(caller, services, Freshness.Known, cancel) { TraceId = traceId, Credential = Credential }));
    }

    private async Task FinishAsync(SocketOperation operation, Task<bool> running)
    {
        var isAllowed = true;
        try
        {
            isAllowed = await running;
        }
        finally
        {
            Release(operation);
            _running.TryRemove(operation, out _);
            operation.Dispose();
        }
        if (!isAllowed)
        {
            await messages.EndAsync(CloseReason.Forbidden);
        }
    }

    private void Release(SocketOperation operation) => _operations.TryRemove(KeyValuePair.Create(operation.Id, operation));

    /// <summary>Closes the connection when the key has no rights at all. Operations check their own rights.</summary>
    private async Task EndWithKeyAsync(Credential credential, TimeProvider time)
    {
        try
        {
            await credential.LostAsync(static _ => true, time, _over.Token);
        }
        catch (OperationCanceledException)
        {
            // The connection has ended before its key.
            return;
        }
        await messages.EndAsync(CloseReason.Forbidden);
    }

    /// <summary>Stops the operations. Subscriptions end at once, and the client reconnects elsewhere; queries and mutations are completed first, as long as the gateway waits for them.</summary>
    private async Task StopAsync()
    {
        var running = _running.Keys.ToList();
        running.ForEach(operation => operation.EndStream());
        await Task.WhenAll(running.Select(operation => operation.Ended));
        await messages.EndAsync(CloseReason.GoingAway);
    }

    private void End(CloseReason reason, bool unless)
    {
        if (!unless)
        {
            _ = messages.EndAsync(reason);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        var running = _running.Keys.ToList();
        running.ForEach(operation => operation.Cancel());
        await Task.WhenAll(running.Select(operation => operation.Ended));
        _over.Dispose();
    }
}
