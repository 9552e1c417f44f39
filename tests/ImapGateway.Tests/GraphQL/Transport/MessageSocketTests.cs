using System.Net.WebSockets;
using ImapGateway.GraphQL.Transport;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.Tests.GraphQL.Transport;

public class MessageSocketTests
{
    /// <summary>A WebSocket whose client takes nothing until a test says so.</summary>
    private sealed class StalledSocket : WebSocket
    {
        private readonly TaskCompletionSource _taken = new();

        public bool IsDisposed { get; private set; }

        public int Sent { get; private set; }

        public void Take() => _taken.TrySetResult();

        public override WebSocketCloseStatus? CloseStatus => null;

        public override string? CloseStatusDescription => null;

        public override WebSocketState State => WebSocketState.Open;

        public override string? SubProtocol => null;

        public override void Abort() => _taken.TrySetException(new WebSocketException(WebSocketError.ConnectionClosedPrematurely));

        public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) => throw new NotSupportedException();

        public override Task CloseOutputAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) => SendAsync();

        public override void Dispose() => IsDisposed = true;

        public override Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken) => throw new NotSupportedException();

        public override Task SendAsync(ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken) => SendAsync();

        private async Task SendAsync()
        {
            await _taken.Task;
            ObjectDisposedException.ThrowIf(IsDisposed, this);
            Sent++;
        }
    }

    private readonly FakeTimeProvider _time = new();
    private readonly StalledSocket _socket = new();

    private MessageSocket Messages() => new(_socket, 1000, _time);

    private async Task Close(MessageSocket messages)
    {
        await messages.DisposeAsync();
        _socket.Dispose();
    }

    [Fact]
    public async Task A_connection_is_closed_after_what_it_was_sending()
    {
        var messages = Messages();
        var sending = messages.SendAsync("{}"u8.ToArray(), default);
        var ending = messages.EndAsync(CloseReason.Forbidden);
        var closing = Close(messages);
        Assert.False(_socket.IsDisposed);
        _socket.Take();
        await Task.WhenAll(sending, ending, closing);
        Assert.True(_socket.IsDisposed);
        Assert.Equal(2, _socket.Sent);
    }

    [Fact]
    public async Task A_client_that_takes_nothing_is_cut_off_after_a_while()
    {
        var messages = Messages();
        var sending = messages.SendAsync("{}"u8.ToArray(), default);
        var closing = Close(messages);
        Assert.False(closing.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(5));
        await Task.WhenAll(sending, closing);
        Assert.Equal(0, _socket.Sent);
    }

    /// <summary>Operations may end later than their connection.</summary>
    [Fact]
    public async Task A_connection_that_is_closed_sends_nothing_and_does_not_fail()
    {
        var messages = Messages();
        await Close(messages);
        await messages.SendAsync("{}"u8.ToArray(), default);
        await messages.EndAsync(CloseReason.Forbidden);
        Assert.Equal(0, _socket.Sent);
    }
}
