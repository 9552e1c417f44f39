using System.Diagnostics;
using System.Text;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Security;
using MimeKit;

namespace ImapGateway.IntegrationTests.Servers;

public class DovecotServerTests
{
    private static MimeMessage Hello => MimeMessage.Load(new MemoryStream("Subject: hello\r\nFrom: anna@example.org\r\n\r\nHello.\r\n"u8.ToArray()));

    [Fact]
    public async Task What_one_client_stores_another_reads()
    {
        var dovecot = await SharedServers.Dovecot;
        var user = World.NewUser();
        var uid = await dovecot.Append(user, Hello, flags: MessageFlags.Flagged);
        using var client = await dovecot.Client(user);
        await client.Inbox.OpenAsync(FolderAccess.ReadOnly);
        var summary = Assert.Single(await client.Inbox.FetchAsync(0, -1, MessageSummaryItems.UniqueId | MessageSummaryItems.Envelope | MessageSummaryItems.Flags));
        Assert.Equal((uid, "hello"), (summary.UniqueId, summary.Envelope?.Subject));
        Assert.True(summary.Flags!.Value.HasFlag(MessageFlags.Flagged));
    }

    [Fact]
    public async Task Octets_that_are_no_proper_message_are_stored_as_they_are()
    {
        var dovecot = await SharedServers.Dovecot;
        var user = World.NewUser();
        byte[] octets = [.. "Subject: caf"u8, 0xE9, .. "\r\n\r\nraw\r\n"u8];
        await dovecot.Append(user, octets);
        using var client = await dovecot.Client(user);
        await client.Inbox.OpenAsync(FolderAccess.ReadOnly);
        using var stored = new MemoryStream();
        await (await client.Inbox.GetStreamAsync(0)).CopyToAsync(stored);
        Assert.Equal(octets, stored.ToArray());
    }

    [Theory]
    [InlineData(DovecotProfile.Full, ImapCapabilities.QuickResync | ImapCapabilities.Notify | ImapCapabilities.SpecialUse | ImapCapabilities.Acl | ImapCapabilities.Quota, ImapCapabilities.None)]
    [InlineData(DovecotProfile.CondstoreOnly, ImapCapabilities.CondStore | ImapCapabilities.ESearch | ImapCapabilities.UidPlus, ImapCapabilities.QuickResync | ImapCapabilities.Notify)]
    [InlineData(
        DovecotProfile.Plain,
        ImapCapabilities.Idle | ImapCapabilities.UidPlus,
        ImapCapabilities.CondStore | ImapCapabilities.QuickResync | ImapCapabilities.SpecialUse | ImapCapabilities.ESearch | ImapCapabilities.Move | ImapCapabilities.ListStatus)]
    public async Task A_profile_advertises_its_own_and_no_more(DovecotProfile profile, ImapCapabilities present, ImapCapabilities absent)
    {
        await using var dovecot = await DovecotServer.Start(new() { Profile = profile });
        using var client = await dovecot.Client(World.NewUser());
        Assert.Equal(present, client.Capabilities & present);
        Assert.Equal(ImapCapabilities.None, client.Capabilities & absent);
    }

    [Fact]
    public async Task A_server_can_do_without_uidplus_and_with_another_prefix_and_separator()
    {
        await using var dovecot = await DovecotServer.Start(new() { Profile = DovecotProfile.Plain, UidPlus = false, Prefix = "INBOX.", Separator = '.' });
        using var client = await dovecot.Client(World.NewUser());
        Assert.False(client.Capabilities.HasFlag(ImapCapabilities.UidPlus));
        var personal = Assert.Single(client.PersonalNamespaces);
        Assert.Equal('.', personal.DirectorySeparator);
        Assert.Contains("INBOX.Trash", (await client.GetFoldersAsync(personal)).Select(folder => folder.FullName));
    }

    [Fact]
    public async Task Tls_is_spoken_on_its_own_port_and_after_starttls_with_a_certificate_nobody_trusts()
    {
        var dovecot = await SharedServers.Dovecot;
        foreach (var (port, security) in new[] { (dovecot.TlsPort, SecureSocketOptions.SslOnConnect), (dovecot.Port, SecureSocketOptions.StartTls) })
        {
            using var strict = new ImapClient();
            await Assert.ThrowsAsync<SslHandshakeException>(() => strict.ConnectAsync(DovecotServer.Host, port, security));
            using var trusting = new ImapClient { ServerCertificateValidationCallback = (_, _, _, _) => true };
            await trusting.ConnectAsync(DovecotServer.Host, port, security);
            Assert.True(trusting.IsSecure);
            await trusting.AuthenticateAsync(World.NewUser(), DovecotServer.Password);
        }
    }

    [Fact]
    public async Task Without_tls_there_is_no_starttls()
    {
        await using var dovecot = await DovecotServer.Start(new() { Tls = false });
        using var client = new ImapClient();
        await client.ConnectAsync(DovecotServer.Host, dovecot.Port, SecureSocketOptions.None);
        Assert.False(client.Capabilities.HasFlag(ImapCapabilities.StartTLS));
    }

    [Fact]
    public async Task Access_tokens_log_in_until_they_expire()
    {
        var dovecot = await SharedServers.Dovecot;
        var user = World.NewUser();
        using var client = new ImapClient();
        await client.ConnectAsync(DovecotServer.Host, dovecot.Port, SecureSocketOptions.None);
        await Assert.ThrowsAsync<AuthenticationException>(() => client.AuthenticateAsync(new SaslMechanismOAuth2(user, DovecotServer.AccessToken(user, TimeSpan.FromSeconds(-5)))));
        await client.AuthenticateAsync(new SaslMechanismOAuth2(user, DovecotServer.AccessToken(user)));
        using var bearer = new ImapClient();
        await bearer.ConnectAsync(DovecotServer.Host, dovecot.Port, SecureSocketOptions.None);
        await bearer.AuthenticateAsync(new SaslMechanismOAuthBearer(user, DovecotServer.AccessToken(user)));
        Assert.True(bearer.IsAuthenticated);
    }

    [Fact]
    public async Task A_wrong_password_is_refused_at_once()
    {
        var dovecot = await SharedServers.Dovecot;
        using var client = new ImapClient();
        await client.ConnectAsync(DovecotServer.Host, dovecot.Port, SecureSocketOptions.None);
        await Assert.ThrowsAsync<AuthenticationException>(() => client.AuthenticateAsync(World.NewUser(), "wrong"));
    }

    [Fact]
    public async Task The_tiny_quota_is_soon_full()
    {
        var dovecot = await SharedServers.Dovecot;
        var large = new byte[40_000];
        Array.Fill(large, (byte)'x');
        var refused = await Assert.ThrowsAsync<IOException>(() => dovecot.Append(DovecotServer.TinyQuotaUser, large));
        Assert.Contains("OVERQUOTA", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mailbox_can_be_shared_with_another_user_and_with_everyone()
    {
        await using var dovecot = await DovecotServer.Start(new DovecotOptions { Public = true, Tls = false });
        var (owner, guest) = (World.NewUser(), World.NewUser());
        using var client = await dovecot.Client(owner);
        var archive = await client.GetFolderAsync("Archive");
        await archive.AddAccessRightsAsync(guest, new AccessRights("lrs"));
        using var other = await dovecot.Client(guest);
        var shared = await other.GetFolderAsync($"Other Users/{owner}/Archive");
        Assert.Equal("Archive", shared.Name);
        Assert.Equal("Public", Assert.Single(other.SharedNamespaces).Path);
        await (await other.GetFolderAsync("Public")).CreateAsync("News", true);
    }

    [Fact]
    public async Task The_connections_of_a_user_can_be_limited()
    {
        await using var dovecot = await DovecotServer.Start(new() { MaxConnectionsPerUser = 1 });
        var user = World.NewUser();
        using var first = await dovecot.Client(user);
        await Assert.ThrowsAnyAsync<Exception>(() => dovecot.Client(user));
    }

    [Fact]
    public async Task After_a_restart_the_mail_is_still_there_on_the_same_port_and_old_connections_are_not()
    {
        await using var dovecot = await DovecotServer.Start();
        var user = World.NewUser();
        await dovecot.Append(user, Hello);
        var port = dovecot.Port;
        using var before = await dovecot.Client(user);
        await before.Inbox.OpenAsync(FolderAccess.ReadOnly);
        await dovecot.Restart();
        await Assert.ThrowsAnyAsync<Exception>(() => before.NoOpAsync());
        using var client = await dovecot.Client(user);
        await client.Inbox.OpenAsync(FolderAccess.ReadOnly);
        Assert.Equal((port, 1), (dovecot.Port, client.Inbox.Count));
    }

    [Fact]
    public async Task Doveadm_can_change_a_uidvalidity()
    {
        var dovecot = await SharedServers.Dovecot;
        var user = World.NewUser();
        await dovecot.Append(user, Hello);
        await dovecot.Doveadm("mailbox", "update", "-u", user, "--uid-validity", "77", "INBOX");
        using var client = await dovecot.Client(user);
        await client.Inbox.OpenAsync(FolderAccess.ReadOnly);
        Assert.Equal(77u, client.Inbox.UidValidity);
    }

    [Fact, Trait("Category", "long")]
    public async Task A_hundred_thousand_messages_are_stored_in_a_minute_or_so()
    {
        var dovecot = await SharedServers.Dovecot;
        var user = World.NewUser();
        var watch = Stopwatch.StartNew();
        await dovecot.Seed(user, 100_000, i => Encoding.ASCII.GetBytes($"Subject: message {i}\r\nMessage-ID: <{i}@example.com>\r\n\r\nText {i}.\r\n"));
        TestContext.Current.SendDiagnosticMessage("100,000 messages stored in {0}", watch.Elapsed);
        using var client = await dovecot.Client(user);
        await client.Inbox.OpenAsync(FolderAccess.ReadOnly);
        Assert.Equal(100_000, client.Inbox.Count);
    }
}
