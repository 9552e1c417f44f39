using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace ImapGateway.IntegrationTests.Servers;

public class SmtpSinkTests
{
    [Theory]
    [InlineData(SmtpTls.None, SecureSocketOptions.None)]
    [InlineData(SmtpTls.StartTls, SecureSocketOptions.StartTls)]
    [InlineData(SmtpTls.Implicit, SecureSocketOptions.SslOnConnect)]
    public async Task A_client_that_logs_in_hands_in_a_message(SmtpTls tls, SecureSocketOptions security)
    {
        await using var sink = SmtpSink.Start(new() { Tls = tls });
        using var client = new SmtpClient { ServerCertificateValidationCallback = (_, _, _, _) => true };
        await client.ConnectAsync(SmtpSink.Host, sink.Port, security);
        await client.AuthenticateAsync("anna", "pass");
        var mail = new MimeMessage { Subject = "sent", From = { new MailboxAddress("", "anna@example.org") }, To = { new MailboxAddress("", "ben@example.com") }, Body = new TextPart { Text = ".\r\n..dots\r\n" } };
        await client.SendAsync(mail);
        await client.DisconnectAsync(true);
        var kept = Assert.Single(sink.Messages.Entries);
        Assert.Equal(("anna", tls != SmtpTls.None, "anna@example.org", "ben@example.com"), (kept.User, kept.Encrypted, kept.From, Assert.Single(kept.Recipients)));
        var parsed = await MimeMessage.LoadAsync(new MemoryStream(kept.Octets));
        Assert.Equal(("sent", ".\r\n..dots"), (parsed.Subject, parsed.TextBody!.ReplaceLineEndings("\r\n").TrimEnd()));
    }

    [Fact]
    public async Task Auth_login_works_too()
    {
        await using var sink = SmtpSink.Start(new() { Tls = SmtpTls.None });
        using var client = new SmtpClient();
        await client.ConnectAsync(SmtpSink.Host, sink.Port, SecureSocketOptions.None);
        await client.AuthenticateAsync(new SaslMechanismLogin("anna", "pass"));
        Assert.True(client.IsAuthenticated);
    }

    [Fact]
    public async Task A_wrong_password_an_untrusted_certificate_and_a_login_in_the_clear_are_refused()
    {
        await using var sink = SmtpSink.Start(new() { AuthNeedsTls = true });
        using var strict = new SmtpClient();
        await Assert.ThrowsAsync<SslHandshakeException>(() => strict.ConnectAsync(SmtpSink.Host, sink.Port, SecureSocketOptions.StartTls));
        using var clear = new SmtpClient();
        await clear.ConnectAsync(SmtpSink.Host, sink.Port, SecureSocketOptions.None);
        await Assert.ThrowsAsync<NotSupportedException>(() => clear.AuthenticateAsync("anna", "pass"));
        using var trusting = new SmtpClient { ServerCertificateValidationCallback = (_, _, _, _) => true };
        await trusting.ConnectAsync(SmtpSink.Host, sink.Port, SecureSocketOptions.StartTls);
        await Assert.ThrowsAsync<AuthenticationException>(() => trusting.AuthenticateAsync("anna", "wrong"));
    }
}
