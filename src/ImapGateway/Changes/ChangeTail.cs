using ImapGateway.Mail;

namespace ImapGateway.Changes;

/// <summary>
/// The newest part of a feed in memory, without a gap, so that many readers cost one query. It grows for the reader with the highest position; a reader
/// before its start reads the database. It is filled by reads, never by writers: everything in it is committed and in order.
/// </summary>
/// <param name="read">Returns rows of the database after a position, in the order of the feed.</param>
/// <param name="placeOf">Returns the position of a row in this feed.</param>
/// <param name="budget">Drops the oldest rows of all tails.</param>
/// <param name="polls">True if rows may appear without a notification: then the tail polls for them while a reader waits.</param>
public sealed class ChangeTail(
    Func<GlobalPosition, int, CancellationToken, Task<IReadOnlyList<LoggedChange>>> read, Func<LoggedChange, GlobalPosition> placeOf, TailBudget budget, bool polls, TimeProvider time)
{
    private const int Batch = 200;
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Signal _moved = new();
    private readonly Signal _appended = new();
    private readonly TailRows _rows = new(placeOf);
    private Task<int>? _load;
    private int _begun;
    private int _done;
    private int _resets;
    private int _waiting;
    private bool _pumping;

    /// <summary>True if rows were written since the last load began, or if that load failed.</summary>
    private bool _stale;

    /// <summary>True if the last load has read all rows that existed.</summary>
    private bool _whole;

    /// <summary>The number of readers that wait for more rows.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Returns rows after a position. The result includes everything that was committed when this method was called, up to the limit.</summary>
    public async Task<IReadOnlyList<LoggedChange>> ReadAsync(GlobalPosition after, int limit, CancellationToken cancel)
    {
        for (int? needed = null; ;)
        {
            Task load;
            lock (_lock)
            {
                if (_rows.IsBehind(after))
                {
                    break;
                }
                var rows = _rows.Take(after, limit);
                // A load in progress may have read before the last commit.
                needed ??= _begun + 1;
                if (rows.Count == limit || (_rows.End >= after && _whole && (_done >= needed || IsFresh(rows.Count))))
                {
                    return rows;
                }
                load = Begin(after);
            }
            await load.WaitAsync(cancel);
        }
        return await read(after, limit, cancel);
    }

    /// <summary>Waits until there is a row after the position.</summary>
    public async Task WaitAsync(GlobalPosition after, CancellationToken cancel)
    {
        lock (_lock)
        {
            _waiting++;
        }
        try
        {
            while (true)
            {
                var moved = _moved.Next;
                bool looks;
                lock (_lock)
                {
                    if (_rows.Passes(after))
                    {
                        return;
                    }
                    looks = _stale || _rows.End != after || _done == 0;
                }
                if (looks && (await ReadAsync(after, 1, cancel)).Count > 0)
                {
                    return;
                }
                if (polls)
                {
                    Pump();
                }
                await moved.WaitAsync(cancel);
            }
        }
        finally
        {
            lock (_lock)
            {
                _waiting--;
            }
        }
    }

    /// <summary>Notifies waiting readers after a commit.</summary>
    public void Appended()
    {
        lock (_lock)
        {
            _stale = true;
        }
        _appended.Wake();
        Pump();
    }

    /// <summary>Removes all rows up to a position.</summary>
    public void Drop(GlobalPosition through)
    {
        lock (_lock)
        {
            _rows.Drop(through);
        }
    }

    /// <summary>True if no new rows were reported. If rows may appear without a notification, this is enough only for readers that have found some.</summary>
    private bool IsFresh(int found) => !_stale && _done > 0 && (found > 0 || !polls);

    /// <summary>Returns the load in progress, or starts one. The caller holds the lock.</summary>
    private Task<int> Begin(GlobalPosition after)
    {
        if (_rows.End is not { } end || end < after)
        {
            _rows.Reset(after);
            _resets++;
            _whole = false;
            // Readers that wait at an earlier position have something to read.
            _moved.Wake();
        }
        if (_load is null)
        {
            var (number, resets, from) = (++_begun, _resets, _rows.End!.Value);
            _stale = false;
            _load = Task.Run(() => LoadAsync(number, resets, from));
        }
        return _load;
    }

    /// <returns>The number of rows that were read.</returns>
    private async Task<int> LoadAsync(int number, int resets, GlobalPosition from)
    {
        IReadOnlyList<LoggedChange> rows;
        try
        {
            rows = await read(from, Batch, CancellationToken.None);
        }
        catch
        {
            lock (_lock)
            {
                (_load, _stale) = (null, true);
            }
            throw;
        }
        lock (_lock)
        {
            _load = null;
            if (resets != _resets)
            {
                return 0;
            }
            _done = number;
            _whole = rows.Count < Batch;
            _rows.Append(rows);
        }
        if (rows.Count > 0)
        {
            _moved.Wake();
            budget.Add(this, rows.Select(row => (placeOf(row), row)));
        }
        return rows.Count;
    }

    /// <summary>Loads rows for waiting readers, so that a thousand of them cost no more than one.</summary>
    private void Pump()
    {
        lock (_lock)
        {
            if (_pumping || _waiting == 0)
            {
                return;
            }
            _pumping = true;
        }
        _ = Task.Run(PumpAsync);
    }

    private async Task PumpAsync()
    {
        try
        {
            await LoadForWaitersAsync();
        }
        catch
        {
            lock (_lock)
            {
                _pumping = false;
            }
            // The readers will read themselves, and get the error.
            _moved.Wake();
        }
    }

    private async Task LoadForWaitersAsync()
    {
        var pause = ShortestPause;
        while (true)
        {
            var appended = _appended.Next;
            Task<int> load;
            lock (_lock)
            {
                if (_waiting == 0 || !(_stale || polls) || _rows.End is not { } end)
                {
                    _pumping = false;
                    return;
                }
                load = Begin(end);
            }
            bool failed = false, grown = false;
            try
            {
                grown = await load > 0;
            }
            catch (ProblemException)
            {
                failed = true; // Storage is away: the readers continue to wait.
            }
            if (grown)
            {
                pause = ShortestPause;
            }
            else if (failed || polls)
            {
                pause = await PausedAsync(appended, pause);
            }
        }
    }

    /// <returns>The next pause: a short one after a commit, because its rows may become visible a little later.</returns>
    private async Task<TimeSpan> PausedAsync(Task appended, TimeSpan pause)
    {
        try
        {
            await appended.WaitAsync(pause, time);
            return ShortestPause;
        }
        catch (TimeoutException)
        {
            return pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }
}
