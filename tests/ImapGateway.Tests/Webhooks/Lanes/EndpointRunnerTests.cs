using ImapGateway.Access;
using ImapGateway.Accounts;
using ImapGateway.Changes;
using ImapGateway.Webhooks.Endpoints;
using ImapGateway.Webhooks.Lanes;

namespace ImapGateway.Tests.Webhooks.Lanes;

public sealed class EndpointRunnerTests : IAsyncDisposable
{
    private readonly DeliveryWorld _world = new();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    private static LaneItem Failed(DateTimeOffset at) => new(ChangeExamples.Of(ChangeType.MessageAdded)) { Failures = 3, FailedSince = at, NextAt = at.AddMinutes(1) };

    private Lane LaneOf(EndpointRunner endpoint) => new(new LaneRef(1, 1, endpoint.Webhook.Row.Id, DeliveryWorld.Incarnation, DeliveryWorld.Account, null), 0, endpoint, _world.Context);

    /// <summary>Whatever a call uses may be closed after its endpoint has ended, so that no call may outlive the endpoint.</summary>
    [Theory]
    [InlineData(WebhookOrder.Account)]
    [InlineData(WebhookOrder.None)]
    public async Task An_endpoint_has_ended_when_the_last_of_its_calls_has(WebhookOrder order)
    {
        var (began, ended) = (0, 0);
        var isReading = new TaskCompletionSource();
        _world.Text = async cancel =>
        {
            Interlocked.Increment(ref began);
            isReading.TrySetResult();
            // A call that is cancelled ends somewhat later.
            await Task.Delay(Timeout.Infinite, cancel).ContinueWith(_ => Task.Delay(100), TaskScheduler.Default).Unwrap();
            Interlocked.Increment(ref ended);
            return new MessageText("text", false);
        };
        var endpoint = await _world.Run(_world.Webhook("wh_1", order, body: true));
        await _world.Arrive(5);
        await _world.Add(new LaneEntity { Webhook = "wh_1", Incarnation = DeliveryWorld.Incarnation, Account = DeliveryWorld.Account, Cursor = 0 });
        endpoint.Start();
        foreach (var lane in await endpoint.ClaimAsync(default))
        {
            endpoint.Run(lane, _ => { });
        }
        await isReading.Task;
        await endpoint.DisposeAsync();
        Assert.Equal(began, ended);
        Assert.Empty(endpoint.Lanes);
    }

    [Fact]
    public async Task A_lane_is_claimed_once_and_again_after_it_has_ended()
    {
        await using var endpoint = await _world.Run(_world.Webhook("wh_1"));
        await _world.Add(new LaneEntity { Webhook = "wh_1", Incarnation = DeliveryWorld.Incarnation, Account = DeliveryWorld.Account, Cursor = 0 });
        var ended = new TaskCompletionSource();
        var lane = Assert.Single(await endpoint.ClaimAsync(default));
        endpoint.Run(lane, _ => ended.SetResult());
        Assert.Empty(await endpoint.ClaimAsync(default));

        var letGo = endpoint.LetGoAsync(Timeout.InfiniteTimeSpan, default);
        // Before the lane ends it waits for its outcomes.
        while (!ended.Task.IsCompleted)
        {
            await _world.Flush();
        }
        await letGo;
        Assert.Equal(lane.Ref.Generation + 1, Assert.Single(await endpoint.ClaimAsync(default)).Ref.Generation);
    }

    [Fact]
    public async Task The_calls_of_all_lanes_are_limited()
    {
        await using var endpoint = await _world.Run(_world.Webhook("wh_1"));
        var calls = new List<EndpointRunner.Slot>();
        for (var n = 0; n < EndpointRunner.MaxCalls; n++)
        {
            calls.Add(await endpoint.CallAsync(default));
        }
        var next = endpoint.CallAsync(default);
        Assert.False(next.IsCompleted);
        calls[0].Dispose();
        calls[0] = await next;
        calls.ForEach(call => call.Dispose());
    }

    [Fact]
    public async Task An_endpoint_that_fails_and_recovers_says_so_in_its_row()
    {
        await using var endpoint = await _world.Run(_world.Webhook("wh_1"));
        var now = _world.Time.GetUtcNow();
        await endpoint.SuspectAsync(LaneOf(endpoint), Failed(now));
        var failing = await _world.Row("wh_1");
        Assert.Equal((WebhookState.Failing, 3, now.AddMinutes(1)), (failing.State, failing.ProbeFailures, failing.NextProbeAt));
        Assert.True(endpoint.IsRunning);

        await endpoint.ProbeFailedAsync(TimeSpan.FromHours(3));
        var later = await _world.Row("wh_1");
        Assert.Equal((4, now.AddHours(3)), (later.ProbeFailures, later.NextProbeAt));

        await endpoint.SucceededAsync();
        var recovered = await _world.Row("wh_1");
        Assert.Equal((WebhookState.Active, 0, null), (recovered.State, recovered.ProbeFailures, recovered.NextProbeAt));
    }

    [Fact]
    public async Task A_state_that_a_user_has_set_meanwhile_stays_and_stops_the_endpoint()
    {
        await using var endpoint = await _world.Run(_world.Webhook("wh_1"));
        await _world.Store.ChangeAsync("wh_1", row => row.State = WebhookState.Paused, default);
        await endpoint.SuspectAsync(LaneOf(endpoint), Failed(_world.Time.GetUtcNow()));
        Assert.Equal(WebhookState.Paused, (await _world.Row("wh_1")).State);
        Assert.False(endpoint.IsRunning);
    }

    [Fact]
    public async Task An_endpoint_whose_key_has_lost_rights_is_disabled()
    {
        _world.Keys["key_1"] = new Caller("key_1", Scope.Webhooks, null);
        await using var endpoint = await _world.Run(_world.Webhook("wh_1", key: "key_1"));
        Assert.NotNull(await endpoint.RightsAsync(default));

        _world.Keys["key_1"] = new Caller("key_1", Scope.MailRead, null);
        Assert.Null(await endpoint.RightsAsync(default));
        var row = await _world.Row("wh_1");
        Assert.Equal((WebhookState.Disabled, DisableReason.KeyRevoked), (row.State, row.Reason));
        Assert.False(endpoint.IsRunning);
    }

    [Fact]
    public async Task An_endpoint_whose_secret_cannot_be_read_is_disabled()
    {
        var row = _world.Webhook("wh_1");
        row.Secret = "not a ciphertext";
        await using var endpoint = await _world.Run(row);
        Assert.False(endpoint.IsRunning);
        await endpoint.DisableIfFaultyAsync();
        Assert.Equal(DisableReason.SecretUnreadable, (await _world.Row("wh_1")).Reason);
    }

    /// <summary>A write for each delivery would cost more than the delivery.</summary>
    [Fact]
    public async Task Successes_within_one_second_are_reported_once()
    {
        await using var endpoint = await _world.Run(_world.Webhook("wh_1"));
        var first = _world.Time.GetUtcNow();
        await endpoint.SucceededAsync();
        _world.Time.Advance(TimeSpan.FromMilliseconds(900));
        await endpoint.SucceededAsync();
        await _world.Flush();
        Assert.Equal(first, (await _world.Row("wh_1")).LastSuccessAt);

        _world.Time.Advance(TimeSpan.FromMilliseconds(200));
        await endpoint.SucceededAsync();
        await _world.Flush();
        Assert.Equal(_world.Time.GetUtcNow(), (await _world.Row("wh_1")).LastSuccessAt);
    }
}
