using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Imap;

/// <summary>A gateway that waits two seconds for mail servers, and an account on a good one beside those that misbehave.</summary>
public sealed class ImpatientGateway : IAsyncLifetime
{
    private readonly ScriptedImapServer _good = ScriptedImapServer.Start();
    private ApiAccount _account = null!;

    public GatewayProcess Gateway { get; private set; } = null!;

    public ApiClient Api { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Gateway = await GatewayProcess.Start(("Imap:CommandTimeout", "2s"));
        Api = new ApiClient(Gateway);
        _good.Inbox.Add("good");
        var added = await Api.Post("/v1/accounts", new { email = "good@example.com", watch = "none", imap = new { host = "127.0.0.1", port = _good.Port, security = "none", username = "good", password = "pass" } });
        _account = new ApiAccount(Api, added.Text("id"));
    }

    /// <summary>The process lives, and nobody else's account has suffered.</summary>
    public async Task StillWorks()
    {
        Assert.False(Gateway.HasExited);
        Assert.Equal("good", (await _account.Newest()).GetProperty("subject").GetString());
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await _good.DisposeAsync();
    }
}
