using System.Net;

namespace ImapGateway.IntegrationTests.Changes;

/// <summary>
/// Whoever follows the feed, and whoever receives webhooks, knows the truth in the end, whatever dies on the way: nothing lost, nothing doubled, moves told as moves, everything
/// delivered in order and with the same bytes at every attempt.
/// </summary>
public sealed class CrashTests
{
    [Fact]
    public Task Nothing_is_lost_or_doubled_when_the_gateway_is_killed_at_random_instants() => Killed(rounds: 4, seed: 20_261);

    [Fact]
    public Task Nothing_is_lost_or_doubled_when_the_gateway_is_killed_at_random_instants_on_PostgreSQL() => KilledOnPostgres(rounds: 3, seed: 20_262);

    [Fact]
    [Trait("Category", "long")]
    public Task Nothing_is_lost_or_doubled_by_fifty_kills() => Killed(rounds: 50, seed: 20_263);

    [Fact]
    [Trait("Category", "long")]
    public Task Nothing_is_lost_or_doubled_by_fifty_kills_on_PostgreSQL() => KilledOnPostgres(rounds: 50, seed: 20_264);

    private static async Task KilledOnPostgres(int rounds, int seed)
    {
        var database = await (await SharedServers.Postgres).NewDatabase();
        await Killed(rounds, seed, ("Storage:Provider", "Postgres"), ("Storage:ConnectionString", database));
    }

    private static async Task Killed(int rounds, int seed, params (string Name, string Value)[] storage)
    {
        (string, string)[] schedule = [("Webhooks:RetrySchedule:0", "100ms"), .. Enumerable.Range(1, 40).Select(n => ($"Webhooks:RetrySchedule:{n}", "500ms"))];
        await using var world = await World.OfItsOwn(null, [("Watch:MoveWindow", "2s"), .. schedule, .. storage]);
        await using var receiver = await FailingReceiver.Start(seed);
        await using var churn = await Churn.Start(world.OtherClient, seed);
        var account = await world.AddAccount(watch: "all");
        var follower = new Follower(account);
        // What is there before the account is synced is no news.
        await TestWait.For(async () => (await account.Api.Get(account.Path)).Text("state") == "connected");
        (await world.Api.Post("/v1/webhooks", new { url = receiver.Url })).Is(HttpStatusCode.Created);
        await follower.CatchUp();
        var before = follower.Replay.Ids.Count;

        using var stop = new CancellationTokenSource();
        var running = churn.Run(stop.Token);
        var random = new Random(seed);
        for (var round = 0; round < rounds; round++)
        {
            // In the middle of telling, mostly; or of starting.
            var told = follower.Replay.Sequence + random.Next(1, 80);
            if (round % 4 != 3)
            {
                await TestWait.For(async () =>
                {
                    await follower.CatchUp();
                    return follower.Replay.Sequence >= told;
                });
            }
            await world.Gateway.Kill();
            // What happens while it is away must be found on its return, too.
            var mark = churn.Operations + random.Next(0, 40);
            await TestWait.For(() => churn.Operations >= mark);
            await world.Gateway.Resume();
        }
        await stop.CancelAsync();
        await running;

        using var client = await world.OtherClient();
        await follower.Shows(await Churn.Truth(client));
        follower.IsSound(churn.Added);
        Assert.True(follower.Replay.Moves > 0, "No move was told as one.");
        await receiver.HasTaken([.. follower.Replay.Ids.Skip(before)]);
        TestContext.Current.SendDiagnosticMessage(
            $"{rounds} kills, {churn.Operations} operations, {churn.Moves} moves of which {follower.Replay.Moves} were told, {follower.Replay.Sequence} changes, {receiver.Calls} calls");
    }
}
