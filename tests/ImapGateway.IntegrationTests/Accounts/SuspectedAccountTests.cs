using System.Diagnostics;
using System.Globalization;
using System.Net;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Accounts;

/// <summary>A gateway that ends while it opens an account opens it no third time; whoever was merely open is opened again.</summary>
public class SuspectedAccountTests
{
    [Fact]
    public async Task An_account_whose_opening_has_ended_the_process_twice_waits_to_be_resumed()
    {
        await using var good = ScriptedImapServer.Start();
        await using var bad = ScriptedImapServer.Start();
        await using var gateway = await GatewayProcess.Start();
        var healthy = await Add(gateway, good);
        await State(gateway, healthy, "connected");
        var reached = Hold(bad);
        var suspect = await Add(gateway, bad);
        for (var end = 0; end < 2; end++)
        {
            await TestWait.For(reached.Task);
            reached = Hold(bad);
            await Abort(gateway);
            await gateway.Resume();
            await State(gateway, healthy, "connected");
        }

        await State(gateway, suspect, "unavailable");
        var api = new ApiClient(gateway);
        Assert.Equal("account.suspected", (await api.Get($"/v1/accounts/{suspect}")).Text("lastError", "code"));
        var connections = bad.Connections;
        (await api.Get($"/v1/accounts/{suspect}/mailboxes")).Is(HttpStatusCode.ServiceUnavailable).IsProblem("account.suspected");
        Assert.Contains(gateway.Output.Entries, line => line.Contains($"Account {suspect} is not opened", StringComparison.Ordinal));
        await gateway.Restart();
        await State(gateway, healthy, "connected");
        await State(gateway, suspect, "unavailable");
        Assert.Equal(connections, bad.Connections);

        bad.On("EXAMINE", (_, _, proceed) => proceed());
        (await new ApiClient(gateway).Post($"/v1/accounts/{suspect}/resume", new { })).Is(HttpStatusCode.OK);
        await State(gateway, suspect, "connected");
        await gateway.Restart();
        await State(gateway, suspect, "connected");
    }

    [Fact]
    public async Task A_change_of_its_settings_tries_a_suspected_account_again()
    {
        await using var server = ScriptedImapServer.Start();
        await using var gateway = await GatewayProcess.Start();
        var reached = Hold(server);
        var account = await Add(gateway, server);
        for (var end = 0; end < 2; end++)
        {
            await TestWait.For(reached.Task);
            reached = Hold(server);
            await Abort(gateway);
            await gateway.Resume();
        }
        await State(gateway, account, "unavailable");
        server.On("EXAMINE", (_, _, proceed) => proceed());
        (await new ApiClient(gateway).Patch($"/v1/accounts/{account}", new { name = "Another" })).Is(HttpStatusCode.OK);
        await State(gateway, account, "connected");
    }

    [Fact]
    public async Task Accounts_that_are_open_when_the_process_is_killed_are_not_suspected()
    {
        await using var server = ScriptedImapServer.Start();
        await using var gateway = await GatewayProcess.Start();
        var account = await Add(gateway, server);
        for (var kill = 0; kill < 4; kill++)
        {
            await State(gateway, account, "connected");
            await gateway.Kill();
            await gateway.Resume();
        }
        await State(gateway, account, "connected");
    }

    [Fact]
    public async Task An_opening_that_succeeds_in_between_forgets_what_was_before()
    {
        await using var server = ScriptedImapServer.Start();
        await using var gateway = await GatewayProcess.Start();
        var reached = Hold(server);
        var account = await Add(gateway, server);
        for (var end = 0; end < 3; end++)
        {
            await TestWait.For(reached.Task);
            server.On("EXAMINE", (_, _, proceed) => proceed());
            await Abort(gateway);
            await gateway.Resume();
            await State(gateway, account, "connected");
            reached = Hold(server);
            await gateway.Restart();
        }
        server.On("EXAMINE", (_, _, proceed) => proceed());
        await gateway.Restart();
        await State(gateway, account, "connected");
    }

    /// <summary>The server keeps the next EXAMINE without an answer: completes when it has come.</summary>
    private static TaskCompletionSource Hold(ScriptedImapServer server)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server.On("EXAMINE", (session, _, _) =>
        {
            reached.TrySetResult();
            return session.Silence();
        });
        return reached;
    }

    /// <summary>As the runtime ends the process after a stack overflow. Its handler takes the first signal, and only restores the default action, which is for the second.</summary>
    private static async Task Abort(GatewayProcess gateway)
    {
        await TestWait.For(async () =>
        {
            using var kill = Process.Start("/bin/kill", ["-ABRT", gateway.ProcessId.ToString(CultureInfo.InvariantCulture)]);
            await kill.WaitForExitAsync();
            return gateway.HasExited;
        });
        await gateway.Kill();
    }

    private static async Task<string> Add(GatewayProcess gateway, ScriptedImapServer server) => (await new ApiClient(gateway).Post("/v1/accounts", new
    {
        email = "anna@example.com",
        watch = "all",
        imap = new { host = ScriptedImapServer.Host, port = server.Port, security = "none", username = "anna", password = "pass" },
    })).Is(HttpStatusCode.Created).Text("id");

    private static Task State(GatewayProcess gateway, string account, string state) =>
        TestWait.For(async () => (await new ApiClient(gateway).Get($"/v1/accounts/{account}")).Text("state") == state);
}
