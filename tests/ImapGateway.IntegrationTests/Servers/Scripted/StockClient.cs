using MailKit;
using MailKit.Net.Imap;
using MailKit.Security;

namespace ImapGateway.IntegrationTests.Servers.Scripted;

/// <summary>Sessions of stock MailKit at the scripted server.</summary>
internal static class StockClient
{
    internal static async Task<ImapClient> Connect(ScriptedImapServer server)
    {
        var client = new ImapClient();
        try
        {
            await client.ConnectAsync(ScriptedImapServer.Host, server.Port, SecureSocketOptions.None);
            await client.AuthenticateAsync("anna", "pass");
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    internal static async Task<ImapClient> OpenInbox(ScriptedImapServer server)
    {
        var client = await Connect(server);
        await client.Inbox.OpenAsync(FolderAccess.ReadWrite);
        return client;
    }
}
