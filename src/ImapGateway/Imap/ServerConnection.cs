using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using ImapGateway.Egress;
using ImapGateway.Mail;
using MailKit.Net.Imap;
using MailKit.Net.Smtp;
using Microsoft.Extensions.Options;

namespace ImapGateway.Imap;

/// <summary>Opens connections to mail servers, with the egress policy, the gateway's own TLS or STARTTLS, and certificate checks.</summary>
public sealed class ServerConnection(EgressConnector egress, IOptions<ImapOptions> options, TimeProvider time)
{
    /// <summary>The maximum number of octets that a server may send before TLS, or before the login: a greeting, capabilities and a few lines of text.</summary>
    public const int MostBeforeLogin = 64 << 10;

    private readonly AnswerMemory _memory = new(AnswerMemory.Default, time);

    /// <summary>Opens a connected, encrypted stream whose next bytes are the server's greeting.</summary>
    /// <param name="credential">The credential, which is not sent here. The server may know and repeat it.</param>
    /// <param name="timeout">The limit for connecting and TLS together, and later for each silence of the server.</param>
    /// <exception cref="TimeoutException">The server took longer.</exception>
    /// <exception cref="ProblemException">The server refuses, or the egress policy or the certificate does not allow the connection.</exception>
    public async Task<ServerStream> OpenAsync(MailServer server, Credential credential, EgressPurpose purpose, TimeSpan timeout, CancellationToken cancel)
    {
        using var deadline = new CancellationTokenSource(timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
        try
        {
            return await ConnectAsync(server, new Redaction([credential.Secret]), purpose, timeout, both.Token);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException("The server could not be connected to in time.", e);
        }
    }

    private async Task<ServerStream> ConnectAsync(MailServer server, Redaction secrets, EgressPurpose purpose, TimeSpan silence, CancellationToken cancel)
    {
        Socket socket = await egress.ConnectAsync(purpose, server.Host, server.Port, plaintext: server.Security == Security.None, cancel);
        var stream = new ServerStream(socket, secrets, silence, time)
        {
            Listing = purpose == EgressPurpose.Imap ? new ListingLimit(options.Value.MaxMailboxes) : null,
            Memory = purpose == EgressPurpose.Imap ? _memory.Of(server) : null,
        };
        try
        {
            var greeting = "";
            if (server.Security == Security.StartTls)
            {
                stream.Allow(MostBeforeLogin);
                var lines = new ClearLines(stream);
                greeting = await (purpose == EgressPurpose.Imap ? AskForTlsAsync(stream, lines, cancel) : AskSmtpForTlsAsync(stream, lines, cancel));
                lines.DemandEnd();
                stream.Allow(long.MaxValue);
            }
            if (server.Security != Security.None)
            {
                await stream.StartTlsAsync(TlsOptions(server), cancel);
            }
            if (server.Security == Security.StartTls)
            {
                stream.Replay(Encoding.ASCII.GetBytes(greeting));
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
            throw ImapFailure.Explain(e, stream, loggingIn: true);
        }
    }

    private static SslClientAuthenticationOptions TlsOptions(MailServer server) => new()
    {
        TargetHost = server.Host,
        CertificateRevocationCheckMode = System.Security.Cryptography.X509Certificates.X509RevocationMode.NoCheck,
        // An invalid certificate is accepted only if the owner of the account asked for it, and for this server alone.
        RemoteCertificateValidationCallback = (_, _, _, errors) => errors == SslPolicyErrors.None || server.AllowInvalidCertificate,
    };

    /// <returns>
    /// The greeting for MailKit, which recognises the faults of some servers by its text. The capabilities in it came unencrypted: they are left out, because data from before TLS must be
    /// discarded (RFC 3501 section 6.2.1).
    /// </returns>
    private static async Task<string> AskForTlsAsync(ServerStream stream, ClearLines lines, CancellationToken cancel)
    {
        var greeting = await lines.ReadAsync(cancel);
        if (greeting.StartsWith("* BYE", StringComparison.OrdinalIgnoreCase))
        {
            throw new IOException("The server turns the connection down.");
        }
        if (!greeting.StartsWith("* OK", StringComparison.OrdinalIgnoreCase) && !greeting.StartsWith("* PREAUTH", StringComparison.OrdinalIgnoreCase))
        {
            throw new ImapProtocolException("The greeting of the server is none of IMAP.");
        }
        if (!greeting.StartsWith("* OK", StringComparison.OrdinalIgnoreCase))
        {
            // PREAUTH before TLS would let a man in the middle choose the session (RFC 9051 section 11.1).
            throw new ImapProtocolException("The server offers no STARTTLS.");
        }
        await stream.WriteAsync("A STARTTLS\r\n"u8.ToArray(), cancel);
        string answer;
        do
        {
            answer = await lines.ReadAsync(cancel);
        }
        while (answer.StartsWith('*'));
        if (!answer.StartsWith("A OK", StringComparison.OrdinalIgnoreCase))
        {
            throw new ImapProtocolException("The server refuses STARTTLS.");
        }
        var words = greeting["* OK".Length..].TrimStart();
        words = words.StartsWith('[') ? words[(words.IndexOf(']', StringComparison.Ordinal) + 1)..].TrimStart() : words;
        return $"* OK {(words.Length == 0 || words.AsSpan().ContainsAnyExceptInRange(' ', '~') ? "ready" : words)}\r\n";
    }

    private static async Task<string> AskSmtpForTlsAsync(ServerStream stream, ClearLines lines, CancellationToken cancel)
    {
        await ReadSmtpReplyAsync(lines, "220", cancel);
        await stream.WriteAsync("EHLO localhost\r\n"u8.ToArray(), cancel);
        await ReadSmtpReplyAsync(lines, "250", cancel);
        await stream.WriteAsync("STARTTLS\r\n"u8.ToArray(), cancel);
        await ReadSmtpReplyAsync(lines, "220", cancel);
        return "220 ready\r\n";
    }

    private static async Task ReadSmtpReplyAsync(ClearLines lines, string code, CancellationToken cancel)
    {
        string line;
        do
        {
            line = await lines.ReadAsync(cancel);
            if (!line.StartsWith(code, StringComparison.Ordinal))
            {
                throw new SmtpProtocolException("The server refuses STARTTLS.");
            }
        }
        while (line.Length > 3 && line[3] == '-');
    }

    /// <summary>Reads the lines that a server sends before TLS.</summary>
    private sealed class ClearLines(ServerStream stream)
    {
        private readonly byte[] _octets = new byte[MostBeforeLogin + 1];
        private int _start;
        private int _end;

        public async Task<string> ReadAsync(CancellationToken cancel)
        {
            int length;
            while ((length = _octets.AsSpan(_start.._end).IndexOf((byte)'\n')) < 0)
            {
                // There is room for more than the stream allows.
                var read = await stream.ReadAsync(_octets.AsMemory(_end), cancel);
                _end += read > 0 ? read : throw new IOException("The server closed the connection.");
            }
            var line = Encoding.Latin1.GetString(_octets, _start, length).TrimEnd('\r');
            _start += length + 1;
            return line;
        }

        /// <summary>Throws if data follow the last unencrypted answer: they would be taken for encrypted data (CVE-2021-38371 and others).</summary>
        public void DemandEnd()
        {
            if (_start < _end)
            {
                throw new ImapProtocolException("The server has said more in clear than it was asked for.");
            }
        }
    }
}
