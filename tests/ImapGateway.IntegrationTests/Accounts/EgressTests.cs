using System.Net;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Accounts;

/// <summary>A gateway that may connect to no private network, and to public mail servers without TLS.</summary>
public sealed class PublicGateway : IAsyncLifetime
{
    public GatewayProcess Process { get; private set; } = null!;

    public async ValueTask InitializeAsync() =>
        Process = await GatewayProcess.Start(("Egress:AllowPrivateNetworks", "false"), ("Egress:AllowPlaintext", "true"), ("Imap:CommandTimeout", "1s"));

    public ValueTask DisposeAsync() => Process.DisposeAsync();
}

public sealed class EgressTests(PublicGateway gateway) : IClassFixture<PublicGateway>
{
    /// <summary>A public address. Nothing answers at its ports of mail servers, and nothing is sent there unless plaintext is allowed.</summary>
    private const string Public = "8.8.8.8";

    private readonly ApiClient _api = new(gateway.Process);

    private static object Server(string host, int port) => new { host, port, security = "none", username = "anna", password = "pass" };

    [Fact]
    public async Task Addresses_of_this_machine_and_its_networks_are_not_connected_to()
    {
        await using var server = ScriptedImapServer.Start();
        foreach (var host in new[] { "127.0.0.1", "localhost", "::1", "[::1]", "::ffff:127.0.0.1", "0.0.0.0", "169.254.169.254", "10.1.2.3", "2130706433" })
        {
            var answer = await _api.Post("/v1/accounts", new { email = "a@example.com", imap = Server(host, server.Port) });
            Assert.True(answer.Status is HttpStatusCode.UnprocessableEntity or HttpStatusCode.BadRequest, $"{host}: {answer.Text}");
            var verified = await _api.Post("/v1/accounts/verify", new { email = "a@example.com", imap = Server(host, server.Port), smtp = Server(host, server.Port) });
            Assert.True(verified.Status == HttpStatusCode.BadRequest || (verified.Text("imap", "code"), verified.Text("smtp", "code")) == ("unprocessable", "unprocessable"), verified.Text);
        }
        Assert.Equal(0, server.Connections);
    }

    [Fact]
    public async Task The_policy_holds_at_every_use_also_for_accounts_that_were_stored_before()
    {
        await using var server = ScriptedImapServer.Start();
        var account = new ApiAccount(_api, (await _api.Post("/v1/accounts?verify=false", new { email = "a@example.com", imap = Server("127.0.0.1", server.Port) })).Is(HttpStatusCode.Created).Text("id"));
        (await _api.Get(account.Mailboxes)).Is(HttpStatusCode.UnprocessableEntity).IsProblem("unprocessable");
        Assert.Equal("unprocessable", (await _api.Get(account.Path)).Text("lastError", "code"));
        Assert.Equal(0, server.Connections);
    }

    [Fact]
    public async Task A_password_is_not_sent_over_public_networks_without_TLS()
    {
        await using var server = ScriptedImapServer.Start();
        var api = new ApiClient(await SharedServers.Gateway);
        var email = "a@example.com";
        foreach (var (imap, smtp, pointer) in new[] { (Server(Public, 143), null, "/imap/security"), (Server("127.0.0.1", server.Port), Server(Public, 25), "/smtp/security") })
        {
            var refused = (await api.Post("/v1/accounts", smtp is null ? new { email, imap } : new { email, imap, smtp })).Is(HttpStatusCode.UnprocessableEntity).IsProblem("account.plaintext_refused");
            Assert.Equal(pointer, refused.Json.GetProperty("errors")[0].GetProperty("pointer").GetString());
            Assert.Contains("Egress:AllowPlaintext", refused.Text("detail"), StringComparison.Ordinal);
        }
        var verified = (await api.Post("/v1/accounts/verify", new { email, imap = Server(Public, 143), smtp = Server(Public, 25) })).Is(HttpStatusCode.OK);
        Assert.Equal(("account.plaintext_refused", "account.plaintext_refused"), (verified.Text("imap", "code"), verified.Text("smtp", "code")));
    }

    [Fact]
    public async Task An_account_that_has_plaintext_to_a_public_server_already_is_unavailable_and_says_what_to_do()
    {
        var api = new ApiClient(await SharedServers.Gateway);
        var account = new ApiAccount(api, (await api.Post("/v1/accounts?verify=false", new { email = "a@example.com", imap = Server(Public, 143) })).Is(HttpStatusCode.Created).Text("id"));
        await TestWait.For(async () => (await api.Get(account.Path)).Text("state") == "unavailable");
        var shown = await api.Get(account.Path);
        Assert.Equal("account.plaintext_refused", shown.Text("lastError", "code"));
        Assert.Contains("Egress:AllowPlaintext", shown.Text("lastError", "detail"), StringComparison.Ordinal);
        (await api.Get(account.Messages("inbox"))).Is(HttpStatusCode.UnprocessableEntity).IsProblem("account.plaintext_refused");
        (await api.Delete(account.Path)).Is(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task With_the_operators_leave_a_public_server_is_connected_to_without_TLS()
    {
        var tried = await _api.Post("/v1/accounts/verify", new { email = "a@example.com", imap = Server(Public, 143), smtp = Server(Public, 25) });
        Assert.All(new[] { "imap", "smtp" }, server => Assert.Contains(tried.Text(server, "code"), new[] { "account.unavailable", "account.timeout" }));
    }
}
