using System.Net;
using System.Net.Sockets;
using ImapGateway.Egress;
using ImapGateway.Mail;
using Microsoft.Extensions.Options;

namespace ImapGateway.Tests.Egress;

public sealed class EgressConnectorTests : IDisposable
{
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);

    public EgressConnectorTests() => _server.Start();

    private int Port => ((IPEndPoint)_server.LocalEndpoint).Port;

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task An_allowed_host_is_connected_with_no_delay_and_keepalive()
    {
        using var socket = await Connector(allow: ["mail.internal"], "127.0.0.1").ConnectAsync(EgressPurpose.Imap, "mail.internal", Port, plaintext: true, default);
        Assert.True(socket.Connected);
        Assert.True(socket.NoDelay);
        Assert.Equal(1, socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive));
    }

    [Theory]
    [InlineData("rebound.example", "127.0.0.1")]
    [InlineData("metadata.example", "169.254.169.254")]
    [InlineData("both.example", "10.0.0.1", "fd00::1")]
    public async Task A_host_that_resolves_to_what_is_refused_is_named_without_its_address(string host, params string[] addresses)
    {
        var refused = await Refusal(Connector([], addresses), host);
        Assert.Contains(host, refused.Detail, StringComparison.Ordinal);
        Assert.All(addresses, address => Assert.DoesNotContain(address, refused.Detail, StringComparison.Ordinal));
        Assert.False(_server.Pending());
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("2130706433")]
    [InlineData("0x7f000001")]
    [InlineData("0177.0.0.1")]
    [InlineData("127.1")]
    [InlineData("[::1]")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("localhost")]
    [InlineData("")]
    public async Task No_spelling_of_this_machine_gets_through(string host)
    {
        var connector = new EgressConnector(Policy([]), TimeProvider.System);
        await Refusal(connector, host);
        Assert.False(_server.Pending());
    }

    [Fact]
    public async Task Only_the_allowed_ones_of_several_addresses_are_tried()
    {
        var connector = Connector(allow: ["127.0.0.1"], "127.0.0.2", "::1", "127.0.0.1");
        using var socket = await connector.ConnectAsync(EgressPurpose.Imap, "mail.example", Port, plaintext: true, default);
        Assert.Equal(IPAddress.Loopback, ((IPEndPoint)socket.RemoteEndPoint!).Address);
    }

    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")]
    public async Task A_public_mail_server_is_not_connected_without_TLS(params string[] addresses)
    {
        foreach (var purpose in new[] { EgressPurpose.Imap, EgressPurpose.Smtp })
        {
            var connecting = Connector(allow: ["mail.example"], addresses).ConnectAsync(purpose, "mail.example", Port, plaintext: true, default);
            var refused = await Assert.ThrowsAsync<ProblemException>(() => connecting);
            Assert.Equal(ErrorCode.AccountPlaintextRefused, refused.Code);
            Assert.Contains("Egress:AllowPlaintext", refused.Problem.Detail, StringComparison.Ordinal);
            Assert.All(addresses, address => Assert.DoesNotContain(address, refused.Problem.Detail, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task The_private_address_of_a_host_that_has_a_public_one_too_is_connected_without_TLS()
    {
        using var socket = await Connector(allow: ["127.0.0.1"], "8.8.8.8", "127.0.0.1").ConnectAsync(EgressPurpose.Imap, "mail.example", Port, plaintext: true, default);
        Assert.Equal(IPAddress.Loopback, ((IPEndPoint)socket.RemoteEndPoint!).Address);
    }

    [Fact]
    public async Task The_next_address_is_tried_where_one_refuses()
    {
        var connector = Connector(allow: ["127.0.0.0/8"], "127.0.0.2", "127.0.0.1");
        using var socket = await connector.ConnectAsync(EgressPurpose.Imap, "mail.example", Port, plaintext: true, default);
        Assert.Equal(IPAddress.Loopback, ((IPEndPoint)socket.RemoteEndPoint!).Address);
    }

    [Fact]
    public async Task The_next_address_is_tried_where_one_keeps_silent()
    {
        using var silent = new SilentServer(IPAddress.Parse("127.0.0.3"), Port);
        var connector = Connector(allow: ["127.0.0.0/8"], "127.0.0.3", "127.0.0.1");
        using var socket = await connector.ConnectAsync(EgressPurpose.Imap, "mail.example", Port, plaintext: true, default);
        Assert.Equal(IPAddress.Loopback, ((IPEndPoint)socket.RemoteEndPoint!).Address);
    }

    [Fact]
    public async Task A_silent_server_is_left_when_the_caller_gives_up()
    {
        using var silent = new SilentServer(IPAddress.Parse("127.0.0.3"), Port);
        using var deadline = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        var connecting = Connector(allow: ["127.0.0.3"], "127.0.0.3").ConnectAsync(EgressPurpose.Imap, "mail.example", Port, plaintext: true, deadline.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
    }

    [Fact]
    public async Task A_closed_port_is_a_socket_error()
    {
        var connector = Connector(allow: ["127.0.0.2"], "127.0.0.2");
        var failure = await Assert.ThrowsAsync<SocketException>(() => connector.ConnectAsync(EgressPurpose.Imap, "mail.example", Port, plaintext: true, default));
        Assert.Equal(SocketError.ConnectionRefused, failure.SocketErrorCode);
    }

    [Fact]
    public async Task A_name_without_addresses_is_a_socket_error()
    {
        var failure = await Assert.ThrowsAsync<SocketException>(() => Connector([]).ConnectAsync(EgressPurpose.Imap, "nowhere.example", Port, plaintext: true, default));
        Assert.Equal(SocketError.HostNotFound, failure.SocketErrorCode);
    }

    private async Task<Problem> Refusal(EgressConnector connector, string host)
    {
        var refused = await Assert.ThrowsAsync<ProblemException>(() => connector.ConnectAsync(EgressPurpose.Imap, host, Port, plaintext: true, default));
        Assert.Equal(ErrorCode.Unprocessable, refused.Code);
        return refused.Problem;
    }

    private static EgressConnector Connector(string[] allow, params string[] addresses) =>
        new(Policy(allow), TimeProvider.System, (_, _) => Task.FromResult(addresses.Select(IPAddress.Parse).ToArray()));

    private static EgressPolicy Policy(string[] allow) => new(Options.Create(new EgressOptions { Imap = { Allow = allow } }));

    /// <summary>Its queue of connections is full, so that the system answers no further SYN.</summary>
    private sealed class SilentServer : IDisposable
    {
        private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        private readonly List<Socket> _filling = [];

        public SilentServer(IPAddress address, int port)
        {
            _listener.Bind(new IPEndPoint(address, port));
            _listener.Listen(0);
            for (var full = false; !full;)
            {
                var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                _filling.Add(client);
                full = !client.ConnectAsync(address, port).Wait(TimeSpan.FromMilliseconds(200));
            }
        }

        public void Dispose()
        {
            _filling.ForEach(client => client.Dispose());
            _listener.Dispose();
        }
    }
}
