using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace ImapGateway.IntegrationTests.Servers;

/// <summary>One connection to an <see cref="SmtpSink"/>.</summary>
internal sealed class SmtpSession(SmtpSink sink, TcpClient client, CancellationToken stop) : IAsyncDisposable
{
    private Stream _stream = client.GetStream();
    private string? _user;
    private string _from = "";
    private List<string> _recipients = [];

    private bool Encrypted => _stream is SslStream;

    public async Task Run()
    {
        try
        {
            if (sink.Options.Tls == SmtpTls.Implicit)
            {
                await Encrypt();
            }

            if (sink.Options.Greeting is { } greeting)
            {
                await Say(greeting);
            }

            while (await ReadLine() is { } line && await Answer(line))
            {
                // Until the client leaves.
            }
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or AuthenticationException)
        {
            // It left without a word, disliked the certificate, or the server was told to stop.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        client.Dispose();
    }

    /// <summary>False at the end of the conversation.</summary>
    private async Task<bool> Answer(string line)
    {
        var words = line.Split(' ', 3);
        var command = words[0].ToUpperInvariant();
        sink.Commands.Add(command == "AUTH" ? $"AUTH {words.ElementAtOrDefault(1)}" : line);
        switch (command)
        {
            case "EHLO":
                string[] offers = ["localhost", "8BITMIME", "SMTPUTF8", "SIZE 41943040", .. CanEncrypt ? ["STARTTLS"] : Array.Empty<string>(), .. CanLogIn ? ["AUTH PLAIN LOGIN"] : Array.Empty<string>()];
                await Say(string.Join("\r\n", offers.Select((offer, i) => $"250{(i == offers.Length - 1 ? ' ' : '-')}{offer}")));
                break;
            case "STARTTLS" when CanEncrypt:
                await Say("220 go ahead");
                await Encrypt();
                break;
            case "AUTH" when CanLogIn:
                await LogIn(words[1].ToUpperInvariant(), words.ElementAtOrDefault(2));
                break;
            case "MAIL" or "RCPT" or "DATA" when _user is null:
                await Say("530 5.7.0 log in first");
                break;
            case "MAIL":
                (_from, _recipients) = (Address(line), []);
                await Say("250 2.1.0 ok");
                break;
            case "RCPT":
                _recipients.Add(Address(line));
                await Say("250 2.1.5 ok");
                break;
            case "DATA":
                await Say("354 end with a dot");
                sink.Messages.Add(new SmtpMessage(_user!, Encrypted, _from, _recipients, await ReadData()));
                await Say("250 2.0.0 kept");
                break;
            case "NOOP" or "RSET":
                await Say("250 2.0.0 ok");
                break;
            case "QUIT":
                await Say("221 2.0.0 bye");
                return false;
            default:
                await Say("502 5.5.1 not here");
                break;
        }

        return true;
    }

    private bool CanEncrypt => sink.Options.Tls == SmtpTls.StartTls && !Encrypted;

    private bool CanLogIn => _user is null && (Encrypted || !sink.Options.AuthNeedsTls);

    private async Task LogIn(string mechanism, string? first)
    {
        string[] secrets;
        if (mechanism == "PLAIN")
        {
            secrets = (await Decoded(first, "")).Split('\0')[1..];
        }
        else
        {
            secrets = [await Decoded(first, "VXNlcm5hbWU6"), await Decoded(null, "UGFzc3dvcmQ6")];
        }

        var accepted = secrets[^1] == sink.Options.Password;
        _user = accepted ? secrets[0] : null;
        await Say(accepted ? "235 2.7.0 welcome" : "535 5.7.8 wrong user name or password");
    }

    private async Task<string> Decoded(string? response, string prompt)
    {
        if (response is null)
        {
            await Say($"334 {prompt}");
            response = await ReadLine() ?? "";
        }

        return Encoding.UTF8.GetString(Convert.FromBase64String(response));
    }

    private async Task Encrypt()
    {
        var encrypted = new SslStream(_stream);
        _stream = encrypted;
        await encrypted.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = TestCertificate.Load() }, stop);
    }

    private async Task<byte[]> ReadData()
    {
        var data = new StringBuilder();
        while (await ReadLine() is { } line && line != ".")
        {
            // RFC 5321 section 4.5.2: a leading dot was doubled.
            data.Append(line.StartsWith('.') ? line[1..] : line).Append("\r\n");
        }

        return Encoding.Latin1.GetBytes(data.ToString());
    }

    private async Task<string?> ReadLine()
    {
        var line = new StringBuilder();
        var octet = new byte[1];
        while (await _stream.ReadAsync(octet, stop) > 0)
        {
            if (octet[0] == '\n')
            {
                return line.ToString().TrimEnd('\r');
            }

            line.Append((char)octet[0]);
        }

        return null;
    }

    private async Task Say(string text) => await _stream.WriteAsync(Encoding.Latin1.GetBytes(text + "\r\n"), stop);

    private static string Address(string line) => line[(line.IndexOf('<', StringComparison.Ordinal) + 1)..line.IndexOf('>', StringComparison.Ordinal)];
}
