using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ImapGateway.Benchmarks;

/// <summary>Passes bytes between the gateway and a mail server, and notes when the server's first push has come.</summary>
public sealed class PushRelay : IAsyncDisposable
{
    private static readonly byte[][] Pushes = [" EXISTS"u8.ToArray(), "* STATUS "u8.ToArray()];

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _upstream;
    private readonly Task _accepting;
    private long _pushed;

    private PushRelay(int upstream)
    {
        _upstream = upstream;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>When the first push since <see cref="Arm"/> came from the server, just before it went on to the gateway; 0: none yet.</summary>
    public long Pushed => Interlocked.Read(ref _pushed);

    public static PushRelay To(int port) => new(port);

    public void Arm() => Interlocked.Exchange(ref _pushed, 0);

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptSocketAsync();
            }
            catch (Exception e) when (e is SocketException or InvalidOperationException)
            {
                return;
            }
            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using (client)
        using (var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true })
        {
            client.NoDelay = true;
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _upstream);
                await Task.WhenAny(CopyAsync(client, server, notes: false), CopyAsync(server, client, notes: true));
            }
            catch (SocketException)
            {
                // One side has gone; the other hears of it by the close.
            }
        }
    }

    private async Task CopyAsync(Socket from, Socket to, bool notes)
    {
        var buffer = new byte[64 * 1024];
        int count;
        while ((count = await from.ReceiveAsync(buffer)) > 0)
        {
            var bytes = buffer.AsMemory(0, count);
            if (notes && Pushed == 0 && Pushes.Any(push => bytes.Span.IndexOf(push) >= 0))
            {
                Interlocked.CompareExchange(ref _pushed, Stopwatch.GetTimestamp(), 0);
            }
            await to.SendAsync(bytes);
        }
    }
}
