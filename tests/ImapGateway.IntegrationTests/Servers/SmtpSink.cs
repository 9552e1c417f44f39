using System.Net;
using System.Net.Sockets;

namespace ImapGateway.IntegrationTests.Servers;

/// <summary>A submission server (RFC 6409) that keeps what it is given: any user with the password, AUTH PLAIN and LOGIN, <see cref="TestCertificate"/>.</summary>
public sealed class SmtpSink : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly List<Task> _running = [];

    private SmtpSink(SmtpOptions options)
    {
        Options = options;
        _listener.Start();
        _running.Add(Accept());
    }

    public static string Host => "127.0.0.1";

    public SmtpOptions Options { get; }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Command lines of all connections; what follows AUTH is not kept.</summary>
    public Journal<string> Commands { get; } = new();

    public Journal<SmtpMessage> Messages { get; } = new();

    public static SmtpSink Start(SmtpOptions? options = null) => new(options ?? new SmtpOptions());

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        Task[] running;
        lock (_gate)
        {
            running = [.. _running];
        }

        await Task.WhenAll(running);
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task Accept()
    {
        while (true)
        {
            TcpClient client;
            try
            {
                client = await _listener.AcceptTcpClientAsync(_stop.Token);
            }
            catch (Exception stopped) when (stopped is OperationCanceledException or SocketException or InvalidOperationException)
            {
                return;
            }

            lock (_gate)
            {
                _running.RemoveAll(done => done.IsCompletedSuccessfully);
                _running.Add(Serve(client));
            }
        }
    }

    private async Task Serve(TcpClient client)
    {
        await Task.Yield();
        await using var session = new SmtpSession(this, client, _stop.Token);
        await session.Run();
    }
}
