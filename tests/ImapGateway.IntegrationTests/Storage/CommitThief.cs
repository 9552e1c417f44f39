using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ImapGateway.IntegrationTests.Storage;

/// <summary>Stands before a PostgreSQL server. Armed, it lets the next COMMIT through and keeps its answer: the connection ends, and the client cannot know.</summary>
public sealed class CommitThief : IAsyncDisposable
{
    private static readonly byte[] Commit = Encoding.ASCII.GetBytes("COMMIT\0");

    private readonly int _upstream;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _accepting;
    private int _armed;

    public CommitThief(int upstream)
    {
        _upstream = upstream;
        _listener.Start();
        _accepting = Accept();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Arm() => _armed = 1;

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _end.Dispose();
    }

    private async Task Accept()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(Relay(await _listener.AcceptTcpClientAsync(_end.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task Relay(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient())
        {
            await server.ConnectAsync(IPAddress.Loopback, _upstream);
            var stolen = new TaskCompletionSource();
            try
            {
                await Task.WhenAny(Requests(client.GetStream(), server.GetStream(), stolen), Answers(server.GetStream(), client.GetStream(), stolen));
            }
            catch (Exception ended) when (ended is IOException or OperationCanceledException)
            {
                // Either side has gone.
            }
        }
    }

    private async Task Requests(NetworkStream from, NetworkStream to, TaskCompletionSource stolen)
    {
        var buffer = new byte[65536];
        for (int read; (read = await from.ReadAsync(buffer, _end.Token)) > 0;)
        {
            if (buffer.AsSpan(0, read).IndexOf(Commit) >= 0 && Interlocked.Exchange(ref _armed, 0) == 1)
            {
                stolen.SetResult();
            }
            await to.WriteAsync(buffer.AsMemory(0, read), _end.Token);
        }
    }

    private async Task Answers(NetworkStream from, NetworkStream to, TaskCompletionSource stolen)
    {
        var buffer = new byte[65536];
        for (int read; (read = await from.ReadAsync(buffer, _end.Token)) > 0;)
        {
            if (stolen.Task.IsCompleted)
            {
                return;
            }
            await to.WriteAsync(buffer.AsMemory(0, read), _end.Token);
        }
    }
}
