using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Webhooks;
using ImapGateway.Webhooks.Endpoints;
using ImapGateway.Webhooks.Lanes;

namespace ImapGateway.Tests.Webhooks.Lanes;

/// <summary>What must hold of the lanes of an endpoint together, whatever the receiver does.</summary>
public class LaneSimulationTests
{
    private static readonly TimeSpan Hold = TimeSpan.FromMinutes(10);
    private static readonly RetrySchedule Schedule = new(new WebhooksOptions().RetrySchedule);

    private static LaneSimulation Lanes(int lanes, Func<int, long, TimeSpan, bool> takes, int width = 1) => new(lanes, width, Hold, Schedule, takes);

    [Fact]
    public void A_poison_message_stops_neither_its_lane_beyond_the_hold_nor_any_other()
    {
        var lanes = Lanes(3, (lane, sequence, _) => (lane, sequence) != (0, 2));
        lanes.Arrive(0, 5);
        lanes.Arrive(1, 5);
        lanes.RunUntil(TimeSpan.FromMinutes(1));
        Assert.Equal([1L, 2, 3, 4, 5], lanes.Delivered.Where(each => each.Lane == 1).Select(each => each.Sequence));
        Assert.Equal([1L], lanes.Delivered.Where(each => each.Lane == 0).Select(each => each.Sequence));
        lanes.RunUntil(Hold + TimeSpan.FromSeconds(1));
        Assert.Equal([1L, 3, 4, 5], lanes.Delivered.Where(each => each.Lane == 0).Select(each => each.Sequence));
        Assert.Equal([(0, 2L)], lanes.SetApart);
    }

    [Fact]
    public void A_poison_message_alone_at_its_endpoint_stops_those_behind_it_no_longer_either()
    {
        var lanes = Lanes(1, (_, sequence, _) => sequence is not (1 or 2 or 4));
        lanes.Arrive(0, 6);
        lanes.RunUntil(Hold + TimeSpan.FromSeconds(5));
        Assert.Equal([3L, 5, 6], lanes.Delivered.Select(each => each.Sequence).Order());
        Assert.Equal([1L, 2, 4], lanes.SetApart.Select(each => each.Sequence));
        Assert.Equal(WebhookState.Active, lanes.State);
    }

    [Fact]
    public void What_arrives_behind_a_poison_message_later_is_tried_at_once()
    {
        var lanes = Lanes(1, (_, sequence, _) => sequence != 1);
        lanes.Arrive(0, 1);
        lanes.RunUntil(TimeSpan.FromHours(1));
        Assert.Equal(WebhookState.Failing, lanes.State);
        lanes.Arrive(0, 1);
        lanes.RunUntil(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(1));
        Assert.Equal([(0, 2L)], lanes.Delivered);
        Assert.Equal([(0, 1L)], lanes.SetApart);
    }

    [Theory]
    [InlineData(30)]
    [InlineData(60 * 5)]
    [InlineData(60 * 60)]
    [InlineData(60 * 60 * 30)]
    public void An_outage_skips_nothing_and_leaves_the_order_as_it_is(int seconds)
    {
        var lanes = Lanes(4, (_, _, at) => at > TimeSpan.FromSeconds(seconds));
        for (var lane = 0; lane < 4; lane++)
        {
            lanes.Arrive(lane, 30);
        }
        lanes.RunUntil(TimeSpan.FromSeconds(seconds / 2));
        lanes.Arrive(2, 10);
        lanes.RunUntil(TimeSpan.FromDays(3));
        Assert.Empty(lanes.SetApart);
        Assert.True(lanes.IsIdle);
        for (var lane = 0; lane < 4; lane++)
        {
            Assert.Equal(Enumerable.Range(1, lane == 2 ? 40 : 30).Select(n => (long)n), lanes.Delivered.Where(each => each.Lane == lane).Select(each => each.Sequence));
        }
    }

    [Fact]
    public void A_dead_endpoint_is_disabled_after_the_last_step_without_much_ado()
    {
        var lanes = Lanes(50, (_, _, _) => false);
        for (var lane = 0; lane < 50; lane++)
        {
            lanes.Arrive(lane, 100);
        }
        lanes.RunUntil(TimeSpan.FromDays(4));
        Assert.Equal(WebhookState.Disabled, lanes.State);
        Assert.Empty(lanes.SetApart);
        Assert.Empty(lanes.Delivered);
        Assert.InRange(lanes.Elapsed, TimeSpan.FromHours(51), TimeSpan.FromHours(55));
        Assert.InRange(lanes.Calls, 50, 50 * 5 + 50);
    }

    /// <summary>Receivers with outages, messages they never take, and moods.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    public void Whatever_the_receiver_does_everything_is_delivered_or_set_apart_once(int width) =>
        Prop.ForAll(
            ArbMap.Default.GeneratorFor<int>().Select(Math.Abs).ToArbitrary(),
            seed =>
            {
                var random = new System.Random(seed);
                var poison = Enumerable.Range(0, random.Next(4)).Select(_ => (random.Next(3), (long)random.Next(1, 40))).ToHashSet();
                var outage = TimeSpan.FromMinutes(random.Next(0, 600));
                var mood = random.NextDouble() * 0.4;
                var lanes = Lanes(3, (lane, sequence, at) => at > outage && !poison.Contains((lane, sequence)) && random.NextDouble() >= mood, width);
                for (var lane = 0; lane < 3; lane++)
                {
                    lanes.Arrive(lane, random.Next(1, 40));
                }
                lanes.RunUntil(TimeSpan.FromMinutes(random.Next(1, 600)));
                lanes.Arrive(random.Next(3), 10);
                lanes.RunUntil(TimeSpan.FromDays(2));
                var settled = lanes.Delivered.Concat(lanes.SetApart).ToList();
                Assert.Equal(settled.Count, settled.Distinct().Count());
                Assert.True(lanes.IsIdle || lanes.State == WebhookState.Failing, $"{lanes.State}");
                Assert.True(lanes.SetApart.Count <= poison.Count + 30, $"{lanes.SetApart.Count} were set apart.");
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(150));
}
