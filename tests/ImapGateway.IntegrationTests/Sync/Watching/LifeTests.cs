using System.Net;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Sync.Watching;

/// <summary>What becomes of a watched account when its server, its credentials, the network or the gateway fail.</summary>
public sealed class LifeTests(ListeningGateway gateway) : IClassFixture<ListeningGateway>
{
    private readonly ApiClient _api = new(gateway.Process);

    private async Task<(ApiAccount Account, Committed Committed)> Add(int port, string password = "pass", bool verify = false)
    {
        var id = $"life-{Guid.NewGuid():N}"[..20];
        var body = new { id, email = "anna@example.com", imap = new { host = "127.0.0.1", port, security = "none", username = "anna", password } };
        (await _api.Post($"/v1/accounts?verify={(verify ? "true" : "false")}", body)).Is(HttpStatusCode.Created);
        return (new ApiAccount(_api, id), new Committed(gateway.Process, id));
    }

    private async Task Is(ApiAccount account, string state)
    {
        var last = "";
        try
        {
            await TestWait.For(async () => (last = (await _api.Get(account.Path)).Text("state")) == state);
        }
        catch (OperationCanceledException)
        {
            Assert.Equal(state, last);
        }
    }

    [Fact]
    public async Task Refused_credentials_are_not_tried_again_until_they_change()
    {
        await using var server = ScriptedImapServer.Start(new ScriptedOptions { Password = "right" });
        server.On("AUTHENTICATE", async (session, command, proceed) =>
        {
            if (server.Options.LoginAnswer is null)
            {
                await proceed();
                return;
            }
            session.Say($"{command.Tag} {server.Options.LoginAnswer}");
        });
        server.Options = server.Options with { LoginAnswer = "NO [AUTHENTICATIONFAILED] wrong" };
        var (account, committed) = await Add(server.Port);
        await Is(account, "auth_failed");
        await committed.Tells("account.auth_failed");
        var tried = server.CountOf("AUTHENTICATE");
        (await _api.Get(account.Mailboxes)).IsProblem("account.auth_failed");
        (await _api.Post($"{account.Path}/pause")).Is(HttpStatusCode.OK);
        Assert.Equal("paused", (await _api.Get(account.Path)).Text("state"));
        Assert.Equal(1, tried);
        Assert.Equal(tried, server.CountOf("AUTHENTICATE"));
        (await _api.Post($"{account.Path}/resume")).Is(HttpStatusCode.OK);
        await Is(account, "auth_failed");
        Assert.Equal(tried, server.CountOf("AUTHENTICATE"));

        server.Options = server.Options with { LoginAnswer = null };
        (await _api.Patch($"{account.Path}?verify=false", new { imap = new { password = "right" } })).Is(HttpStatusCode.OK);
        await Is(account, "connected");
        await committed.Tells("account.auth_failed", "account.auth_failed", "account.connected", "account.synced");
    }

    [Theory]
    [InlineData("NO [UNAVAILABLE] the directory of users is away")]
    [InlineData("NO Temporary authentication failure, try again")]
    [InlineData("NO [LIMIT] Maximum number of connections from user+IP exceeded")]
    public async Task A_transient_refusal_is_told_once_and_recovers_by_itself(string answer)
    {
        await using var server = ScriptedImapServer.Start(new ScriptedOptions { LoginAnswer = answer });
        var (account, committed) = await Add(server.Port);
        await Is(account, "unavailable");
        await server.Commands.AtLeast(3, command => command.Name == "AUTHENTICATE");
        await committed.Tells("account.unavailable");
        server.Options = server.Options with { LoginAnswer = null };
        await Is(account, "connected");
        await committed.Tells("account.unavailable", "account.connected", "account.synced");
    }

    [Fact]
    public async Task A_server_that_is_gone_for_a_while_is_found_again_and_so_is_what_happened()
    {
        var world = World.With(await DovecotServer.Start(), gateway.Process);
        await using var dovecot = world.Dovecot;
        await using var watched = await Watched.Start(world);
        await watched.Tap.WaitFor("IDLE");
        watched.Tap.GoDown();
        await watched.Is("unavailable");
        await world.Deliver("while it was away", "Archive");
        watched.Tap.ComeBack();
        await watched.Committed.Becomes("1[]", "Archive");
        await watched.Is("connected");
        await watched.Committed.Tells("account.connected", "account.synced", "account.unavailable", "account.connected");

        await dovecot.Restart();
        await world.Deliver("after the restart");
        await watched.Committed.Becomes("1[]");
    }

    [Fact]
    public async Task A_connection_that_dies_in_the_middle_of_a_look_loses_nothing()
    {
        var world = World.With(await SharedServers.Dovecot, gateway.Process);
        await using var watched = await Watched.Start(world);
        await watched.Tap.WaitFor("IDLE");
        var cuts = 0;
        watched.Tap.OnCommand = line => Task.FromResult(
            line.Command is "EXAMINE" or "SELECT" && line.Text.Contains("Archive", StringComparison.Ordinal) && Interlocked.Increment(ref cuts) <= 3 ? TapAction.Cut : TapAction.Pass);
        await world.Deliver("one", "Archive");
        await world.Deliver("one");
        await watched.Committed.Becomes("1[]");
        await watched.Committed.Becomes("1[]", "Archive");
        Assert.True(cuts > 3, $"{cuts}");
        await watched.Committed.Tells("account.connected", "account.synced");
    }

    [Fact]
    public async Task What_happens_while_an_account_is_paused_is_found_when_it_is_resumed()
    {
        var world = World.With(await SharedServers.Dovecot, gateway.Process);
        await using var watched = await Watched.Start(world);
        await watched.Tap.WaitFor("IDLE");
        (await world.Api.Post($"{watched.Account.Path}/pause")).Is(HttpStatusCode.OK);
        await world.Deliver("one");
        Assert.Equal("one", (await watched.Account.Newest()).GetProperty("subject").GetString());
        await world.Deliver("two");
        Assert.Equal("paused", await watched.State());
        Assert.Equal("1[]", await watched.Committed.Shown());
        (await world.Api.Post($"{watched.Account.Path}/resume")).Is(HttpStatusCode.OK);
        await watched.Committed.Becomes("2[] 1[]");
        await watched.Is("connected");
        await watched.Committed.Tells("account.connected", "account.synced", "account.connected");
    }

    [Fact]
    public async Task Requests_never_use_the_connection_that_watches()
    {
        var world = World.With(await SharedServers.Dovecot, gateway.Process);
        for (var i = 0; i < 20; i++)
        {
            await world.Deliver($"m{i}");
        }
        await using var watched = await Watched.Start(world);
        var idle = await watched.Tap.Lines.First(line => line.Command == "IDLE");
        watched.Tap.Lines.Clear();
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => world.Api.Get(i % 2 == 0 ? watched.Account.Messages("inbox", $"?limit=5&subject=m{i}") : watched.Account.Mailboxes)));
        Assert.DoesNotContain(watched.Tap.Lines.Entries, line => line.Connection == idle.Connection && line.FromClient);
        Assert.NotEmpty(watched.Tap.Lines.Entries);
    }

    [Fact]
    public async Task A_limit_of_the_server_takes_a_connection_from_requests_and_not_from_the_watcher()
    {
        await using var server = ScriptedImapServer.Start(new ScriptedOptions { MaxConnections = 2 });
        var (account, committed) = await Add(server.Port, verify: true);
        await Is(account, "connected");
        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => _api.Get(account.Mailboxes)));
        Assert.All(answers, answer => answer.Is(HttpStatusCode.OK));
        Assert.Equal("connected", (await _api.Get(account.Path)).Text("state"));
        server.Inbox.Add("pushed");
        await committed.Becomes("1[]");
    }
}
