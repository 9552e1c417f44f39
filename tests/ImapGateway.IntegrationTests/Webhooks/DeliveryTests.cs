using ImapGateway.IntegrationTests.Storage;

namespace ImapGateway.IntegrationTests.Webhooks;

public sealed class SqliteDeliveryTests : DeliveryTests
{
    protected override Task<StoreUnderTest> Store() => StoreUnderTest.Sqlite();
}

public sealed class PostgresDeliveryTests : DeliveryTests
{
    protected override Task<StoreUnderTest> Store() => StoreUnderTest.Postgres();
}

/// <summary>Changes on their way from the log to a real receiver.</summary>
public abstract class DeliveryTests
{
    protected abstract Task<StoreUnderTest> Store();

    private async Task<WebhookWorld> World(params (string, string)[] settings) => await WebhookWorld.On(await Store(), settings);

    [Fact]
    public async Task Changes_arrive_in_order_each_with_its_own_id_and_their_outcomes_are_kept()
    {
        await using var world = await World();
        var anna = await world.Account("anna");
        await anna.Arrive(3);
        var webhook = await world.Webhook();
        await anna.Arrive(100);
        var later = await world.Account("later");
        await later.Arrive(50);

        await world.Receiver.Has(150);
        Assert.Equal(Enumerable.Range(4, 100).Select(n => anna.IdOf(n)), world.Receiver.Calls.Where(call => call.Json.GetProperty("account").GetString() == "anna").Select(call => call.Id));
        Assert.Equal(Enumerable.Range(1, 50).Select(n => later.IdOf(n)), world.Receiver.Calls.Where(call => call.Json.GetProperty("account").GetString() == "later").Select(call => call.Id));
        Assert.All(world.Receiver.Calls, call => Assert.Equal(call.Id, call.Json.GetProperty("id").GetString()));
        await TestWait.For(async () => (await webhook.Deliveries("?state=delivered&limit=500")).Length == 150);
        Assert.Equal([anna.IdOf(103)], (await webhook.Deliveries($"?state=delivered&account=anna&limit=1")).Select(delivery => delivery.Id));
        Assert.Empty(world.Faults);
        Assert.Equal(150, world.Receiver.Count);
    }
}
