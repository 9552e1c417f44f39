using System.Net;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Accounts;

public class EgressTests
{
    private static object Server(string host, int port) => new { host, port, security = "none", username = "anna", password = "pass" };

    [Fact]
    public async Task Addresses_of_this_machine_and_its_networks_are_not_connected_to()
    {
        await using var server = ScriptedImapServer.Start();
        await using var gateway = await GatewayProcess.Start(("Egress:AllowPrivateNetworks", "false"));
        var api = new ApiClient(gateway);
        foreach (var host in new[] { "127.0.0.1", "localhost", "::1", "[::1]", "::ffff:127.0.0.1", "0.0.0.0", "169.254.169.254", "10.1.2.3", "2130706433" })
        {
            var answer = await api.Post("/v1/accounts", new { email = "a@example.com", imap = Server(host, server.Port) });
            Assert.True(answer.Status is HttpStatusCode.UnprocessableEntity or HttpStatusCode.BadRequest, $"{host}: {answer.Text}");
            var verified = await api.Post("/v1/accounts/verify", new { email = "a@example.com", imap = Server(host, server.Port), smtp = Server(host, server.Port) });
            Assert.True(verified.Status == HttpStatusCode.BadRequest || (verified.Text("imap", "code"), verified.Text("smtp", "code")) == ("unprocessable", "unprocessable"), verified.Text);
        }
        Assert.Equal(0, server.Connections);
    }

    [Fact]
    public async Task The_policy_holds_at_every_use_also_for_accounts_that_were_stored_before()
    {
        await using var server = ScriptedImapServer.Start();
        await using var gateway = await GatewayProcess.Start(("Egress:AllowPrivateNetworks", "false"));
        var api = new ApiClient(gateway);
        var account = new ApiAccount(api, (await api.Post("/v1/accounts?verify=false", new { email = "a@example.com", imap = Server("127.0.0.1", server.Port) })).Is(HttpStatusCode.Created).Text("id"));
        (await api.Get(account.Mailboxes)).Is(HttpStatusCode.UnprocessableEntity).IsProblem("unprocessable");
        Assert.Equal("unprocessable", (await api.Get(account.Path)).Text("lastError", "code"));
        Assert.Equal(0, server.Connections);
    }
}
