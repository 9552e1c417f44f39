using System.Net;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Sync.Watching;

/// <summary>Gateways of their own: each is stopped, started, or set in a way of its own.</summary>
[Trait("Category", "judges")]
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
    [Trait("Category", "long")]
    public async Task A_watchdog_of_a_minute_notices_within_a_minute_and_a_half()
    {
        await using var world = await World.OfItsOwn(settings: [("Watch:PollInterval", "1h"), ("Watch:Watchdog", "60s")]);
        await using var watched = await Watched.Start(world);
        await watched.Tap.WaitFor("IDLE");
        watched.Tap.ForgetConnections();
        await world.Deliver("one", "Archive");
        await TestWait.For(async () => await watched.Committed.Shown("Archive") == "1[]", TimeSpan.FromSeconds(90));
    }

    /// <summary>Each push starts a look, and none waits for the pushes to end: never are more than a few untold.</summary>
    [Fact]
    [Trait("Category", "long")]
    public async Task Two_arrivals_a_second_for_a_minute_delay_nothing()
    {
        const int Arrivals = 120, Untold = 6;
        await using var world = await World.OfItsOwn(settings: [("Watch:PollInterval", "1h")]);
        await using var watched = await Watched.Start(world);
        await watched.Tap.WaitFor("IDLE");
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        var most = 0;
        for (var arrived = 1; arrived <= Arrivals; arrived++)
        {
            await world.Deliver($"message {arrived}", arrived % 2 == 0 ? "INBOX" : "Archive");
            await timer.WaitForNextTickAsync();
            most = Math.Max(most, arrived - (await watched.Account.Items($"{watched.Account.Path}/changes?after=0&types=message.added&limit=500")).Count);
        }
        Assert.True(most <= Untold, $"Once {most} were untold.");
    }

    /// <summary>The database is gone, the rest of the data directory is not: nothing is news, and what clients have kept is refused.</summary>
    [Fact]
    public async Task What_was_known_before_the_database_was_lost_is_gone_and_nothing_is_announced_anew()
    {
        await using var world = await World.OfItsOwn();
        await world.Deliver("one");
        await using var watched = await Watched.Start(world);
        await world.Deliver("two");
        await watched.Committed.Becomes("2[] 1[]");
        var (id, position) = ((await watched.Account.Newest()).GetProperty("id").GetString()!, (await world.Api.Get(watched.Account.Path)).Text("feedPosition"));
        var everybodys = (await world.Api.Get("/v1/accounts")).Text("feedPosition");
        await world.Gateway.Stop();
        foreach (var file in Directory.GetFiles(world.Gateway.DataDirectory, "gateway.db*"))
        {
            File.Delete(file);
        }
        await world.Gateway.Resume();
        (await world.Api.Get(watched.Account.Path)).Is(HttpStatusCode.NotFound);
        var again = await world.AddAccount(watched.Tap.Port, watch: "all");
        await TestWait.For(async () => (await world.Api.Get(again.Path)).Text("state") == "connected");
        Assert.Equal(2, (await again.Items(again.Messages("inbox"))).Count);
        Assert.All(await again.Items($"{again.Path}/changes?after=0"), change => Assert.StartsWith("account.", change.GetProperty("type").GetString()));
        (await world.Api.Get(again.Message(id))).Is(HttpStatusCode.Gone);
        (await world.Api.Get($"{again.Path}/changes?after={position}")).Is(HttpStatusCode.Gone);
        (await world.Api.Get($"/v1/changes?after={everybodys}")).Is(HttpStatusCode.Gone);
    }

    [Fact]
    public async Task Idle_is_begun_anew_before_servers_end_it()
    {
        await using var world = await World.OfItsOwn(settings: [("Watch:PollInterval", "1h"), ("Watch:IdleRefresh", "1s")]);
        await using var watched = await Watched.Start(world);
        await watched.Tap.WaitFor("IDLE", 3);
        Assert.Single(watched.Tap.Lines.Entries.Where(line => line.Command == "IDLE").Select(line => line.Connection).Distinct());
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
        await using var world = await World.OfItsOwn(new DovecotOptions());
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        for (var i = 0; i < Accounts; i++)
        {
            var user = World.NewUser();
            (await world.Api.Post("/v1/accounts?verify=false", new { email = user, imap = new { host = DovecotServer.Host, port = tap.Port, security = "none", username = user, password = DovecotServer.Password } }))
                .Is(HttpStatusCode.Created);
        }
        await tap.WaitFor("NOTIFY", Accounts);
        await world.Gateway.Stop();
        tap.Lines.Clear();
        await world.Gateway.Resume();
        await tap.WaitFor("NOTIFY", Accounts);
        Assert.Equal(Accounts, tap.CountOf("AUTHENTICATE"));
    }
}
