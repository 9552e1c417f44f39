using System.Collections.Immutable;
using System.Net;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Changes;

/// <summary>
/// Whoever follows the feed, and whoever receives webhooks, knows the truth in the end, whatever dies on the way: nothing lost, nothing doubled, moves told as moves, everything
/// delivered in order and with the same bytes at every attempt.
/// </summary>
public sealed class CrashTests
{
    [Fact]
    public Task Nothing_is_lost_or_doubled_when_the_gateway_is_killed_at_random_instants() => Survives(Kills, rounds: 2, seed: 20_261);

    [Fact]
    [Trait("Category", "judges")]
    public Task Nothing_is_lost_or_doubled_when_the_gateway_is_killed_at_random_instants_on_PostgreSQL() => SurvivesOnPostgres(Kills, rounds: 1, seed: 20_262);

    [Fact]
    [Trait("Category", "judges")]
    public Task Nothing_is_lost_or_doubled_when_the_mail_server_restarts_and_connections_are_reset() => Survives(Losses, rounds: 2, seed: 20_265);

    /// <summary>Each of them tells of changes in another way: Courier nothing but what is asked for, Cyrus the inbox alone.</summary>
    [Theory]
    [InlineData(MailServerKind.Courier, 20_271)]
    [InlineData(MailServerKind.Cyrus, 20_272)]
    [Trait("Category", "judges")]
    public async Task Nothing_is_lost_or_doubled_on_other_servers(MailServerKind kind, int seed)
    {
        await using var world = await World.WithGateway(await SharedServers.Mail(kind), [.. Settings, ("Watch:PollInterval", "300ms")]);
        await Survives(world, [.. Kills, .. Losses.Skip(1)], rounds: 3, seed);
    }

    [Fact]
    [Trait("Category", "judges")]
    public Task Nothing_is_lost_or_doubled_when_the_disk_is_full_for_a_while() => SurvivesFullDisk(rounds: 1, span: TimeSpan.Zero, seed: 20_268);

    /// <summary>For longer than the other half of a move is waited for: what was seen gone before must not be taken for removed.</summary>
    [Fact]
    [Trait("Category", "long")]
    public Task Nothing_is_lost_or_doubled_when_the_disk_is_full_for_long() => SurvivesFullDisk(rounds: 8, span: TimeSpan.FromSeconds(5), seed: 20_269);

    [Fact]
    [Trait("Category", "long")]
    public Task Nothing_is_lost_or_doubled_by_fifty_kills() => Survives(Kills, rounds: 50, seed: 20_263);

    [Fact]
    [Trait("Category", "long")]
    public Task Nothing_is_lost_or_doubled_by_fifty_kills_on_PostgreSQL() => SurvivesOnPostgres(Kills, rounds: 50, seed: 20_264);

    [Fact]
    [Trait("Category", "long")]
    public Task Nothing_is_lost_or_doubled_whatever_dies() => Survives([.. Kills, .. Losses], rounds: 30, seed: 20_266);

    [Fact]
    [Trait("Category", "long")]
    public Task Nothing_is_lost_or_doubled_whatever_dies_on_PostgreSQL() => SurvivesOnPostgres([.. Kills, .. Losses], rounds: 30, seed: 20_267);

    [Fact]
    [Trait("Category", "long")]
    public async Task Nothing_is_lost_or_doubled_when_PostgreSQL_is_killed()
    {
        await using var postgres = await PostgresServer.Start();
        await Survives(
            [
                async (_, _, meanwhile) =>
                {
                    await postgres.Kill();
                    await meanwhile();
                    await postgres.Resume();
                },
            ],
            rounds: 10,
            seed: 20_270,
            PostgresServer.Settings(await postgres.NewDatabase()));
    }

    /// <summary>What may happen, with what another client does meanwhile: that must be found afterwards, too.</summary>
    private delegate Task Fault(World world, TapProxy network, Func<Task> meanwhile);

    private static readonly ImmutableArray<Fault> Kills =
    [
        async (world, _, meanwhile) =>
        {
            await world.Gateway.Kill();
            await meanwhile();
            await world.Gateway.Resume();
        },
    ];

    private static readonly ImmutableArray<Fault> Losses =
    [
        async (world, _, _) => await world.Server.Restart(),
        (_, network, _) =>
        {
            network.Cut();
            return Task.CompletedTask;
        },
        async (_, network, meanwhile) =>
        {
            network.GoDown();
            await meanwhile();
            network.ComeBack();
        },
    ];

    private static async Task SurvivesFullDisk(int rounds, TimeSpan span, int seed)
    {
        Assert.SkipUnless(Environment.UserName == "root", "Only root can make a small disk.");
        await using var world = await World.OnSmallDisk(12, Settings);
        await Survives(
            world,
            [
                async (_, _, meanwhile) =>
                {
                    world.Gateway.FillDisk();
                    await TestWait.For(async () => (await world.Api.Get("/health/ready")).Status == HttpStatusCode.ServiceUnavailable);
                    await Task.WhenAll(meanwhile(), Task.Delay(span));
                    world.Gateway.FreeDisk();
                },
            ],
            rounds,
            seed);
    }

    private static async Task SurvivesOnPostgres(ImmutableArray<Fault> faults, int rounds, int seed)
    {
        var database = await (await SharedServers.Postgres).NewDatabase();
        await Survives(faults, rounds, seed, PostgresServer.Settings(database));
    }

    private static async Task Survives(ImmutableArray<Fault> faults, int rounds, int seed, params (string Name, string Value)[] storage)
    {
        await using var world = await World.OfItsOwn(new DovecotOptions(), [.. Settings, .. storage]);
        await Survives(world, faults, rounds, seed);
    }

    private static (string, string)[] Settings =>
        [("Watch:MoveWindow", "2s"), ("Webhooks:RetrySchedule:0", "100ms"), .. Enumerable.Range(1, 40).Select(n => ($"Webhooks:RetrySchedule:{n}", "500ms"))];

    private static async Task Survives(World world, ImmutableArray<Fault> faults, int rounds, int seed)
    {
        await using var network = TapProxy.Start(world.Server.Port);
        await using var receiver = await FailingReceiver.Start(seed);
        await using var churn = await Churn.Start(world.OtherClient, seed);
        // Before there is an account: it takes all that the feed of the account has.
        var webhook = (await world.Api.Post("/v1/webhooks", new { url = receiver.Url })).Is(HttpStatusCode.Created).Text("id");
        var account = await world.AddAccount(network.Port, watch: "all");
        var follower = new Follower(account);
        // What is there before the account is synced is no news.
        await TestWait.For(async () => (await account.Api.Get(account.Path)).Text("state") == "connected");

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
            await faults[round % faults.Length](world, network, () => TestWait.For(Later(churn, random.Next(0, 40))));
        }
        // In a short form the faults may have hit every move so far.
        await TestWait.For(async () =>
        {
            await follower.CatchUp();
            return follower.Replay.Moves > 0;
        });
        await stop.CancelAsync();
        await running;

        using var client = await world.OtherClient();
        await follower.Shows(await Churn.Truth(client));
        follower.IsSound(churn.Added);
        await receiver.HasTaken(
            follower.Replay.Ids,
            async () => $"{(await world.Api.Get($"/v1/webhooks/{webhook}")).Text}\n{(await world.Api.Get($"/v1/webhooks/{webhook}/deliveries?limit=10")).Text}\n{string.Join('\n', world.Gateway.Output.Entries.TakeLast(30))}");
        TestContext.Current.SendDiagnosticMessage(
            $"{rounds} faults, {churn.Operations} operations, {churn.Moves} moves of which {follower.Replay.Moves} were told, {follower.Replay.Sequence} changes, {receiver.Calls} calls");
    }

    private static Func<bool> Later(Churn churn, int operations)
    {
        var mark = churn.Operations + operations;
        return () => churn.Operations >= mark;
    }
}
