using System.Net;

namespace ImapGateway.IntegrationTests.Sync.Watching;

/// <summary>Something between the gateway and the mail server ends connections that are idle.</summary>
[Trait("Category", "judges")]
public sealed class IdleProxyTests(ListeningGateway gateway) : IClassFixture<ListeningGateway>
{
    [Fact]
    public async Task The_idle_time_of_a_proxy_is_learnt_and_met()
    {
        var world = World.With(await SharedServers.Dovecot, gateway.Process);
        await using var watched = await Watched.Start(world);
        watched.Tap.IdleTimeout = TimeSpan.FromSeconds(4);
        // IDLE is begun anew before the time has passed, and the connection stays.
        await TestWait.For(() => watched.Tap.Lines.Entries.Where(line => line.Command == "IDLE").GroupBy(line => line.Connection).Any(connection => connection.Count() >= 4));
        Assert.Equal("connected", await watched.State());
        await world.Deliver("one");
        await watched.Committed.Becomes("1[]");
        await watched.Committed.Tells("account.connected", "account.synced");
    }

    [Fact]
    public async Task Where_connections_end_again_and_again_the_account_is_degraded_and_says_why()
    {
        await using var gateway = await GatewayProcess.Start([("Watch:PollInterval", "3s")]);
        var world = World.With(await SharedServers.Dovecot, gateway);
        await using var watched = await Watched.Start(world);
        // Shorter than what the gateway meets and than the time between its polls, and longer than a login takes on a busy machine.
        watched.Tap.IdleTimeout = TimeSpan.FromSeconds(1);
        await watched.Is("degraded");
        var error = (await world.Api.Get(watched.Account.Path)).Json.GetProperty("lastError");
        Assert.Equal("account.unavailable", error.GetProperty("code").GetString());
        Assert.Contains("again and again", error.GetProperty("detail").GetString(), StringComparison.Ordinal);
        await world.Deliver("one", "Archive");
        await watched.Committed.Becomes("1[]", "Archive");
        // Reading works all the time, and changes nothing of the state.
        (await world.Api.Get(watched.Account.Mailboxes)).Is(HttpStatusCode.OK);
        Assert.Equal("degraded", await watched.State());
        watched.Tap.IdleTimeout = null;
        await watched.Is("connected");
        Assert.False((await world.Api.Get(watched.Account.Path)).Json.TryGetProperty("lastError", out _));
        await watched.Committed.Tells("account.connected", "account.synced");
    }
}
