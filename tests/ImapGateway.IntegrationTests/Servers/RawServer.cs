using System.Net.Security;
using System.Text;

namespace ImapGateway.IntegrationTests.Servers;

/// <summary>A server that knows no protocol: each connection is handed to the test's own code, and what clients say is kept.</summary>
public sealed class RawServer : IAsyncDisposable
{
    private readonly AcceptLoop _accepting;
    private int _connections;

    private RawServer(Func<Connection, Task> serve) => _accepting = new AcceptLoop(async (client, stop) =>
    {
        Interlocked.Increment(ref _connections);
        await serve(new Connection(this, client.GetStream(), stop));
    });

    public static string Host => "127.0.0.1";

    public int Port => _accepting.Port;

    /// <summary>Made so far.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Everything clients have said, in Latin-1.</summary>
    public Journal<string> Heard { get; } = new();

    public string AllHeard => string.Concat(Heard.Entries);

    public static RawServer Start(Func<Connection, Task> serve) => new(serve);

    /// <summary>Says something at once, and then hears and says nothing.</summary>
    public static RawServer Saying(string greeting) => Start(async connection =>
    {
        await connection.Say(greeting);
        await connection.Listen();
    });

    public ValueTask DisposeAsync() => _accepting.DisposeAsync();

    public sealed class Connection(RawServer server, Stream stream, CancellationToken stop)
    {
        /// <summary>The server's side of a TLS handshake.</summary>
        public async Task Encrypt()
        {
            var tls = new SslStream(stream);
            using var certificate = TestCertificate.Load();
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, stop);
            stream = tls;
        }

        public Task Say(string text) => Say(Encoding.Latin1.GetBytes(text));

        public async Task Say(ReadOnlyMemory<byte> octets) => await stream.WriteAsync(octets, stop);

        /// <summary>What came next; empty at the end.</summary>
        public async Task<string> Hear()
        {
            var buffer = new byte[8192];
            var text = Encoding.Latin1.GetString(buffer, 0, await stream.ReadAsync(buffer, stop));
            server.Heard.Add(text);
            return text;
        }

        public async Task Listen()
        {
            while ((await Hear()).Length > 0)
            {
                // Not answering.
            }
        }
    }
}
