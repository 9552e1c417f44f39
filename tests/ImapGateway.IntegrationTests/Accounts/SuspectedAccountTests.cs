using System.Diagnostics;
using System.Globalization;
using System.Net;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Accounts;

/// <summary>A gateway that ends while it opens an account opens it no third time; whoever was merely open is opened again.</summary>
[Trait("Category", "judges")]
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
        var reached = Hold(bad, "EXAMINE");
        var suspect = await Add(gateway, bad);
        for (var end = 0; end < 2; end++)
        {
            await Reached(reached);
            reached = Hold(bad, "EXAMINE");
            await Abort(gateway);
            await ResumeAndWatch(gateway, good);
        }

        await State(gateway, suspect, "unavailable");
        var api = new ApiClient(gateway);
        Assert.Equal("account.suspected", (await api.Get($"/v1/accounts/{suspect}")).Text("lastError", "code"));
        var connections = bad.Connections;
        (await api.Get($"/v1/accounts/{suspect}/mailboxes")).Is(HttpStatusCode.ServiceUnavailable).IsProblem("account.suspected");
        Assert.Contains(gateway.Output.Entries, line => line.Contains($"Account {suspect} is not opened", StringComparison.Ordinal));
        await gateway.Stop();
        await ResumeAndWatch(gateway, good);
        await State(gateway, suspect, "unavailable");
        Assert.Equal(connections, bad.Connections);

        bad.On("EXAMINE", (_, _, proceed) => proceed());
        (await new ApiClient(gateway).Post($"/v1/accounts/{suspect}/resume", new { })).Is(HttpStatusCode.OK);
        await State(gateway, suspect, "connected");
        await gateway.Stop();
        await ResumeAndWatch(gateway, bad);
        await State(gateway, suspect, "connected");
    }

    [Theory]
    [InlineData("LOGIN")]
    [InlineData("LIST")]
    [InlineData("UID FETCH")]
    public async Task An_account_that_nobody_watches_is_suspected_after_two_ends_at_the_same_answer_to_a_request(string command)
    {
        await using var server = ScriptedImapServer.Start(new() { Capabilities = "IMAP4rev1" });
        server.Inbox.Add("one");
        await using var gateway = await GatewayProcess.Start();
        var account = await Add(gateway, server, watch: "none");
        for (var end = 0; end < 2; end++)
        {
            var reached = Hold(server, command);
            var request = List(gateway, account);
            await Reached(reached);
            await Abort(gateway);
            await Assert.ThrowsAnyAsync<Exception>(() => request);
            await gateway.Resume();
        }

        var connections = server.Connections;
        (await List(gateway, account)).Is(HttpStatusCode.ServiceUnavailable).IsProblem("account.suspected");
        Assert.Equal(connections, server.Connections);
        server.On(command, (_, _, proceed) => proceed());
        (await new ApiClient(gateway).Post($"/v1/accounts/{account}/resume", new { })).Is(HttpStatusCode.OK);
        (await List(gateway, account)).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Requests_that_are_answered_between_two_ends_make_nobody_suspected()
    {
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add("one");
        await using var gateway = await GatewayProcess.Start();
        var account = await Add(gateway, server, watch: "none");
        for (var end = 0; end < 3; end++)
        {
            var reached = Hold(server, "EXAMINE");
            var request = List(gateway, account);
            await Reached(reached);
            await gateway.Kill();
            await Assert.ThrowsAnyAsync<Exception>(() => request);
            server.On("EXAMINE", (_, _, proceed) => proceed());
            await gateway.Resume();
            (await List(gateway, account)).Is(HttpStatusCode.OK);
        }
    }

    [Fact]
    public async Task A_change_of_its_settings_tries_a_suspected_account_again()
    {
        await using var server = ScriptedImapServer.Start();
        await using var gateway = await GatewayProcess.Start();
        var reached = Hold(server, "EXAMINE");
        var account = await Add(gateway, server);
        for (var end = 0; end < 2; end++)
        {
            await Reached(reached);
            reached = Hold(server, "EXAMINE");
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
        await State(gateway, account, "connected");
        for (var kill = 0; kill < 4; kill++)
        {
            await gateway.Kill();
            await ResumeAndWatch(gateway, server);
        }
        await State(gateway, account, "connected");
    }

    [Fact]
    public async Task An_opening_that_succeeds_in_between_forgets_what_was_before()
    {
        await using var server = ScriptedImapServer.Start();
        await using var gateway = await GatewayProcess.Start();
        var reached = Hold(server, "EXAMINE");
        var account = await Add(gateway, server);
        for (var end = 0; end < 3; end++)
        {
            await Reached(reached);
            server.On("EXAMINE", (_, _, proceed) => proceed());
            await Abort(gateway);
            await ResumeAndWatch(gateway, server);
            await gateway.Stop();
            reached = Hold(server, "EXAMINE");
            await gateway.Resume();
        }
        server.On("EXAMINE", (_, _, proceed) => proceed());
        await gateway.Stop();
        await ResumeAndWatch(gateway, server);
        await State(gateway, account, "connected");
    }

    /// <summary>What the account was when the process ended is shown until it is opened again, so its state alone does not tell that it is open: the watcher listens then.</summary>
    private static async Task ResumeAndWatch(GatewayProcess gateway, ScriptedImapServer server)
    {
        var before = server.CountOf("IDLE");
        await gateway.Resume();
        await TestWait.For(() => server.CountOf("IDLE") > before);
    }

    private static Task<ApiAnswer> List(GatewayProcess gateway, string account) => new ApiClient(gateway).Get($"/v1/accounts/{account}/mailboxes/inbox/messages");

    private static Task Reached(TaskCompletionSource reached) => reached.Task.WaitAsync(Journal<string>.Patience, TestContext.Current.CancellationToken);

    /// <summary>The server does not answer this command any more: completes when it has come.</summary>
    private static TaskCompletionSource Hold(ScriptedImapServer server, string command)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server.On(command, (session, _, _) =>
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

    private static async Task<string> Add(GatewayProcess gateway, ScriptedImapServer server, string watch = "all") => (await new ApiClient(gateway).Post("/v1/accounts", new
    {
        email = "anna@example.com",
        watch,
        imap = new { host = ScriptedImapServer.Host, port = server.Port, security = "none", username = "anna", password = "pass" },
    })).Is(HttpStatusCode.Created).Text("id");

    private static Task State(GatewayProcess gateway, string account, string state) =>
        TestWait.For(async () => (await new ApiClient(gateway).Get($"/v1/accounts/{account}")).Text("state") == state);
}
