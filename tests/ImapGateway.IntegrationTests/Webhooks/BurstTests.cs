using System.Diagnostics;
using System.Globalization;
using ImapGateway.IntegrationTests.Storage;

namespace ImapGateway.IntegrationTests.Webhooks;

/// <summary>Many changes at once, and a receiver that answers at once or takes its time.</summary>
[Trait("Category", "judges")]
public class BurstTests
{
    private const int Burst = 10_000;

    [Theory]
    [InlineData("Sqlite", 1)]
    [InlineData("Sqlite", 100)]
    [InlineData("Postgres", 1)]
    [InlineData("Postgres", 100)]
    public async Task A_burst_arrives_in_order_and_none_is_lost_or_doubled(string store, int accounts)
    {
        await using var world = await WebhookWorld.On(store == "Sqlite" ? await StoreUnderTest.Sqlite() : await StoreUnderTest.Postgres());
        var all = new List<AccountUnderTest>();
        for (var n = 0; n < accounts; n++)
        {
            all.Add(await world.Account($"account{n}"));
        }
        var webhook = await world.Webhook();
        await all[0].Arrive();
        await world.Receiver.Has(1);
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(all.Select(account => account.Arrive(Burst / accounts)));
        var written = clock.Elapsed;
        await world.Receiver.Has(1 + Burst);
        var rate = Burst / clock.Elapsed.TotalSeconds;
        TestContext.Current.SendDiagnosticMessage(string.Create(CultureInfo.InvariantCulture, $"{store}, {accounts} accounts: {rate:0} deliveries/s, written after {written.TotalMilliseconds:0} ms, delivered after {clock.ElapsedMilliseconds} ms"));
        await TestWait.For(async () => (await world.Lanes(webhook.Id)).Sum(lane => lane.Cursor) == Burst + 1);
        foreach (var calls in world.Receiver.Calls.GroupBy(call => call.Json.GetProperty("account").GetString()!))
        {
            var account = all.Single(each => each.Id == calls.Key);
            Assert.Equal(Enumerable.Range(1, (int)account.Sequence).Select(n => account.IdOf(n)), calls.Select(call => call.Id));
        }
        Assert.Equal(1 + Burst, world.Receiver.Count);
        Assert.Empty(world.Faults);
    }
}
