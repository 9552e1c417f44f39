using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Sync.Watching;

/// <summary>Gateways of their own: each is stopped, started, or set in a way of its own.</summary>
public sealed class DeadConnectionTests
{
    [Fact]
    public async Task A_connection_that_has_died_in_silence_is_noticed_by_the_watchdog()
    {
        await using var world = await World.OfItsOwn(settings: [("Watch:PollInterval", "1h"), ("Watch:Watchdog", "4s")]);
        await using var watched = await Watched.Start(world);
        await watched.Tap.WaitFor("IDLE");
        watched.Tap.ForgetConnections();
        await world.Deliver("one");
        await world.Deliver("one", "Archive");
        await watched.Committed.Becomes("1[]");
        await watched.Committed.Becomes("1[]", "Archive");
        // The server was there all the time.
        await watched.Committed.Tells("account.connected", "account.synced");
    }

    [Fact]
    public async Task Idle_is_begun_anew_before_servers_end_it()
    {
        await using var world = await World.OfItsOwn(settings: [("Watch:PollInterval", "1h"), ("Watch:IdleRefresh", "1s")]);
        await using var watched = await Watched.Start(world);
        await watched.Tap.WaitFor("IDLE", 3);
        Assert.Equal(2, watched.Tap.Connections);
    }

    [Fact]
    public async Task What_happened_while_the_gateway_was_away_is_found_and_nothing_is_told_again()
    {
        await using var world = await World.OfItsOwn(settings: [("Watch:PollInterval", "1h")]);
        await using var watched = await Watched.Start(world);
        await watched.Tap.WaitFor("IDLE");
        await watched.Committed.Tells("account.connected", "account.synced");
        Assert.Equal(0, await world.Gateway.Stop());
        // Logged out, not cut off.
        Assert.True(watched.Tap.CountOf("LOGOUT") >= 2);
        await world.Deliver("one");
        await world.Deliver("one", "Sent");
        await world.Gateway.Resume();
        await watched.Committed.Becomes("1[]");
        await watched.Committed.Becomes("1[]", "Sent");
        Assert.Equal(["account.connected", "account.synced"], await watched.Committed.Told());
        await world.Gateway.Kill();
        await world.Deliver("two");
        await world.Gateway.Resume();
        await watched.Committed.Becomes("2[] 1[]");
        Assert.Equal(["account.connected", "account.synced"], await watched.Committed.Told());
    }

    [Fact]
    [Trait("Category", "long")]
    public async Task Two_hundred_accounts_are_watched_after_a_restart()
    {
        const int Accounts = 200;
        await using var world = await World.OfItsOwn();
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        for (var i = 0; i < Accounts; i++)
        {
            var user = World.NewUser();
            (await world.Api.Post("/v1/accounts?verify=false", new { email = user, imap = new { host = DovecotServer.Host, port = tap.Port, security = "none", username = user, password = DovecotServer.Password } }))
                .Is(System.Net.HttpStatusCode.Created);
        }
        await tap.WaitFor("NOTIFY", Accounts);
        await world.Gateway.Stop();
        tap.Lines.Clear();
        await world.Gateway.Resume();
        await tap.WaitFor("NOTIFY", Accounts);
        Assert.Equal(Accounts, tap.CountOf("AUTHENTICATE"));
    }
}
