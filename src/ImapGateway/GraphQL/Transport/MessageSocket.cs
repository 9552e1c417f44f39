using System.Buffers;
using System.Net.WebSockets;
using ImapGateway.Http;

namespace ImapGateway.GraphQL.Transport;

/// <summary>Whole messages over a WebSocket: one at a time in each direction, no larger than allowed, and never kept for a client that does not take them.</summary>
public sealed class MessageSocket(WebSocket socket, int maxBytes, TimeProvider time) : IDisposable
{
    /// <summary>What was sent must be taken within this time.</summary>
    /// <summary>How long the other side has to say farewell.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _sending = new(1);
    private readonly CancellationTokenSource _given = new();
    private readonly byte[] _buffer = new byte[4096];
    private bool _ended;

    /// <summary>No more messages are taken: the gateway has said that this is the end.</summary>
    public bool HasEnded => Volatile.Read(ref _ended);

    /// <summary>The next message; null where the connection is at its end.</summary>
    /// <exception cref="ProtocolException">1009, or 4400 for what is no text.</exception>
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

    /// <summary>Waits for as long as the client takes to take it; one that takes nothing loses the connection.</summary>
    /// <param name="wanted">What nobody wants any more is not sent. What is being sent goes on: half a message would be the end of all.</param>
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
            // The reading side hears of it.
            _given.Cancel();
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Says why, once, and waits for no more than a farewell.</summary>
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

    public void Dispose() => _given.Dispose();
}
