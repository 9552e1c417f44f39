namespace ImapGateway.IntegrationTests.Servers;

/// <summary>A submission server (RFC 6409) that keeps what it is given: any user with the password, AUTH PLAIN and LOGIN, <see cref="TestCertificate"/>.</summary>
public sealed class SmtpSink : IAsyncDisposable
{
    private readonly AcceptLoop _accepting;

    private SmtpSink(SmtpOptions options)
    {
        Options = options;
        _accepting = new AcceptLoop(async (client, stop) =>
        {
            await using var session = new SmtpSession(this, client, stop);
            await session.Run();
        });
    }

    public static string Host => "127.0.0.1";

    public SmtpOptions Options { get; }

    public int Port => _accepting.Port;

    /// <summary>Command lines of all connections; what follows AUTH is not kept.</summary>
    public Journal<string> Commands { get; } = new();

    public Journal<SmtpMessage> Messages { get; } = new();

    public static SmtpSink Start(SmtpOptions? options = null) => new(options ?? new SmtpOptions());

    public ValueTask DisposeAsync() => _accepting.DisposeAsync();
}
