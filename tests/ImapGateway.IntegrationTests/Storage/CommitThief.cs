using System.Net;
using System.Net.Sockets;
using System.Text;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Storage;

/// <summary>Stands before a PostgreSQL server. Armed, it lets the next COMMIT through and keeps its answer: the connection ends, and the client cannot know.</summary>
public sealed class CommitThief : IAsyncDisposable
{
    private static readonly byte[] Commit = Encoding.ASCII.GetBytes("COMMIT\0");

    private readonly int _upstream;
    private readonly AcceptLoop _accepting;
    private int _armed;

    public CommitThief(int upstream)
    {
        _upstream = upstream;
        _accepting = new AcceptLoop(Relay);
    }

    public int Port => _accepting.Port;

    public void Arm() => _armed = 1;

    public ValueTask DisposeAsync() => _accepting.DisposeAsync();

    private async Task Relay(TcpClient client, CancellationToken stop)
    {
        using var server = new TcpClient();
        await server.ConnectAsync(IPAddress.Loopback, _upstream, stop);
        var stolen = new TaskCompletionSource();
        // Whichever side leaves first ends both.
        await await Task.WhenAny(Requests(client.GetStream(), server.GetStream(), stolen, stop), Answers(server.GetStream(), client.GetStream(), stolen, stop));
    }

    private async Task Requests(NetworkStream from, NetworkStream to, TaskCompletionSource stolen, CancellationToken stop)
    {
        var buffer = new byte[65536];
        for (int read; (read = await from.ReadAsync(buffer, stop)) > 0;)
        {
            if (buffer.AsSpan(0, read).IndexOf(Commit) >= 0 && Interlocked.Exchange(ref _armed, 0) == 1)
            {
                stolen.SetResult();
            }
            await to.WriteAsync(buffer.AsMemory(0, read), stop);
        }
    }

    private static async Task Answers(NetworkStream from, NetworkStream to, TaskCompletionSource stolen, CancellationToken stop)
    {
        var buffer = new byte[65536];
        for (int read; (read = await from.ReadAsync(buffer, stop)) > 0;)
        {
            if (stolen.Task.IsCompleted)
            {
                return;
            }
            await to.WriteAsync(buffer.AsMemory(0, read), stop);
        }
    }
}
