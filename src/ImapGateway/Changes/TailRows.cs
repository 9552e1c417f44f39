namespace ImapGateway.Changes;

/// <summary>All rows of a feed between two positions: after the first, up to and including the second. It is not thread-safe.</summary>
public sealed class TailRows(Func<LoggedChange, GlobalPosition> placeOf)
{
    private readonly List<LoggedChange> _rows = [];
    private int _dropped;
    private GlobalPosition? _start;

    /// <summary>The last position, or null before the first reader has come.</summary>
    public GlobalPosition? End { get; private set; }

    /// <summary>Starts again after a position.</summary>
    public void Reset(GlobalPosition place)
    {
        _rows.Clear();
        _dropped = 0;
        _start = End = place;
    }

    /// <param name="rows">The rows that follow the end, without a gap.</param>
    public void Append(IReadOnlyList<LoggedChange> rows)
    {
        _rows.AddRange(rows);
        End = rows.Count > 0 ? placeOf(rows[^1]) : End;
    }

    /// <summary>True if there is a row after the position, here or earlier.</summary>
    public bool Passes(GlobalPosition after) => End is { } end && end > after;

    /// <summary>True if not all rows after the position are here.</summary>
    public bool IsBehind(GlobalPosition after) => _start is { } start && after < start;

    /// <summary>Returns the rows here that follow the position, which is not before the start.</summary>
    public IReadOnlyList<LoggedChange> Take(GlobalPosition after, int limit)
    {
        if (!Passes(after))
        {
            return [];
        }
        var first = IndexAfter(after);
        return _rows.GetRange(first, Math.Min(limit, _rows.Count - first));
    }

    /// <summary>Removes all rows up to a position.</summary>
    public void Drop(GlobalPosition through)
    {
        if (_start is not { } start || through <= start)
        {
            return;
        }
        for (; _dropped < _rows.Count && placeOf(_rows[_dropped]) <= through; _dropped++)
        {
            _start = placeOf(_rows[_dropped]);
            _rows[_dropped] = null!;
        }
        // This happens only from time to time, so that each row is moved a few times at most.
        if (_dropped > _rows.Count / 2)
        {
            _rows.RemoveRange(0, _dropped);
            _dropped = 0;
        }
    }

    private int IndexAfter(GlobalPosition place)
    {
        var (low, high) = (_dropped, _rows.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = placeOf(_rows[middle]) <= place ? (middle + 1, high) : (low, middle);
        }
        return low;
    }
}
