using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace ImapGateway.IntegrationTests.Servers.Scripted;

/// <summary>One connection to a <see cref="ScriptedImapServer"/>.</summary>
public sealed class ScriptedSession : IDisposable
{
    private readonly TcpClient _client;
    private Stream _stream;
    private Stream _input;
    private readonly MemoryStream _output = new();
    private readonly CancellationToken _stop;
    private bool _closed;

    internal ScriptedSession(ScriptedImapServer server, TcpClient client, int number, CancellationToken stop)
    {
        (Server, _client, Number, _stop) = (server, client, number, stop);
        // Once: a TcpClient whose connection has been shut down gives no stream, and says so with an exception that a fault of the server could throw as well.
        _stream = client.GetStream();
        _input = new BufferedStream(_stream);
    }

    public ScriptedImapServer Server { get; }

    /// <summary>1 for the server's first connection, and so on.</summary>
    public int Number { get; }

    public bool IsAuthenticated { get; internal set; }

    public bool IsEncrypted => _stream is SslStream;

    public ScriptedMailbox? Selected => View?.Mailbox;

    internal SelectedView? View { get; set; }

    internal bool CondStore { get; set; }

    /// <summary>Octets the connection still carries to the client before it is reset, as in the middle of a literal.</summary>
    public long CloseAfter { get; set; } = long.MaxValue;

    /// <summary>Says one line; it leaves at the next <see cref="Flush"/>, at the latest when the command is done.</summary>
    public void Say(string line) => SayOctets(Encoding.Latin1.GetBytes(line + "\r\n"));

    public void SayOctets(ReadOnlySpan<byte> octets) => _output.Write(octets);

    public async Task Flush()
    {
        var said = Server.Rewrite is { } rewrite && _output.Length > 0 ? rewrite(this, _output.ToArray()) : _output.GetBuffer().AsMemory(0, (int)_output.Length);
        var octets = said[..(int)Math.Min(said.Length, CloseAfter)];
        await _stream.WriteAsync(octets, _stop);
        CloseAfter -= octets.Length;
        _output.SetLength(0);
        if (CloseAfter <= 0)
        {
            Reset();
        }
    }

    /// <summary>The connection is gone after what was flushed.</summary>
    public void Close() => _closed = true;

    /// <summary>The connection is gone at once, with a reset.</summary>
    public void Reset()
    {
        _client.Client.LingerState = new LingerOption(true, 0);
        Close();
    }

    internal void Farewell(string line)
    {
        _client.Client.Send(Encoding.ASCII.GetBytes(line + "\r\n"));
        _client.Client.Shutdown(SocketShutdown.Both);
    }

    /// <summary>Hears, and says nothing, until the client leaves.</summary>
    public async Task Silence()
    {
        _output.SetLength(0);
        var buffer = new byte[4096];
        while (await _input.ReadAsync(buffer, _stop) > 0)
        {
            // Not listening.
        }

        Close();
    }

    public void Dispose()
    {
        _client.Dispose();
        _input.Dispose();
        _output.Dispose();
    }

    /// <summary>The server's side of a TLS handshake, after what was said.</summary>
    internal async Task Encrypt()
    {
        await Flush();
        var tls = new SslStream(_stream);
        using var certificate = TestCertificate.Load();
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, _stop);
        (_stream, _input) = (tls, new BufferedStream(tls));
    }

    internal async Task Run()
    {
        try
        {
            if (Server.Options.Greeting is not { } greeting)
            {
                await Silence();
                return;
            }

            Say(greeting);
            await Flush();
            _closed |= greeting.StartsWith("* BYE", StringComparison.Ordinal);
            for (var heard = 0; !_closed && await ReadCommand() is { } command; heard++)
            {
                Server.Commands.Add(command);
                if (heard >= Server.Options.SilentAfter)
                {
                    await Silence();
                    return;
                }

                await Answer(command);
                await Flush();
            }
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or SocketException)
        {
            // The client left, or the server was told to stop.
        }
    }

    internal async Task<string?> ReadLine()
    {
        var line = new StringBuilder();
        var octet = new byte[1];
        while (await _input.ReadAsync(octet, _stop) > 0)
        {
            if (octet[0] == '\n')
            {
                return line.ToString().TrimEnd('\r');
            }

            line.Append((char)octet[0]);
        }

        return null;
    }

    /// <summary>Tells the client what others have done to the selected mailbox (RFC 9051 section 7.4).</summary>
    internal void Tell(bool mayExpunge = true) => View?.Tell(this, mayExpunge);

    private Task Answer(ScriptedCommand command)
    {
        Func<Task> proceed = () => ScriptedCommands.Run(this, command);
        return Server.HookOf(command.Name) is { } hook ? hook(this, command, proceed) : proceed();
    }

    private async Task<ScriptedCommand?> ReadCommand()
    {
        var reader = new ImapValueReader();
        while (await ReadLine() is { } line)
        {
            var brace = line.EndsWith('}') ? line.LastIndexOf('{') : -1;
            reader.Line(brace < 0 ? line : line[..brace]);
            if (brace < 0)
            {
                return Parse(reader.Values);
            }

            var length = line[(brace + 1)..^1];
            if (!length.EndsWith('+'))
            {
                Say("+ go on");
                await Flush();
            }

            var literal = new byte[int.Parse(length.TrimEnd('+'), CultureInfo.InvariantCulture)];
            await _input.ReadExactlyAsync(literal, _stop);
            reader.Literal(Encoding.Latin1.GetString(literal));
        }

        return null;
    }

    private ScriptedCommand Parse(List<ImapValue> values)
    {
        var tag = values.Count > 0 ? values[0].Text : "*";
        var name = values.Count > 1 ? values[1].Text.ToUpperInvariant() : "";
        return name == "UID" && values.Count > 2
            ? new(Number, tag, $"UID {values[2].Text.ToUpperInvariant()}", values[3..])
            : new(Number, tag, name, values[Math.Min(2, values.Count)..]);
    }
}
