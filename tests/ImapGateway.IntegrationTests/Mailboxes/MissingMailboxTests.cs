using System.Net;
using System.Text;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Mailboxes;

/// <summary>A listing that lacks a mailbox does not show that it is gone: other clients rename mailboxes while a server lists them.</summary>
public sealed class MissingMailboxTests
{
    [Theory]
    [InlineData("IMAP4rev1 IDLE UIDPLUS")]
    [InlineData("IMAP4rev1 IDLE UIDPLUS LIST-EXTENDED LIST-STATUS CONDSTORE ENABLE ESEARCH")]
    public async Task A_mailbox_that_one_listing_lacks_is_not_gone_and_one_that_is_renamed_meanwhile_keeps_its_id(string capabilities)
    {
        var api = new ApiClient(await SharedServers.Gateway);
        await using var server = ScriptedImapServer.Start(new ScriptedOptions { Capabilities = capabilities });
        var work = server.AddMailbox("Work");
        work.Add("one");
        var left = 0;
        // The names of the mailbox are missing in so many answers to LIST.
        server.Rewrite = (_, octets) =>
        {
            var lines = Encoding.Latin1.GetString(octets).Split("\r\n");
            if (left == 0 || !Array.Exists(lines, IsNamed))
            {
                return octets;
            }
            left--;
            return Encoding.Latin1.GetBytes(string.Join("\r\n", lines.Where(line => !IsNamed(line))));
        };
        var added = (await api.Post("/v1/accounts", new { email = "anna@example.com", watch = "none", imap = new { host = "127.0.0.1", port = server.Port, security = "none", username = "anna", password = "pass" } })).Is(HttpStatusCode.Created);
        var account = new ApiAccount(api, added.Text("id"));
        var id = await IdOf(account, "Work");
        Assert.Single(await account.Items(account.Messages(id!)));

        left = 1;
        Assert.Equal(id, await IdOf(account, "Work"));
        Assert.Equal(0, left);

        left = 1;
        work.Rename("Kept");
        Assert.Equal(id, await IdOf(account, "Kept"));
        Assert.Equal(0, left);

        server.Delete(work);
        Assert.Null(await IdOf(account, "Kept"));
        Assert.Equal(["mailbox.renamed", "mailbox.removed", "message.removed"], await Types(account));
    }

    private static bool IsNamed(string line) => line.StartsWith("* LIST", StringComparison.Ordinal) && (line.EndsWith("\"Work\"", StringComparison.Ordinal) || line.EndsWith("\"Kept\"", StringComparison.Ordinal));

    private static async Task<string?> IdOf(ApiAccount account, string path) =>
        (await account.Api.Get(account.Mailboxes, ("Cache-Control", "no-cache"))).Is(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray().Where(one => one.GetProperty("path").GetString() == path).Select(one => one.GetProperty("id").GetString()).SingleOrDefault();

    private static async Task<List<string>> Types(ApiAccount account) =>
        [.. (await account.Api.Get($"{account.Path}/changes?limit=500&after=0")).Is(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray().Select(change => change.GetProperty("type").GetString()!).Where(type => type.StartsWith('m'))];
}
