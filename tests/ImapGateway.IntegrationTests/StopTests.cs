using System.Net;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests;

[Trait("Category", "judges")]
public class StopTests
{
    private static async Task<(GatewayProcess Gateway, ApiAccount Account)> Start(ScriptedImapServer server, params (string Name, string Value)[] settings)
    {
        var gateway = await GatewayProcess.Start(settings);
        var api = new ApiClient(gateway);
        var added = (await api.Post("/v1/accounts", new { email = "a@example.com", watch = "none", imap = new { host = "127.0.0.1", port = server.Port, security = "none", username = "anna", password = "pass" } })).Is(HttpStatusCode.Created);
        return (gateway, new ApiAccount(api, added.Text("id")));
    }

    private static void IsClean(GatewayProcess gateway) =>
        Assert.DoesNotContain(gateway.Output.Entries, line => line.Contains("Exception", StringComparison.Ordinal) || line.Contains("Z fail:", StringComparison.Ordinal) || line.Contains("Z crit:", StringComparison.Ordinal));

    [Fact]
    public async Task It_logs_out_of_its_sessions()
    {
        await using var server = ScriptedImapServer.Start();
        var (gateway, account) = await Start(server);
        await using var running = gateway;
        await account.Items(account.Messages("inbox"));
        Assert.Equal(1, server.OpenConnections);
        var logouts = server.CountOf("LOGOUT");
        Assert.Equal(0, await gateway.Stop());
        await TestWait.For(() => server.OpenConnections == 0, "the end of all connections");
        Assert.Equal(logouts + 1, server.CountOf("LOGOUT"));
        IsClean(gateway);
    }

    [Fact]
    public async Task A_request_that_runs_may_end_and_a_new_one_is_not_taken()
    {
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add("one");
        var (gateway, account) = await Start(server);
        await using var running = gateway;
        var go = new TaskCompletionSource();
        server.On("UID FETCH", async (_, _, proceed) =>
        {
            await go.Task;
            await proceed();
        });
        var list = account.Api.Get(account.Messages("inbox"));
        await server.Commands.First(command => command.Name == "UID FETCH");
        var stop = gateway.Stop(keepClient: true);
        await gateway.Output.First(line => line.Contains("Application is shutting down", StringComparison.Ordinal));
        go.SetResult();
        (await list).Is(HttpStatusCode.OK);
        Assert.Equal(0, await stop);
        IsClean(gateway);
    }

    [Fact]
    public async Task A_request_that_never_ends_is_ended_after_the_drain_time_and_the_others_still_log_out()
    {
        await using var server = ScriptedImapServer.Start();
        var (gateway, account) = await Start(server, ("Http:DrainTime", "1s"));
        await using var running = gateway;
        await account.Items(account.Mailboxes);
        server.On("EXAMINE", (session, _, _) => session.Silence());
        // One waits for a server that says nothing, the account's other session is idle.
        var mailboxes = server.Commands.Entries.Last(command => command.Name == "LIST").Connection;
        var stuck = account.Api.Get(account.Messages("inbox"));
        await server.Commands.First(command => command.Name == "EXAMINE");
        await account.Items(account.Mailboxes);
        var logouts = server.CountOf("LOGOUT");
        var stop = gateway.Stop(keepClient: true);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => stuck);
        Assert.Equal(0, await stop);
        await TestWait.For(() => server.OpenConnections == 0, "the end of all connections");
        Assert.Equal(logouts + 1, server.CountOf("LOGOUT"));
        Assert.True(mailboxes > 0);
        IsClean(gateway);
    }

    [Fact]
    public async Task Asked_to_stop_while_it_starts_it_stops()
    {
        for (var i = 0; i < 6; i++)
        {
            var (code, output) = await GatewayProcess.StopWhileStarting(after: TimeSpan.FromMilliseconds(150 * i));
            Assert.True(code is 0 or 143, $"{code}: {output}");
            Assert.DoesNotContain("Exception", output, StringComparison.Ordinal);
        }
    }
}
