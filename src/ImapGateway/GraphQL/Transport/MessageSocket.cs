using System.Buffers;
using System.Net.WebSockets;
using ImapGateway.Http;

namespace ImapGateway.GraphQL.Transport;

/// <summary>Sends and receives whole messages over a WebSocket: one at a time in each direction, no larger than allowed, and without a queue for a client that does not read them.</summary>
public sealed class MessageSocket(WebSocket socket, int maxBytes, TimeProvider time) : IAsyncDisposable
{
    /// <summary>The time within which the client must answer the gateway's close.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    // Neither is disposed: operations that end after the connection still use them, and without a wait handle there is nothing to dispose.
    private readonly SemaphoreSlim _sending = new(1);
    private readonly CancellationTokenSource _given = new();
    private readonly byte[] _buffer = new byte[4096];
    private bool _ended;

    /// <summary>True if no more messages are sent: the gateway has sent its close.</summary>
    public bool HasEnded => Volatile.Read(ref _ended);

    /// <summary>Returns the next message; null if the connection has ended.</summary>
    /// <exception cref="ProtocolException">1009 for a message that is too large, or 4400 for one that is not text.</exception>
    public async Task<ReadOnlyMemory<byte>?> ReceiveAsync()
    {
        var message = new ArrayBufferWriter<byte>(256);
        while (true)
        {
            ValueWebSocketReceiveResult read;
            try
            {
                read = await socket.ReceiveAsync(_buffer.AsMemory(), _given.Token);
            }
            catch (Exception lost) when (lost is WebSocketException or OperationCanceledException or IOException)
            {
                return null;
            }
            if (read.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }
            if (HasEnded)
            {
                continue;
            }
            if (message.WrittenCount + read.Count > maxBytes)
            {
                throw new ProtocolException(CloseReason.TooLarge(maxBytes));
            }
            message.Write(_buffer.AsSpan(0, read.Count));
            if (read.EndOfMessage)
            {
                return read.MessageType == WebSocketMessageType.Text ? message.WrittenMemory : throw new ProtocolException(CloseReason.NoMessage);
            }
        }
    }

    /// <summary>Sends a message and waits until the client has taken it. A client that reads nothing is disconnected.</summary>
    /// <param name="wanted">Cancelled when the message is not needed any more; then it is not sent. A message that is being sent is completed: half a message would break the connection.</param>
    public async Task SendAsync(ReadOnlyMemory<byte> message, CancellationToken wanted)
    {
        await _sending.WaitAsync(wanted);
        try
        {
            wanted.ThrowIfCancellationRequested();
            if (HasEnded || socket.State is not (WebSocketState.Open or WebSocketState.CloseReceived))
            {
                return;
            }
            using var stalled = new CancellationTokenSource(EventWriter.LongestStall, time);
            await socket.SendAsync(message, WebSocketMessageType.Text, WebSocketMessageFlags.EndOfMessage, stalled.Token);
        }
        catch (Exception lost) when (lost is WebSocketException or IOException || lost is OperationCanceledException && !wanted.IsCancellationRequested)
        {
            // The reading side ends too.
            _given.Cancel();
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Sends the close with its reason, once, and waits only for the client's close.</summary>
    public async Task EndAsync(CloseReason reason)
    {
        if (Interlocked.Exchange(ref _ended, true))
        {
            return;
        }
        using var late = new CancellationTokenSource(Farewell, time);
        try
        {
            await _sending.WaitAsync(late.Token);
            try
            {
                await socket.CloseOutputAsync((WebSocketCloseStatus)reason.Code, reason.Text, late.Token);
            }
            finally
            {
                _sending.Release();
            }
            _given.CancelAfter(Farewell);
        }
        catch (Exception lost) when (lost is WebSocketException or OperationCanceledException or IOException)
        {
            _given.Cancel();
        }
    }

    /// <summary>Waits until nothing uses the WebSocket any more: it is disposed next. Messages of operations that are still running are not sent.</summary>
    public async ValueTask DisposeAsync()
    {
        Volatile.Write(ref _ended, true);
        using var late = new CancellationTokenSource(Farewell, time);
        try
        {
            await _sending.WaitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            socket.Abort();
            await _sending.WaitAsync(CancellationToken.None);
        }
        _sending.Release();
    }
}
