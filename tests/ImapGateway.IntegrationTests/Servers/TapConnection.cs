using System.Net.Sockets;

namespace ImapGateway.IntegrationTests.Servers;

/// <summary>One client's connection through a <see cref="TapProxy"/>.</summary>
internal sealed class TapConnection(TapProxy proxy, int number, Socket client, Socket server) : IDisposable
{
    private readonly CancellationTokenSource _cut = new();
    private volatile bool _forgotten;
    private long _fromServer;
    private long _passed = Environment.TickCount64;

    /// <summary>Ends when both sides have closed, or at <see cref="Cut"/>.</summary>
    public async Task Run()
    {
        client.NoDelay = server.NoDelay = true;
        try
        {
            var copying = Task.WhenAll(Copy(client, server, fromClient: true), Copy(server, client, fromClient: false));
            await Idle(copying);
            if (!copying.IsCompleted)
            {
                // A polite end, unlike Cut.
                client.Shutdown(SocketShutdown.Both);
                server.Shutdown(SocketShutdown.Both);
            }
            await copying;
        }
        catch (Exception ended) when (ended is SocketException or OperationCanceledException)
        {
            // Zero linger makes the close a reset: the other side must not take it for a polite end.
            client.LingerState = server.LingerState = new LingerOption(true, 0);
        }
    }

    private async Task Idle(Task copying)
    {
        while (!copying.IsCompleted && !(proxy.IdleTimeout is { } timeout && Environment.TickCount64 - Interlocked.Read(ref _passed) >= timeout.TotalMilliseconds))
        {
            await Task.WhenAny(copying, Task.Delay(50));
        }
    }

    public void Cut() => _cut.Cancel();

    public void Forget() => _forgotten = true;

    public void Dispose()
    {
        client.Dispose();
        server.Dispose();
    }

    private async Task Copy(Socket from, Socket to, bool fromClient)
    {
        try
        {
            await CopyToEnd(from, to, fromClient);
        }
        catch
        {
            Cut();
            throw;
        }
    }

    private async Task CopyToEnd(Socket from, Socket to, bool fromClient)
    {
        var lines = new TapLines();
        var buffer = new byte[1 << 16];
        int received;
        while ((received = await from.ReceiveAsync(buffer, _cut.Token)) > 0)
        {
            Interlocked.Exchange(ref _passed, Environment.TickCount64);
            await proxy.Stalled.WaitAsync(_cut.Token);
            if (!fromClient && proxy.Delay > TimeSpan.Zero)
            {
                await Task.Delay(proxy.Delay, _cut.Token);
            }

            for (var rest = buffer.AsMemory(0, received); rest.Length > 0 && !_forgotten;)
            {
                var (length, text) = lines.Take(rest.Span);
                if (text is null || await Passes(new TapLine(number, fromClient, text)))
                {
                    await Send(to, rest[..length], fromClient);
                }

                rest = rest[length..];
            }
        }

        if (!_forgotten)
        {
            to.Shutdown(SocketShutdown.Send);
        }
    }

    private async Task<bool> Passes(TapLine line)
    {
        proxy.OnLine?.Invoke(line);
        proxy.Lines.Add(line);
        switch (line.Command is not null && proxy.OnCommand is { } decide ? await decide(line) : TapAction.Pass)
        {
            case TapAction.Cut:
                throw new OperationCanceledException();
            case TapAction.Swallow:
                return false;
            default:
                return true;
        }
    }

    private async Task Send(Socket to, ReadOnlyMemory<byte> octets, bool fromClient)
    {
        if (!fromClient && proxy.CutAfterServerOctets is { } limit)
        {
            octets = octets[..(int)Math.Clamp(limit - _fromServer, 0, octets.Length)];
        }

        while (octets.Length > 0)
        {
            var sent = await to.SendAsync(octets, _cut.Token);
            octets = octets[sent..];
            _fromServer += fromClient ? 0 : sent;
        }

        if (_fromServer >= proxy.CutAfterServerOctets)
        {
            throw new OperationCanceledException();
        }
    }
}
