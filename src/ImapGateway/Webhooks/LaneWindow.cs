namespace ImapGateway.Webhooks;

/// <summary>
/// What lies between a lane's cursor and what was read of the log, and what to do with it: the whole decision about order, holding up and setting apart, without IO
/// or a clock of its own.
/// </summary>
/// <param name="cursor">Settled up to here.</param>
/// <param name="width">How many may be on their way at once: one where they are in order.</param>
/// <param name="hold">How long one that fails holds up those behind it.</param>
/// <param name="schedule">Of attempts.</param>
public sealed class LaneWindow(long cursor, int width, TimeSpan hold, RetrySchedule schedule)
{
    /// <summary>How far behind the first one it looks for something the endpoint takes, when it seems to take nothing.</summary>
    public const int Reach = 8;

    /// <summary>A first one that has failed this recently need not be tried again before another one is: that is how order is kept when an endpoint comes back.</summary>
    private static readonly TimeSpan JustNow = TimeSpan.FromSeconds(2);

    private const int MostSettled = 1024;

    private readonly List<LaneItem> _items = [];
    private long _lastRead = cursor;
    private int _inFlight;

    /// <summary>When the present run of failures began: all of it has one hold together.</summary>
    private DateTimeOffset? _holdSince;

    /// <summary>Proof that the endpoint is alive is used up by setting one apart.</summary>
    private DateTimeOffset _lastSetApart = DateTimeOffset.MinValue;

    /// <summary>A probe has failed, and another change than the first is still to be tried along with it.</summary>
    private bool _companionDue;

    /// <summary>All up to here is settled, or has an outcome of its own.</summary>
    public long Cursor => _items.Count == 0 ? _lastRead : _items[0].Sequence - 1;

    public long LastRead => _lastRead;

    public int Count => _items.Count;

    /// <summary>Those that are not settled; the others wait for one before them, so that the cursor can pass.</summary>
    public int Open { get; private set; }

    /// <summary>Whether there is room for more. <see cref="Trim"/> always leaves too many for that: what it lets go of would be read again at once.</summary>
    public bool IsLow => Open < Kept && _items.Count < MostSettled;

    /// <summary>Those that may be sent now, and those that may be tried beside them.</summary>
    private int Kept => width + Reach;

    public int InFlight => _inFlight;

    /// <summary>The first that is not settled.</summary>
    public LaneItem? First => Unsettled(1).FirstOrDefault();

    public bool HasPending => _items.Count > 0;

    /// <summary>In the order of the log.</summary>
    public void Add(LaneItem item)
    {
        _items.Add(item);
        Open++;
        _lastRead = item.Sequence;
    }

    /// <summary>Changes up to here that were read and not added concern nobody.</summary>
    public void ReadTo(long sequence) => _lastRead = Math.Max(_lastRead, sequence);

    /// <summary>Lets go of what it does not need yet; it is read again.</summary>
    /// <returns>Whether anything was.</returns>
    public bool Trim()
    {
        var before = _items.Count;
        while (Open > Kept && _items[^1] is { InFlight: false, IsSettled: false, IsUntried: true })
        {
            _items.RemoveAt(_items.Count - 1);
            Open--;
            _lastRead = _items[^1].Sequence;
        }
        return _items.Count < before;
    }

    public LaneStep Next(DateTimeOffset now, LaneHealth health)
    {
        if (_inFlight >= width || _items.Count == 0)
        {
            return new LaneStep(LaneStepKind.Wait);
        }
        return health.IsFailing ? NextOfFailing(now, health) : NextOfActive(now, health);
    }

    public void Sent(LaneItem item)
    {
        item.InFlight = true;
        _inFlight++;
    }

    /// <summary>It came to no outcome, and is sent again.</summary>
    public void Returned(LaneItem item)
    {
        item.InFlight = false;
        _inFlight--;
    }

    public void Succeeded(LaneItem item)
    {
        Returned(item);
        // One that was tried ahead of those that fail does not end their hold.
        _holdSince = First == item ? null : _holdSince;
        Settle(item);
    }

    /// <param name="counts">False while the endpoint takes nothing: then it is not the item's fault.</param>
    /// <param name="random">From 0 to 1.</param>
    public void Failed(LaneItem item, DateTimeOffset now, TimeSpan? retryAfter, bool counts, double random)
    {
        Returned(item);
        item.FailedSince ??= now;
        item.LastFailure = now;
        item.IsJudged = true;
        item.NextAt = null;
        _holdSince ??= item.FailedHere ? null : now;
        if (counts || item.FailedHere)
        {
            item.Failures++;
            var wait = schedule.After(item.Failures, retryAfter, random);
            item.IsExhausted = wait is null;
            item.NextAt = now + (wait ?? TimeSpan.Zero);
        }
    }

    /// <summary>Whether a probe's companion was this one.</summary>
    public void CompanionTried() => _companionDue = false;

    public void ProbeFailed() => _companionDue = true;

    public void SetApart(LaneItem item, DateTimeOffset now)
    {
        _lastSetApart = item.FailedHere ? _lastSetApart : now;
        Settle(item);
    }

    /// <summary>It is of no concern any more.</summary>
    public void Drop(LaneItem item) => Settle(item);

    /// <summary>What happened before says nothing any more: the endpoint is well again, or was mended.</summary>
    /// <param name="anew">The schedule begins anew.</param>
    public void Recovered(DateTimeOffset now, bool anew)
    {
        _companionDue = false;
        foreach (var item in _items.Where(item => !item.IsUntried))
        {
            item.IsJudged = false;
            item.NextAt = now;
            if (anew)
            {
                (item.Failures, item.IsExhausted) = (0, false);
            }
        }
    }

    private LaneStep NextOfActive(DateTimeOffset now, LaneHealth health)
    {
        DateTimeOffset? until = null;
        LaneItem? due = null;
        foreach (var item in Unsettled(width).Where(item => !item.InFlight))
        {
            if (item.IsUntried || !item.IsJudged)
            {
                due ??= item.IsDue(now) ? item : null;
                until = Earlier(until, item.NextAt);
                continue;
            }
            var began = HoldOf(item);
            if (began + hold <= now || item.IsExhausted)
            {
                var proof = began > _lastSetApart ? began : _lastSetApart;
                return new LaneStep(item.FailedHere || health.LastSuccess > proof ? LaneStepKind.SetApart : LaneStepKind.Suspect, item);
            }
            due ??= item.IsDue(now) ? item : null;
            until = Earlier(Earlier(until, item.NextAt), began + hold);
        }
        return due is null ? new LaneStep(LaneStepKind.Wait, Until: until) : new LaneStep(LaneStepKind.Send, due);
    }

    private LaneStep NextOfFailing(DateTimeOffset now, LaneHealth health)
    {
        if (_inFlight > 0)
        {
            return new LaneStep(LaneStepKind.Wait);
        }
        if (Unsettled(Kept).FirstOrDefault(item => item is { FailedHere: true, IsJudged: true }) is { } own)
        {
            // It cannot show whether the endpoint is alive, and must not be what is tried for all.
            return new LaneStep(LaneStepKind.SetApart, own);
        }
        if (First is not { } first)
        {
            return new LaneStep(LaneStepKind.Wait);
        }
        if (!health.IsProber)
        {
            return first.IsUntried && health.Candidates > 0 ? new LaneStep(LaneStepKind.Send, first, IsCandidate: true) : new LaneStep(LaneStepKind.Wait);
        }
        if (!health.IsExhausted && health.NextProbeAt <= now)
        {
            return new LaneStep(LaneStepKind.Send, first, IsProbe: true);
        }
        var untried = health.Candidates > 0 ? Unsettled(Kept).FirstOrDefault(item => item.IsUntried) : null;
        var other = untried ?? (_companionDue ? Unsettled(Kept).Skip(1).MinBy(item => item.LastFailure) : null);
        if (other is null)
        {
            return health.IsExhausted ? new LaneStep(LaneStepKind.GiveUp) : new LaneStep(LaneStepKind.Wait, Until: health.NextProbeAt);
        }
        return other == first || now - first.LastFailure <= JustNow
            ? new LaneStep(LaneStepKind.Send, other, IsCandidate: true)
            : new LaneStep(LaneStepKind.Send, first);
    }

    private IEnumerable<LaneItem> Unsettled(int count) => _items.Where(item => !item.IsSettled).Take(count);

    private DateTimeOffset HoldOf(LaneItem item) => _holdSince < item.FailedSince ? _holdSince.Value : item.FailedSince!.Value;

    private void Settle(LaneItem item)
    {
        item.IsSettled = true;
        Open--;
        var settled = 0;
        while (settled < _items.Count && _items[settled].IsSettled)
        {
            settled++;
        }
        _items.RemoveRange(0, settled);
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? a, DateTimeOffset? b) => b is null || a < b ? a : b;
}
