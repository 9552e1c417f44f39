using System.Diagnostics.Metrics;
using System.Net;
using ImapGateway.Background;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Storage;

namespace ImapGateway.IntegrationTests.Webhooks.Lanes;

public sealed class SqliteWaitingTests : WaitingTests
{
    protected override Task<StoreUnderTest> Store() => StoreUnderTest.Sqlite();
}

public sealed class PostgresWaitingTests : WaitingTests
{
    protected override Task<StoreUnderTest> Store() => StoreUnderTest.Postgres();
}

/// <summary>Deliveries that wait for an endpoint that takes nothing, and one that can never be sent.</summary>
public abstract class WaitingTests
{
    protected abstract Task<StoreUnderTest> Store();

    /// <summary>Counts the turns of a loop of this process, other tests' included.</summary>
    private sealed class Turns : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly Dictionary<string, long> _counts = [];

        public Turns(Meter meter)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (ReferenceEquals(instrument.Meter, meter) && instrument.Name == "imapgateway.loop.turns")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
            {
                lock (_counts)
                {
                    var loop = (string)tags[0].Value!;
                    _counts[loop] = _counts.GetValueOrDefault(loop) + value;
                }
            });
            _listener.Start();
        }

        public long Of(string loop)
        {
            lock (_counts)
            {
                return _counts.GetValueOrDefault(loop);
            }
        }

        public void Dispose() => _listener.Dispose();
    }

    [Theory]
    [InlineData("account")]
    [InlineData("none")]
    public async Task A_lane_whose_endpoint_takes_nothing_stands_still(string order)
    {
        await using var world = await WebhookWorld.On(await Store(), ("Webhooks:RetrySchedule:0", "1h"));
        var anna = await world.Account("anna");
        var made = (await world.Api.Post("/v1/webhooks", new { url = $"http://127.0.0.1:{FreePort.Next()}/", order })).Is(HttpStatusCode.Created);
        var webhook = new WebhookUnderTest(world.Api, made.Text("id"), made.Text("secret"));
        using var turns = new Turns(((Loops)world.Services.GetService(typeof(Loops))!).Meter);
        await anna.Arrive(100);
        var atOnce = order == "none" ? 16 : 1;
        await TestWait.For(async () => (await webhook.Deliveries()).Count(delivery => delivery.Attempts > 0) == atOnce);
        var (looks, moves) = (turns.Of("webhooks"), turns.Of("webhook lanes"));
        // Each look at all endpoints wakes the lane once.
        await TestWait.For(() => turns.Of("webhooks") >= looks + 2);
        Assert.InRange(turns.Of("webhook lanes") - moves, 0, 40);

        foreach (var delivery in (await world.Api.Get($"{webhook.Path}/deliveries")).Is(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray())
        {
            var next = delivery.GetProperty("nextAttemptAt");
            Assert.True(next.ValueKind == System.Text.Json.JsonValueKind.Null || next.GetDateTimeOffset() > DateTimeOffset.UtcNow, delivery.ToString());
        }
    }

    [Theory]
    [InlineData("account")]
    [InlineData("none")]
    public async Task A_delivery_that_cannot_be_sent_is_a_failed_attempt_and_those_behind_it_arrive(string order)
    {
        await using var world = await WebhookWorld.On(
            await Store(), ("Webhooks:RetrySchedule:0", "200ms"), ("Webhooks:RetrySchedule:1", "200ms"), ("Webhooks:RetrySchedule:2", "200ms"), ("Webhooks:RetrySchedule:3", "1h"), ("Webhooks:OrderHold", "0s"));
        var anna = await world.Account("anna");
        var webhook = await world.Webhook(new { order, include = "body" });
        // Its text is asked for, and that fails as nothing should.
        world.Texts.ByMessage[Mail.ObjectId.Format(Mail.ObjectId.Message, anna.Incarnation, 1)] = () => throw new InvalidOperationException("injected");
        // Whatever comes later shows that the endpoint is alive: the one that fails is set apart.
        await TestWait.For(async () =>
        {
            await anna.Arrive(1);
            return (await webhook.Deliveries("?state=retrying")).Length == 1;
        });
        await TestWait.For(async () => (await webhook.Deliveries("?state=pending")).Length == 0);
        await world.Receiver.Has((int)anna.Sequence - 1);
        var failed = (await world.Api.Get($"{webhook.Path}/deliveries?state=retrying")).Is(HttpStatusCode.OK).Json.GetProperty("items")[0];
        Assert.Equal(anna.IdOf(1), failed.GetProperty("id").GetString());
        Assert.All(failed.GetProperty("attempts").EnumerateArray(), attempt => Assert.Equal("internal", attempt.GetProperty("error").GetString()));
        Assert.NotEmpty(world.Faults);
    }
}
