using System.Net;
using System.Net.Sockets;

namespace ImapGateway.IntegrationTests.Servers;

/// <summary>
/// Stands between the gateway and an IMAP server without TLS: keeps the lines of both sides, and makes the network fail.
/// </summary>
public sealed class TapProxy : IAsyncDisposable
{
    private readonly int _upstream;
    private readonly Lock _gate = new();
    private readonly HashSet<TapConnection> _open = [];
    private readonly AcceptLoop _accepting;
    private int _connections;
    private bool _isDown;
    private volatile TaskCompletionSource? _stalled;

    private TapProxy(int upstream)
    {
        _upstream = upstream;
        _accepting = new AcceptLoop(Serve);
    }

    public static string Host => "127.0.0.1";

    public int Port => _accepting.Port;

    public Journal<TapLine> Lines { get; } = new();

    /// <summary>Connections clients have made so far.</summary>
    public int Connections => Volatile.Read(ref _connections);

    public int OpenConnections
    {
        get
        {
            lock (_gate)
            {
                return _open.Count;
            }
        }
    }

    /// <summary>Runs before a command goes on to the server: does something at exactly that moment, or decides that the command is lost. Of a command with literals only the end is in its hands.</summary>
    public Func<TapLine, Task<TapAction>>? OnCommand { get; set; }

    /// <summary>Runs before a line of either side goes on: knows when it came.</summary>
    public Action<TapLine>? OnLine { get; set; }

    /// <summary>Each piece from the server reaches the client this much later.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>When so many octets have come from the server on a connection, it is reset, in the middle of whatever is being said.</summary>
    public long? CutAfterServerOctets { get; set; }

    /// <summary>A connection on which nothing has passed for so long is closed, as proxies do. Also set for open ones.</summary>
    public TimeSpan? IdleTimeout { get; set; }

    public static TapProxy Start(int upstreamPort) => new(upstreamPort);

    /// <summary>How often a command was sent, e.g. <c>UID FETCH</c>.</summary>
    public int CountOf(string command) => Lines.Count(line => line.Command == command);

    /// <summary>Every different command sent so far.</summary>
    public IReadOnlySet<string> Commands => Lines.Entries.Select(line => line.Command).OfType<string>().ToHashSet();

    /// <summary>Waits until a command has been sent that often since the start or the last <c>Lines.Clear()</c>.</summary>
    public Task WaitFor(string command, int times = 1) => Lines.AtLeast(times, line => line.Command == command);

    /// <summary>Nothing passes until <see cref="Resume"/>; connections stay, also new ones. What is said meanwhile is kept: back pressure, not loss.</summary>
    public void Stall() => _stalled ??= new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Resume() => Interlocked.Exchange(ref _stalled, null)?.SetResult();

    /// <summary>Open connections become silent for ever, as behind a router that forgot them: they stay, and all that is said on them is lost.</summary>
    public void ForgetConnections() => ForEach(connection => connection.Forget());

    /// <summary>Resets every open connection.</summary>
    public void Cut() => ForEach(connection => connection.Cut());

    /// <summary>New connections are refused; the open ones are reset.</summary>
    public void GoDown()
    {
        _accepting.Refuse();
        lock (_gate)
        {
            _isDown = true;
        }

        Cut();
    }

    /// <summary>Listens again, on the same port.</summary>
    public void ComeBack()
    {
        lock (_gate)
        {
            _isDown = false;
        }

        _accepting.Resume();
    }

    public async ValueTask DisposeAsync()
    {
        Resume();
        GoDown();
        await _accepting.DisposeAsync();
    }

    internal Task Stalled => _stalled?.Task ?? Task.CompletedTask;

    private async Task Serve(TcpClient client, CancellationToken stop)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var connection = new TapConnection(this, Interlocked.Increment(ref _connections), client.Client, server);
        lock (_gate)
        {
            _open.Add(connection);
            if (_isDown)
            {
                // Accepted just before.
                connection.Cut();
            }
        }

        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _upstream, stop);
            await connection.Run();
        }
        catch (SocketException)
        {
            connection.Cut();
        }
        finally
        {
            lock (_gate)
            {
                _open.Remove(connection);
            }
        }
    }

    private void ForEach(Action<TapConnection> action)
    {
        TapConnection[] open;
        lock (_gate)
        {
            open = [.. _open];
        }

        Array.ForEach(open, action);
    }
}
