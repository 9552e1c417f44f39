using System.Net;
using System.Net.Sockets;

namespace ImapGateway.IntegrationTests.Servers;

/// <summary>Listens on a free loopback port and serves each connection beside the others. When it is disposed, all connections have ended.</summary>
public sealed class AcceptLoop : IAsyncDisposable
{
    private readonly Func<TcpClient, CancellationToken, Task> _serve;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly List<Task> _running = [];
    private TcpListener _listener = new(IPAddress.Loopback, 0);

    /// <param name="serve">Serves one connection, which is closed when it returns. The token is cancelled when the loop is disposed; what a client that leaves makes it throw is no failure.</param>
    public AcceptLoop(Func<TcpClient, CancellationToken, Task> serve)
    {
        _serve = serve;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        Run(AcceptAsync(_listener));
    }

    public int Port { get; }

    /// <summary>New connections are refused until <see cref="Resume"/>; those that are open go on.</summary>
    public void Refuse() => _listener.Stop();

    /// <summary>Listens again, on the same port.</summary>
    public void Resume()
    {
        _listener = new TcpListener(IPAddress.Loopback, Port);
        _listener.Start();
        Run(AcceptAsync(_listener));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        Task[] running;
        lock (_gate)
        {
            running = [.. _running];
        }
        await Task.WhenAll(running);
        _stop.Dispose();
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        while (true)
        {
            try
            {
                Run(ServeAsync(await listener.AcceptTcpClientAsync(_stop.Token)));
            }
            catch (Exception stopped) when (stopped is OperationCanceledException or SocketException or InvalidOperationException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        // The next connection is accepted meanwhile, and the owner of the loop is complete.
        await Task.Yield();
        using (client)
        {
            try
            {
                await _serve(client, _stop.Token);
            }
            catch (Exception gone) when (gone is IOException or SocketException or OperationCanceledException)
            {
                // The client has left, or the test is over.
            }
        }
    }

    private void Run(Task task)
    {
        lock (_gate)
        {
            _running.RemoveAll(done => done.IsCompletedSuccessfully);
            _running.Add(task);
        }
    }
}
