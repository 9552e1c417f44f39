using System.Net.Sockets;
using System.Text;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>A client that takes octets of an answer as slowly as a test likes: what it has not asked for waits in few buffers.</summary>
internal sealed class SlowReader : IDisposable
{
    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private string _received = "";

    private SlowReader(Socket socket) => _socket = socket;

    /// <summary>Sends a GET by HTTP/1.0, whose answer is whole when the connection is closed in order.</summary>
    /// <param name="key">The admin key if null.</param>
    public static async Task<SlowReader> Get(GatewayProcess gateway, string path, string? key = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 8 * 1024 };
        await socket.ConnectAsync(gateway.Http.BaseAddress!.Host, gateway.Http.BaseAddress.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {key ?? gateway.AdminKey}\r\n\r\n"));
        return new SlowReader(socket);
    }

    /// <summary>Reads so far that the whole header of the answer is there, and gives what came after it.</summary>
    public async Task<(string Header, byte[] Octets)> Header()
    {
        while (_received.IndexOf("\r\n\r\n", StringComparison.Ordinal) is var end)
        {
            if (end >= 0)
            {
                return (_received[..end], Encoding.Latin1.GetBytes(_received[(end + 4)..]));
            }

            var octets = await Take(_buffer.Length);
            Assert.NotEmpty(octets);
            _received += Encoding.Latin1.GetString(octets);
        }

        throw new InvalidOperationException();
    }

    /// <summary>At most so many octets; none at the end.</summary>
    public async Task<byte[]> Take(int most)
    {
        var received = await _socket.ReceiveAsync(_buffer.AsMemory(0, Math.Min(most, _buffer.Length)));
        return _buffer[..received];
    }

    public void Dispose()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Dispose();
    }
}
