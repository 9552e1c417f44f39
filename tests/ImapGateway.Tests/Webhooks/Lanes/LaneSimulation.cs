using ImapGateway.Changes;
using ImapGateway.Webhooks.Endpoints;
using ImapGateway.Webhooks.Lanes;

namespace ImapGateway.Tests.Webhooks.Lanes;

/// <summary>Lanes of one endpoint in a time of their own: windows and health as they are, and a receiver that a test makes up.</summary>
/// <param name="takes">Whether the receiver takes a change at an instant.</param>
public sealed class LaneSimulation(int lanes, int width, TimeSpan hold, RetrySchedule schedule, Func<int, long, TimeSpan, bool> takes)
{
    private static readonly DateTimeOffset Start = new(2026, 5, 31, 12, 0, 0, TimeSpan.Zero);

    private readonly LaneWindow[] _lanes = [.. Enumerable.Range(0, lanes).Select(_ => new LaneWindow(0, width, hold, schedule))];
    private readonly EndpointHealth _health = new(schedule);
    private readonly long[] _written = new long[lanes];
    private DateTimeOffset _now = Start;

    public List<(int Lane, long Sequence)> Delivered { get; } = [];

    public List<(int Lane, long Sequence)> SetApart { get; } = [];

    public int Calls { get; private set; }

    public WebhookState State => _health.State;

    public TimeSpan Elapsed => _now - Start;

    public bool IsIdle => _lanes.All(lane => !lane.HasPending);

    public void Arrive(int lane, int count)
    {
        for (var n = 0; n < count; n++)
        {
            var change = new LoggedChange(default, "abcdefgh", ++_written[lane], "anna", ChangeType.MessageAdded, Start, 1, 0, null, null, [], [], null);
            _lanes[lane].Add(new LaneItem(change));
        }
    }

    /// <summary>Everything that can be done until then.</summary>
    public void RunUntil(TimeSpan end)
    {
        while (State != WebhookState.Disabled)
        {
            var until = Start + end;
            var moved = false;
            for (var lane = 0; lane < _lanes.Length; lane++)
            {
                var before = _lanes[lane].Cursor;
                var step = _lanes[lane].Next(_now, _health.For(_lanes[lane], _lanes[lane].HasPending));
                moved |= Take(lane, step);
                Assert.True(_lanes[lane].Cursor >= before, "A cursor went back.");
                until = step.Kind == LaneStepKind.Wait && step.Until < until ? step.Until.Value : until;
            }
            if (!moved)
            {
                if (until >= Start + end)
                {
                    _now = Start + end;
                    return;
                }
                Assert.True(until > _now, "A lane turns in circles.");
                _now = until;
            }
        }
    }

    private bool Take(int lane, LaneStep step)
    {
        switch (step)
        {
            case { Kind: LaneStepKind.Send, Item: { } item }:
                Call(lane, step, item);
                return true;
            case { Kind: LaneStepKind.SetApart, Item: { } item }:
                SetApart.Add((lane, item.Sequence));
                _lanes[lane].SetApart(item, _now);
                return true;
            case { Kind: LaneStepKind.Suspect, Item: { } item }:
                return _health.Suspect(_lanes[lane], item);
            case { Kind: LaneStepKind.GiveUp }:
                return _health.Disable();
            default:
                return !_lanes[lane].HasPending && _health.Release(_lanes[lane]);
        }
    }

    private void Call(int lane, LaneStep step, LaneItem item)
    {
        Calls++;
        _lanes[lane].Sent(item);
        if (step.IsCandidate)
        {
            _health.CandidateSent();
        }
        _now = _now.AddMilliseconds(1);
        if (takes(lane, item.Sequence, Elapsed))
        {
            Delivered.Add((lane, item.Sequence));
            _lanes[lane].Succeeded(item);
            if (_health.Succeeded(_now))
            {
                Array.ForEach(_lanes, each => each.Recovered(_now, anew: false));
            }
            return;
        }
        var wasFailing = State == WebhookState.Failing;
        _lanes[lane].Failed(item, _now, null, counts: !wasFailing, 0);
        if (wasFailing && step.IsProbe)
        {
            _lanes[lane].ProbeFailed();
            _health.ProbeFailed(_now, null, 0);
        }
        else if (step.IsCandidate)
        {
            _lanes[lane].CompanionTried();
        }
    }
}
