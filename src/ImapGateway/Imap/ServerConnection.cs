using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using ImapGateway.Egress;

namespace ImapGateway.Imap;

/// <summary>Opens connections to mail servers: egress policy, TLS or STARTTLS of ours, certificate checks.</summary>
public sealed class ServerConnection(EgressConnector egress, TimeProvider time)
{
    private const int LongestLine = 8192;

    /// <summary>A connected, encrypted stream whose next bytes are the server's greeting.</summary>
    public async Task<ServerStream> OpenAsync(MailServer server, EgressPurpose purpose, TimeSpan timeout, CancellationToken cancel)
    {
        Socket socket = await egress.ConnectAsync(purpose, server.Host, server.Port, cancel);
        var stream = new ServerStream(socket, timeout, time);
        try
        {
            if (server.Security == Security.StartTls)
            {
                await (purpose == EgressPurpose.Imap ? AskForTlsAsync(stream, "A STARTTLS", "A OK", cancel) : AskSmtpForTlsAsync(stream, cancel));
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
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    private static SslClientAuthenticationOptions TlsOptions(MailServer server) => new()
    {
        TargetHost = server.Host,
        CertificateRevocationCheckMode = System.Security.Cryptography.X509Certificates.X509RevocationMode.NoCheck,
        // Accepted as it is only where the owner of the account asked for it, for this server alone.
        RemoteCertificateValidationCallback = (_, _, _, errors) => errors == SslPolicyErrors.None || server.AllowInvalidCertificate,
    };

    private static async Task AskForTlsAsync(ServerStream stream, string command, string accepted, CancellationToken cancel)
    {
        var greeting = await ReadLineAsync(stream, cancel);
        if (!greeting.StartsWith("* OK", StringComparison.OrdinalIgnoreCase))
        {
            // PREAUTH before TLS would let whoever sits in between choose the session (RFC 9051 section 11.1).
            throw new IOException(greeting.StartsWith("* BYE", StringComparison.OrdinalIgnoreCase) ? greeting : "The server offers no STARTTLS.");
        }
        await stream.WriteAsync(Encoding.ASCII.GetBytes(command + "\r\n"), cancel);
        string answer;
        do
        {
            answer = await ReadLineAsync(stream, cancel);
        }
        while (answer.StartsWith('*'));
        if (!answer.StartsWith(accepted, StringComparison.OrdinalIgnoreCase))
        {
            throw new MailKit.Net.Imap.ImapProtocolException("The server refuses STARTTLS.");
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
                throw new MailKit.Net.Smtp.SmtpProtocolException("The server refuses STARTTLS.");
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
        throw new MailKit.Net.Imap.ImapProtocolException("The server's greeting is no line of text.");
    }
}
