using ImapGateway.Changes;
using ImapGateway.Webhooks.Lanes;
using ImapGateway.Webhooks.Sending;

namespace ImapGateway.Tests.Webhooks.Lanes;

public class LaneWindowTests
{
    private static readonly TimeSpan Hold = TimeSpan.FromMinutes(10);
    private static readonly RetrySchedule Schedule = new([TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2)]);
    private static readonly DateTimeOffset Start = new(2026, 5, 31, 12, 0, 0, TimeSpan.Zero);

    private DateTimeOffset _now = Start;

    private static LaneItem Item(long sequence) =>
        new(new LoggedChange(default, "abcdefgh", sequence, "anna", ChangeType.MessageAdded, Start, 1, 0, null, null, "{}"u8.ToArray(), "{}"u8.ToArray(), null));

    private static LaneWindow Window(int width, int count)
    {
        var window = new LaneWindow(0, width, Hold, Schedule);
        for (var sequence = 1; sequence <= count; sequence++)
        {
            window.Add(Item(sequence));
        }
        return window;
    }

    private static readonly LaneHealth Well = new(IsFailing: false, LastSuccess: null);

    private LaneItem Send(LaneWindow window, LaneHealth health, long sequence)
    {
        var step = window.Next(_now, health);
        Assert.Equal((LaneStepKind.Send, sequence), (step.Kind, step.Item?.Sequence));
        window.Sent(step.Item!);
        return step.Item!;
    }

    private void Fail(LaneWindow window, LaneItem item, bool counts = true) => window.Failed(item, _now, null, counts, 0);

    /// <summary>Lets the first one fail by the schedule until its hold is over.</summary>
    private LaneStep FailToTheEndOfTheHold(LaneWindow window, LaneHealth health)
    {
        while (true)
        {
            var step = window.Next(_now, health);
            if (step.Kind == LaneStepKind.Send)
            {
                window.Sent(step.Item!);
                Fail(window, step.Item!);
            }
            else if (step is { Kind: LaneStepKind.Wait, Until: { } until })
            {
                _now = until;
            }
            else
            {
                return step;
            }
        }
    }

    [Fact]
    public void In_order_the_next_one_waits_for_the_one_before()
    {
        var window = Window(1, 3);
        var first = Send(window, Well, 1);
        Assert.Equal(new LaneStep(LaneStepKind.Wait), window.Next(_now, Well));
        window.Succeeded(first);
        Assert.Equal(1, window.Cursor);
        Send(window, Well, 2);
    }

    [Fact]
    public void One_that_fails_is_tried_again_by_the_schedule_and_holds_up_the_others()
    {
        var window = Window(1, 3);
        Fail(window, Send(window, Well, 1));
        Assert.Equal(new LaneStep(LaneStepKind.Wait, Until: _now.AddSeconds(5)), window.Next(_now, Well));
        _now = _now.AddSeconds(5);
        Fail(window, Send(window, Well, 1));
        Assert.Equal(_now.AddSeconds(30), window.Next(_now, Well).Until);
        Assert.Equal(0, window.Cursor);
    }

    [Fact]
    public void After_the_hold_it_is_set_apart_if_the_endpoint_is_alive()
    {
        var window = Window(1, 3);
        var alive = Well with { LastSuccess = Start.AddMinutes(1) };
        var step = FailToTheEndOfTheHold(window, alive);
        Assert.Equal((LaneStepKind.SetApart, 1L, Start + Hold), (step.Kind, step.Item!.Sequence, _now));
        window.SetApart(step.Item, _now);
        Assert.Equal(1, window.Cursor);
        Send(window, alive, 2);
    }

    [Fact]
    public void After_the_hold_nothing_is_set_apart_if_nothing_shows_that_the_endpoint_is_alive()
    {
        var window = Window(1, 3);
        var step = FailToTheEndOfTheHold(window, Well with { LastSuccess = Start });
        Assert.Equal((LaneStepKind.Suspect, 1L), (step.Kind, step.Item!.Sequence));
        Assert.Equal(0, window.Cursor);
    }

    [Fact]
    public void A_run_of_failures_has_one_hold_together_and_each_needs_a_sign_of_life_of_its_own()
    {
        var window = Window(1, 4);
        var alive = Well with { LastSuccess = Start.AddMinutes(1) };
        window.SetApart(FailToTheEndOfTheHold(window, alive).Item!, _now);
        Fail(window, Send(window, alive, 2));
        Assert.Equal(LaneStepKind.Suspect, window.Next(_now, alive).Kind);
        var later = alive with { LastSuccess = _now.AddSeconds(1) };
        Assert.Equal((LaneStepKind.SetApart, 2L), (window.Next(_now, later).Kind, window.Next(_now, later).Item!.Sequence));
    }

    [Fact]
    public void While_the_endpoint_fails_the_first_one_is_tried_before_any_other_so_that_order_is_kept()
    {
        var window = Window(1, 4);
        var item = FailToTheEndOfTheHold(window, Well).Item!;
        var failing = new LaneHealth(true, null, IsProber: true, NextProbeAt: item.NextAt!.Value, Candidates: 8);
        _now = _now.AddMinutes(1);
        Fail(window, Send(window, failing, 1), counts: false);
        var candidate = window.Next(_now, failing);
        Assert.Equal((2L, true), (candidate.Item!.Sequence, candidate.IsCandidate));
        window.Sent(candidate.Item);
        Fail(window, candidate.Item, counts: false);
        _now = _now.AddSeconds(10);
        Send(window, failing, 1);
    }

    [Fact]
    public void A_lane_that_does_not_try_for_all_waits()
    {
        var window = Window(1, 4);
        Fail(window, Send(window, Well, 1));
        Assert.Equal(new LaneStep(LaneStepKind.Wait), window.Next(_now.AddDays(1), new LaneHealth(true, null, IsProber: false, Candidates: 8)));
    }

    [Fact]
    public void When_the_schedule_is_over_and_nothing_is_left_to_try_it_gives_up()
    {
        var window = Window(1, 1);
        Fail(window, Send(window, Well, 1));
        Assert.Equal(LaneStepKind.GiveUp, window.Next(_now, new LaneHealth(true, null, IsProber: true, IsExhausted: true, Candidates: 8)).Kind);
    }

    [Fact]
    public void After_an_outage_those_that_failed_in_it_are_tried_again_before_they_are_judged()
    {
        var window = Window(1, 2);
        FailToTheEndOfTheHold(window, Well);
        _now = _now.AddHours(5);
        window.Recovered(_now, anew: false);
        var well = Well with { LastSuccess = _now };
        var item = Send(window, well, 1);
        window.Succeeded(item);
        Send(window, well, 2);
    }

    [Fact]
    public void Without_order_sixteen_are_on_their_way_and_one_that_fails_takes_one_place_only()
    {
        var window = Window(16, 40);
        var sent = Enumerable.Range(1, 16).Select(n => Send(window, Well, n)).ToList();
        Assert.Equal(LaneStepKind.Wait, window.Next(_now, Well).Kind);
        Fail(window, sent[0]);
        Assert.Equal(LaneStepKind.Wait, window.Next(_now, Well).Kind);
        sent.Skip(1).ToList().ForEach(window.Succeeded);
        Assert.Equal(0, window.Cursor);
        Send(window, Well, 17);
    }

    private void FailHere(LaneWindow window, LaneItem item, bool counts = true)
    {
        item.Attempts = AttemptLog.Add(item.Attempts, new Attempt(_now, null, AttemptError.Internal, 0, [], null));
        Fail(window, item, counts);
    }

    /// <summary>A failure of the gateway shows nothing about the endpoint.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    public void What_the_gateway_cannot_send_is_set_apart_and_does_not_make_the_endpoint_suspect(int width)
    {
        var window = Window(width, width + 1);
        var failing = Enumerable.Range(1, width).Select(n => Send(window, Well, n)).ToList();
        failing.ForEach(item => FailHere(window, item));
        _now += Hold;
        foreach (var item in failing)
        {
            while (window.Next(_now, Well) is { Kind: LaneStepKind.Send, Item: { } again } && again.Sequence <= width)
            {
                window.Sent(again);
                FailHere(window, again);
            }
            var step = window.Next(_now, Well);
            Assert.Equal(LaneStepKind.SetApart, step.Kind);
            window.SetApart(step.Item!, _now);
        }
        Send(window, Well, width + 1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    public void What_the_gateway_cannot_send_is_not_what_a_failing_endpoint_is_tried_with(int width)
    {
        var window = Window(width, 2);
        var health = new LaneHealth(IsFailing: true, null, IsProber: true, NextProbeAt: _now, IsExhausted: false, Candidates: 0);
        FailHere(window, Send(window, health, 1), counts: false);
        var step = window.Next(_now, health);
        Assert.Equal((LaneStepKind.SetApart, 1L), (step.Kind, step.Item?.Sequence));
        window.SetApart(step.Item!, _now);
        Send(window, health, 2);
    }

    [Fact]
    public void What_it_lets_go_of_is_read_again()
    {
        var window = Window(1, 100);
        Assert.True(window.Trim());
        Assert.Equal((1 + LaneWindow.Reach, 1L + LaneWindow.Reach, 0L), (window.Count, window.LastRead, window.Cursor));
        Assert.False(window.Trim());
    }

    /// <summary>Reading ahead and letting go would wake each other for ever.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    public void What_it_lets_go_of_is_not_read_before_something_was_settled(int width)
    {
        var window = Window(width, 100);
        Fail(window, Send(window, Well, 1));
        Assert.True(window.Trim());
        Assert.False(window.IsLow);
        _now = _now.AddSeconds(5);
        window.Succeeded(Send(window, Well, 1));
        Assert.True(window.IsLow);
    }

    [Fact]
    public void What_fails_while_the_endpoint_takes_nothing_has_no_next_attempt_of_its_own()
    {
        var window = Window(1, 2);
        var item = Send(window, Well, 1);
        Fail(window, item);
        Assert.Equal(_now.AddSeconds(5), Stored(item));
        _now = _now.AddSeconds(5);
        item = Send(window, new LaneHealth(true, null, IsProber: true, NextProbeAt: _now, Candidates: 8), 1);
        Fail(window, item, counts: false);
        Assert.Null(Stored(item));

        DateTimeOffset? Stored(LaneItem one) => one.Outcome(new LaneRef(1, 1, "wh", "abcdefgh", "anna", null), DeliveryState.Pending, _now).NextAttemptAt;
    }
}
