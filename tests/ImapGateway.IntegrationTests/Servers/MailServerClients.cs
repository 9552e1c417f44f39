using MailKit;
using MailKit.Net.Imap;
using MailKit.Security;
using MimeKit;

namespace ImapGateway.IntegrationTests.Servers;

/// <summary>Other clients of a mail server than the gateway.</summary>
public static class MailServerClients
{
    /// <summary>A login that nobody else uses.</summary>
    public static string RandomUser() => $"user{Guid.NewGuid():N}"[..16] + "@example.com";

    /// <summary>Kills the server and starts it again.</summary>
    public static async Task Restart(this IMailServer server)
    {
        await server.Stop();
        await server.Resume();
    }

    /// <summary>Another client of the same user: MailKit, logged in.</summary>
    public static async Task<ImapClient> Client(this IMailServer server, string user, CancellationToken cancel = default)
    {
        var client = new ImapClient();
        await client.ConnectAsync(DovecotServer.Host, server.Port, SecureSocketOptions.None, cancel);
        await client.AuthenticateAsync(user, DovecotServer.Password, cancel);
        return client;
    }

    /// <summary>Logged in, without a mail library.</summary>
    public static async Task<RawImap> RawClient(this IMailServer server, string user)
    {
        var raw = await RawImap.Connect(DovecotServer.Host, server.Port);
        await raw.Login(user, DovecotServer.Password);
        return raw;
    }

    /// <summary>Stores a message as another client would; the uid is null where the server does not tell it.</summary>
    public static async Task<UniqueId?> Append(this IMailServer server, string user, MimeMessage message, string mailbox = "INBOX", MessageFlags flags = MessageFlags.None)
    {
        using var client = await server.Client(user);
        var folder = await client.GetFolderAsync(mailbox);
        return await folder.AppendAsync(message, flags);
    }

    /// <summary>Stores octets that need not be a message. They must not hold NUL.</summary>
    public static async Task Append(this IMailServer server, string user, byte[] message, string mailbox = "INBOX", string flags = "")
    {
        await using var raw = await server.RawClient(user);
        await raw.Append(mailbox, message, flags);
    }
}
