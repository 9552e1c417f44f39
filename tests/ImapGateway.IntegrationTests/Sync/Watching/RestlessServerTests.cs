using System.Net;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Sync.Watching;

/// <summary>A server whose answers always contain news leaves the watcher work without end; the account is usable all the same.</summary>
public sealed class RestlessServerTests(PollingGateway gateway) : IClassFixture<PollingGateway>
{
    [Fact]
    public async Task A_server_that_reports_something_whenever_a_mailbox_is_opened_leaves_the_account_connected()
    {
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add("one");
        server.AddMailbox("Archive").Add("two");
        var reports = 1000;
        server.On("EXAMINE", (session, _, proceed) =>
        {
            var next = Interlocked.Increment(ref reports);
            foreach (var mailbox in new[] { "INBOX", "Archive" })
            {
                session.Say($"* STATUS {mailbox} (MESSAGES {next} UIDNEXT {next + 1})");
            }
            return proceed();
        });
        var api = new ApiClient(gateway.Process);
        var added = (await api.Post("/v1/accounts", new { email = "anna@example.com", imap = new { host = "127.0.0.1", port = server.Port, security = "none", username = "anna", password = "pass" } })).Is(HttpStatusCode.Created);
        var account = new ApiAccount(api, added.Text("id"));
        await TestWait.For(async () => (await api.Get(account.Path)).Text("state") == "connected", "the account is connected");
        Assert.Equal("one", (await account.Newest()).GetProperty("subject").GetString());
        server.Inbox.Add("three");
        await TestWait.For(async () => (await api.Get($"{account.Path}/changes?limit=500&after=0")).Text.Contains("message.added", StringComparison.Ordinal), "the arrival is reported");
    }
}
