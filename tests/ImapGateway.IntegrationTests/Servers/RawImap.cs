using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace ImapGateway.IntegrationTests.Servers;

/// <summary>IMAP by hand: what a mail library would not send, or not that fast. It understands no literals in answers.</summary>
public sealed class RawImap : IAsyncDisposable
{
    private readonly TcpClient _socket;
    private readonly BufferedStream _output;
    private readonly StreamReader _input;
    private int _tag;

    private RawImap(TcpClient socket)
    {
        _socket = socket;
        _output = new BufferedStream(socket.GetStream(), 1 << 16);
        _input = new StreamReader(socket.GetStream(), Encoding.Latin1);
    }

    public static async Task<RawImap> Connect(string host, int port)
    {
        var socket = new TcpClient();
        await socket.ConnectAsync(host, port);
        var raw = new RawImap(socket);
        await raw._input.ReadLineAsync();
        return raw;
    }

    public Task<IReadOnlyList<string>> Login(string user, string password) => Command($"LOGIN \"{user}\" \"{password}\"");

    /// <summary>Sends one command and reads to its end: untagged lines, then the tagged one without its tag.</summary>
    /// <exception cref="IOException">The server did not answer OK.</exception>
    public async Task<IReadOnlyList<string>> Command(string command)
    {
        await Write(string.Create(CultureInfo.InvariantCulture, $"t{++_tag} {command}\r\n"));
        return await Answer();
    }

    /// <summary>Sends a FETCH of a literal and reads up to the first octet of it. The connection is of no use any more.</summary>
    public async Task FirstOctet(string command)
    {
        await Write(string.Create(CultureInfo.InvariantCulture, $"t{++_tag} {command}\r\n"));
        await _output.FlushAsync();
        var line = await _input.ReadLineAsync();
        if (line is null || !line.EndsWith('}') || await _input.ReadAsync(new char[1]) != 1)
        {
            throw new IOException(line ?? "The server closed the connection.");
        }
    }

    /// <summary>Stores messages in one command (RFC 3502) without waiting for continuation (RFC 7888); the client code of the servers here needs neither advertised.</summary>
    public async Task Append(string mailbox, IEnumerable<byte[]> messages, string flags = "")
    {
        await Write(string.Create(CultureInfo.InvariantCulture, $"t{++_tag} APPEND \"{mailbox}\""));
        foreach (var message in messages)
        {
            await Write(string.Create(CultureInfo.InvariantCulture, $" ({flags}) {{{message.Length}+}}\r\n"));
            await _output.WriteAsync(message);
        }

        await Write("\r\n");
        await Answer();
    }

    /// <summary>Stores one message, by nothing but RFC 3501: the octets follow the server's continuation.</summary>
    public async Task Append(string mailbox, byte[] message, string flags = "")
    {
        await Write(string.Create(CultureInfo.InvariantCulture, $"t{++_tag} APPEND \"{mailbox}\" ({flags}) {{{message.Length}}}\r\n"));
        await _output.FlushAsync();
        if (await _input.ReadLineAsync() is not ['+', ..] and var refusal)
        {
            throw new IOException(refusal ?? "The server closed the connection.");
        }
        await _output.WriteAsync(message);
        await Write("\r\n");
        await Answer();
    }

    public async ValueTask DisposeAsync()
    {
        await _output.DisposeAsync();
        _socket.Dispose();
    }

    private async Task Write(string text) => await _output.WriteAsync(Encoding.Latin1.GetBytes(text));

    private async Task<IReadOnlyList<string>> Answer()
    {
        await _output.FlushAsync();
        var tag = string.Create(CultureInfo.InvariantCulture, $"t{_tag} ");
        var lines = new List<string>();
        while (await _input.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(tag, StringComparison.Ordinal))
            {
                lines.Add(line[tag.Length..]);
                return line[tag.Length..].StartsWith("OK", StringComparison.Ordinal) ? lines : throw new IOException(line);
            }

            lines.Add(line);
        }

        throw new IOException("The server closed the connection.");
    }
}
