namespace ImapGateway.Webhooks.Lanes;

/// <summary>
/// The changes between a lane's cursor and the last one that was read from the log, with all decisions about them: order, holding back and setting apart. It does no IO
/// and has no clock of its own.
/// </summary>
/// <param name="cursor">The sequence number up to which everything is done.</param>
/// <param name="width">The number of items that may be in flight at once: one if they are sent in order.</param>
/// <param name="hold">The time for which a failed item delays those after it.</param>
/// <param name="schedule">The schedule of attempts.</param>
public sealed class LaneWindow(long cursor, int width, TimeSpan hold, RetrySchedule schedule)
{
    /// <summary>The number of items after the first one among which the window searches for one that the endpoint accepts, when it seems to accept nothing.</summary>
    public const int Reach = 8;

    /// <summary>The time within which a failed first item need not be tried again before another one is tried. This keeps the order when an endpoint comes back.</summary>
    private static readonly TimeSpan JustNow = TimeSpan.FromSeconds(2);

    private const int MostSettled = 1024;

    private readonly List<LaneItem> _items = [];
    private long _lastRead = cursor;
    private int _inFlight;

    /// <summary>The start of the present run of failures. All of them share one hold time.</summary>
    private DateTimeOffset? _holdSince;

    /// <summary>The time at which an item was last set apart. This uses up the proof that the endpoint is alive.</summary>
    private DateTimeOffset _lastSetApart = DateTimeOffset.MinValue;

    /// <summary>True if a probe has failed, and another change than the first one is still to be tried along with it.</summary>
    private bool _companionDue;

    /// <summary>The sequence number up to which every change is done, or has an outcome of its own.</summary>
    public long Cursor => _items.Count == 0 ? _lastRead : _items[0].Sequence - 1;

    public long LastRead => _lastRead;

    public int Count => _items.Count;

    /// <summary>The number of items that are not done. A finished item waits for those before it, so that the cursor can pass.</summary>
    public int Open { get; private set; }

    /// <summary>True if there is space for more items. <see cref="Trim"/> always leaves too many for that, because what it removes would be read again at once.</summary>
    public bool IsLow => Open < Kept && _items.Count < MostSettled;

    /// <summary>The number of items that may be sent now, and those that may be tried besides them.</summary>
    private int Kept => width + Reach;

    public int InFlight => _inFlight;

    /// <summary>The first item that is not done.</summary>
    public LaneItem? First => Unsettled(1).FirstOrDefault();

    public bool HasPending => _items.Count > 0;

    /// <summary>Adds an item. Items are added in the order of the log.</summary>
    public void Add(LaneItem item)
    {
        _items.Add(item);
        Open++;
        _lastRead = item.Sequence;
    }

    /// <summary>Skips changes up to here that were read and not added, because the endpoint does not get them.</summary>
    public void ReadTo(long sequence) => _lastRead = Math.Max(_lastRead, sequence);

    /// <summary>Removes the items that are not needed yet. They are read again later.</summary>
    /// <returns>True if any item was removed.</returns>
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

    /// <summary>Returns an item to the window that has no outcome, and is sent again.</summary>
    public void Returned(LaneItem item)
    {
        item.InFlight = false;
        _inFlight--;
    }

    public void Succeeded(LaneItem item)
    {
        Returned(item);
        // The success of an item that was tried ahead of the failed ones does not end their hold time.
        _holdSince = First == item ? null : _holdSince;
        Settle(item);
    }

    /// <param name="counts">False while the endpoint accepts nothing: then the item is not the cause.</param>
    /// <param name="random">A random number from 0 to 1.</param>
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

    /// <summary>Records that the companion of a probe was tried.</summary>
    public void CompanionTried() => _companionDue = false;

    public void ProbeFailed() => _companionDue = true;

    public void SetApart(LaneItem item, DateTimeOffset now)
    {
        _lastSetApart = item.FailedHere ? _lastSetApart : now;
        Settle(item);
    }

    /// <summary>Marks an item as done because it is no longer needed.</summary>
    public void Drop(LaneItem item) => Settle(item);

    /// <summary>Forgets earlier failures, because the endpoint works again or was repaired.</summary>
    /// <param name="anew">True if the schedule starts again.</param>
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
            // This item cannot show whether the endpoint is alive, and must not be the one that is tried for all.
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
