using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using ImapGateway.Egress;
using ImapGateway.Mail;
using MailKit.Net.Imap;
using MailKit.Net.Smtp;
using Microsoft.Extensions.Options;

namespace ImapGateway.Imap;

/// <summary>Opens connections to mail servers: egress policy, TLS or STARTTLS of ours, certificate checks.</summary>
public sealed class ServerConnection(EgressConnector egress, IOptions<ImapOptions> options, TimeProvider time)
{
    private const int LongestLine = 8192;

    /// <summary>A connected, encrypted stream whose next bytes are the server's greeting.</summary>
    /// <param name="timeout">For connecting and TLS together, and later for each silence of the server.</param>
    /// <exception cref="TimeoutException">The server took longer.</exception>
    /// <exception cref="ProblemException">What the server said, or what the egress policy or the certificate is against.</exception>
    public async Task<ServerStream> OpenAsync(MailServer server, EgressPurpose purpose, TimeSpan timeout, CancellationToken cancel)
    {
        using var deadline = new CancellationTokenSource(timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
        try
        {
            return await ConnectAsync(server, purpose, timeout, both.Token);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException("The server could not be connected to in time.", e);
        }
    }

    private async Task<ServerStream> ConnectAsync(MailServer server, EgressPurpose purpose, TimeSpan silence, CancellationToken cancel)
    {
        Socket socket = await egress.ConnectAsync(purpose, server.Host, server.Port, plaintext: server.Security == Security.None, cancel);
        var stream = new ServerStream(socket, silence, time) { Listing = purpose == EgressPurpose.Imap ? new ListingLimit(options.Value.MaxMailboxes) : null };
        try
        {
            if (server.Security == Security.StartTls)
            {
                await (purpose == EgressPurpose.Imap ? AskForTlsAsync(stream, cancel) : AskSmtpForTlsAsync(stream, cancel));
            }
            if (server.Security != Security.None)
            {
                await stream.StartTlsAsync(TlsOptions(server), cancel);
            }
            if (server.Security == Security.StartTls)
            {
                // The real greeting came in clear and is not to be believed; what was learned before TLS is forgotten (RFC 3501 section 6.2.1).
                stream.Replay(purpose == EgressPurpose.Imap ? "* OK ready\r\n"u8.ToArray() : "220 ready\r\n"u8.ToArray());
            }
            return stream;
        }
        catch (Exception e)
        {
            await stream.DisposeAsync();
            if (e is OperationCanceledException)
            {
                throw;
            }
            throw new ProblemException(ImapFailure.Classify(e, stream.Tail, loggingIn: true), e);
        }
    }

    private static SslClientAuthenticationOptions TlsOptions(MailServer server) => new()
    {
        TargetHost = server.Host,
        CertificateRevocationCheckMode = System.Security.Cryptography.X509Certificates.X509RevocationMode.NoCheck,
        // Accepted as it is only where the owner of the account asked for it, for this server alone.
        RemoteCertificateValidationCallback = (_, _, _, errors) => errors == SslPolicyErrors.None || server.AllowInvalidCertificate,
    };

    private static async Task AskForTlsAsync(ServerStream stream, CancellationToken cancel)
    {
        var greeting = await ReadLineAsync(stream, cancel);
        if (greeting.StartsWith("* BYE", StringComparison.OrdinalIgnoreCase))
        {
            throw new IOException("The server turns the connection down.");
        }
        if (!greeting.StartsWith("* OK", StringComparison.OrdinalIgnoreCase))
        {
            // PREAUTH before TLS would let whoever sits in between choose the session (RFC 9051 section 11.1).
            throw new ImapProtocolException("The server offers no STARTTLS.");
        }
        await stream.WriteAsync("A STARTTLS\r\n"u8.ToArray(), cancel);
        string answer;
        do
        {
            answer = await ReadLineAsync(stream, cancel);
        }
        while (answer.StartsWith('*'));
        if (!answer.StartsWith("A OK", StringComparison.OrdinalIgnoreCase))
        {
            throw new ImapProtocolException("The server refuses STARTTLS.");
        }
    }

    private static async Task AskSmtpForTlsAsync(ServerStream stream, CancellationToken cancel)
    {
        await ReadSmtpReplyAsync(stream, "220", cancel);
        await stream.WriteAsync("EHLO localhost\r\n"u8.ToArray(), cancel);
        await ReadSmtpReplyAsync(stream, "250", cancel);
        await stream.WriteAsync("STARTTLS\r\n"u8.ToArray(), cancel);
        await ReadSmtpReplyAsync(stream, "220", cancel);
    }

    private static async Task ReadSmtpReplyAsync(ServerStream stream, string code, CancellationToken cancel)
    {
        string line;
        do
        {
            line = await ReadLineAsync(stream, cancel);
            if (!line.StartsWith(code, StringComparison.Ordinal))
            {
                throw new SmtpProtocolException("The server refuses STARTTLS.");
            }
        }
        while (line.Length > 3 && line[3] == '-');
    }

    /// <summary>Byte by byte, so that nothing which came in clear can be left over and taken for what came encrypted.</summary>
    private static async Task<string> ReadLineAsync(ServerStream stream, CancellationToken cancel)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (line.Length < LongestLine)
        {
            if (await stream.ReadAsync(one.AsMemory(), cancel) == 0)
            {
                throw new IOException("The server closed the connection.");
            }
            if (one[0] == '\n')
            {
                return line.ToString().TrimEnd('\r');
            }
            line.Append((char)one[0]);
        }
        throw new ImapProtocolException("The server's greeting is no line of text.");
    }
}
