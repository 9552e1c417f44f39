using System.Net;
using System.Net.Sockets;
using ImapGateway.Mail;

namespace ImapGateway.Egress;

/// <summary>Connects to hosts that the policy allows, and to exactly the address that was judged: asking DNS again could give another answer.</summary>
public sealed class EgressConnector
{
    /// <summary>The longest time that an address may delay the next one (RFC 8305 section 5).</summary>
    private static readonly TimeSpan Stagger = TimeSpan.FromMilliseconds(250);

    private readonly EgressPolicy _policy;
    private readonly TimeProvider _time;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;

    public EgressConnector(EgressPolicy policy, TimeProvider time) : this(policy, time, Dns.GetHostAddressesAsync) { }

    internal EgressConnector(EgressPolicy policy, TimeProvider time, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
    {
        _policy = policy;
        _time = time;
        _resolve = resolve;
    }

    /// <summary>Connects to a host. Waits as long as the system does for an address that does not answer; the caller's token is the deadline.</summary>
    /// <param name="plaintext">True if the connection is used without TLS.</param>
    /// <exception cref="ProblemException">
    /// <see cref="ErrorCode.Unprocessable"/>: no host, or none of its addresses is allowed. <see cref="ErrorCode.AccountPlaintextRefused"/>: none is allowed without TLS.
    /// The addresses are not disclosed.
    /// </exception>
    /// <exception cref="SocketException">The host has no address, or none of the allowed ones answers.</exception>
    public async Task<Socket> ConnectAsync(EgressPurpose purpose, string host, int port, bool plaintext, CancellationToken cancel)
    {
        var resolved = await ResolveAsync(host, cancel);
        var allowed = resolved.Where(address => _policy.Allows(purpose, host, address)).ToList();
        if (allowed.Count == 0 && resolved.Length > 0)
        {
            throw new ProblemException(ErrorCode.Unprocessable, $"The egress policy refuses to connect to {host}; the operator can allow it in {EgressPolicy.AllowList(purpose)}.");
        }
        if (plaintext && allowed.RemoveAll(address => !_policy.AllowsPlaintext(purpose, host, address)) > 0 && allowed.Count == 0)
        {
            throw new ProblemException(PlaintextRefused(purpose, host));
        }
        return await RaceAsync(new Queue<IPEndPoint>(allowed.Select(address => new IPEndPoint(address, port))), cancel);
    }

    private static Problem PlaintextRefused(EgressPurpose purpose, string host) => purpose == EgressPurpose.Webhooks
        ? new Problem(ErrorCode.Unprocessable, $"{host} is on a public network: https is expected.")
        : new Problem(ErrorCode.AccountPlaintextRefused, $"{host} is on a public network, where the password and the mail could be read on the way. Set security to tls or starttls; the operator can allow plaintext with Egress:AllowPlaintext.");

    private async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancel)
    {
        if (IPAddress.TryParse(host, out var literal))
        {
            return [literal];
        }
        try
        {
            // An empty name would be this machine.
            return host.Length == 0 ? throw new ArgumentException("empty", nameof(host)) : await _resolve(host, cancel);
        }
        catch (ArgumentException failure)
        {
            throw new ProblemException(new Problem(ErrorCode.Unprocessable, $"\"{host}\" is not a host name."), failure);
        }
    }

    private async Task<Socket> RaceAsync(Queue<IPEndPoint> waiting, CancellationToken cancel)
    {
        using var race = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var running = new List<Task<Socket>>();
        var failure = new SocketException((int)SocketError.HostNotFound);
        try
        {
            while (waiting.Count > 0 || running.Count > 0)
            {
                if (waiting.TryDequeue(out var next))
                {
                    running.Add(OpenAsync(next, race.Token));
                }
                var patience = Task.Delay(waiting.Count > 0 ? Stagger : Timeout.InfiniteTimeSpan, _time, race.Token);
                var first = await Task.WhenAny([.. running, patience]);
                if (first is not Task<Socket> attempt)
                {
                    cancel.ThrowIfCancellationRequested();
                    continue;
                }
                running.Remove(attempt);
                try
                {
                    return await attempt;
                }
                catch (SocketException refused)
                {
                    failure = refused;
                }
            }
            throw failure;
        }
        finally
        {
            await race.CancelAsync();
            foreach (var loser in running)
            {
                _ = CloseAsync(loser);
            }
        }
    }

    private static async Task CloseAsync(Task<Socket> loser)
    {
        try
        {
            (await loser).Dispose();
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException)
        {
            // There is nothing to close: the socket did not connect, or was stopped.
        }
    }

    private static async Task<Socket> OpenAsync(IPEndPoint address, CancellationToken cancel)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            // A connection that waits for pushes carries no data for minutes: routers on the way drop it, and a dead server is not noticed.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 60);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 15);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 4);
            await socket.ConnectAsync(address, cancel);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
