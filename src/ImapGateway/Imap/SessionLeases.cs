using ImapGateway.Mail;

namespace ImapGateway.Imap;

/// <summary>
/// Manages the sessions of a <see cref="ImapPool"/>: which are leased, which are idle, how many may be open, and which jobs wait. Waiting jobs get sessions in order. A stream leaves one session
/// to the others. Decides everything under one lock, and does not open sessions itself.
/// </summary>
internal sealed class SessionLeases(SessionBudget budget, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan IdleClose = TimeSpan.FromSeconds(60);

    /// <summary>The age up to which the list of shares from other users counts as current.</summary>
    private static readonly TimeSpan ShareAge = TimeSpan.FromSeconds(3);

    private const int MostWaiting = 2000;

    private readonly Lock _lock = new();
    private readonly List<Idle> _idle = [];
    private readonly LinkedList<Waiter> _waiting = new();
    private readonly HashSet<ImapSession> _leased = [];
    private readonly HashSet<ImapSession> _retired = [];
    private int _open;
    private int _streams;
    private bool _closed;
    private ITimer? _reaper;

    private sealed record Idle(ImapSession Session, DateTimeOffset Since);

    private sealed record Waiter(string? Mailbox, bool Stream, TaskCompletionSource<ImapSession?> Turn);

    /// <summary>The number of sessions that may be open at once; smaller than the budget after the server refused one.</summary>
    public int Limit => budget.Limit;

    /// <summary>True if there will be no more sessions.</summary>
    public bool IsClosed => _closed;

    /// <summary>Uses one connection less for a while: the server allows no more, and another connection is worth more than one of these.</summary>
    /// <returns>False if the pool has none.</returns>
    public bool MakeRoom()
    {
        lock (_lock)
        {
            if (_open == 0)
            {
                return false;
            }
            budget.Shrink(Math.Max(1, _open - 1));
            CloseAll(_idle.Count > 0 ? TakeOut(idle => idle == _idle[0]) : []);
            return true;
        }
    }

    /// <summary>Closes sessions that have one of these mailboxes selected, busy ones when they are done: the path means another mailbox now, or none.</summary>
    public void Retire(Func<string, bool> selected)
    {
        lock (_lock)
        {
            CloseAll(TakeOut(idle => idle.Session.SelectedPath is { } path && selected(path)));
            _retired.UnionWith(_leased.Where(session => session.SelectedPath is { } path && selected(path)));
            WakeWaiting();
        }
    }

    /// <summary>Makes the next job run on a connection that lists the current shares of other users, see <see cref="ImapSession.KeepsShares"/>.</summary>
    public void Renew()
    {
        lock (_lock)
        {
            CloseAll(TakeOut(idle => idle.Session.KeepsShares && idle.Session.Age > ShareAge));
        }
    }

    /// <summary>Closes all sessions that are not leased.</summary>
    public void CloseIdle()
    {
        lock (_lock)
        {
            CloseAll(TakeOut(_ => true));
        }
    }

    /// <returns>A session that was open already. Null if there is room for a new one, which the caller must open.</returns>
    public Task<ImapSession?> NextAsync(string? mailbox, bool stream, CancellationToken cancel)
    {
        Waiter waiter;
        lock (_lock)
        {
            if (_closed)
            {
                throw Closed();
            }
            if (TakeIdle(mailbox, stream) is { } idle)
            {
                return Task.FromResult<ImapSession?>(idle);
            }
            if (MayOpen(stream))
            {
                _open++;
                _streams += stream ? 1 : 0;
                return Task.FromResult<ImapSession?>(null);
            }
            if (_waiting.Count >= MostWaiting)
            {
                throw Busy();
            }
            waiter = new Waiter(mailbox, stream, new TaskCompletionSource<ImapSession?>(TaskCreationOptions.RunContinuationsAsynchronously));
            _waiting.AddLast(waiter);
        }
        return TurnAsync(waiter, cancel);
    }

    private async Task<ImapSession?> TurnAsync(Waiter waiter, CancellationToken cancel)
    {
        try
        {
            return await waiter.Turn.Task.WaitAsync(LongestWait, time, cancel);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            bool left;
            lock (_lock)
            {
                left = _waiting.Remove(waiter);
            }
            if (!left)
            {
                // The session came at the same moment: pass it on.
                await PassOnAsync(await waiter.Turn.Task, waiter.Stream);
            }
            if (e is TimeoutException)
            {
                throw Busy();
            }
            throw;
        }
    }

    /// <summary>Passes the place of a caller on to the next one, with its session, if it has one.</summary>
    public async Task PassOnAsync(ImapSession? session, bool stream)
    {
        if (session is not null)
        {
            await ReleaseAsync(session, stream);
            return;
        }
        lock (_lock)
        {
            _open--;
            _streams -= stream ? 1 : 0;
            WakeWaiting();
        }
    }

    /// <summary>Adds a new session at the place that <see cref="NextAsync"/> has given.</summary>
    /// <param name="grown">True if the server allows more sessions than it did before.</param>
    /// <returns>False if there will be no more sessions.</returns>
    public bool Admit(ImapSession session, out bool grown)
    {
        lock (_lock)
        {
            grown = budget.Opened(_open);
            if (!_closed)
            {
                _leased.Add(session);
            }
            return !_closed;
        }
    }

    /// <summary>Records that the server has refused a session.</summary>
    /// <returns>The number of sessions besides the refused one, which becomes the limit.</returns>
    public int Shrink()
    {
        lock (_lock)
        {
            var others = _open - 1;
            if (others > 0)
            {
                budget.Shrink(others);
            }
            return others;
        }
    }

    /// <summary>Returns a session to the pool, where it is idle if it can still be used.</summary>
    public async Task ReleaseAsync(ImapSession session, bool stream)
    {
        bool keep;
        List<ImapSession> doomed = [];
        lock (_lock)
        {
            _leased.Remove(session);
            _streams -= stream ? 1 : 0;
            keep = !_retired.Remove(session) && session.IsUsable && !_closed && _open <= budget.Limit;
            if (keep)
            {
                _idle.Add(new Idle(session, time.GetUtcNow()));
                _reaper ??= time.CreateTimer(_ => Reap(), null, IdleClose, IdleClose);
            }
            else if (session.TimedOut)
            {
                // The cause that broke this connection has probably broken the idle ones as well: no caller should wait for each of them.
                doomed = TakeOut(_ => true);
            }
            WakeWaiting();
        }
        if (!keep)
        {
            await CloseAsync(session);
        }
        CloseAll(doomed);
    }

    private void CloseAll(IEnumerable<ImapSession> sessions)
    {
        foreach (var session in sessions)
        {
            _ = Task.Run(() => CloseAsync(session));
        }
    }

    /// <summary>Closes a session. Its place is free after it is closed, not before: the server counts sessions, too.</summary>
    private async Task CloseAsync(ImapSession session)
    {
        try
        {
            await session.DisposeAsync();
        }
        finally
        {
            lock (_lock)
            {
                _open--;
                WakeWaiting();
            }
        }
    }

    /// <summary>Gives sessions, or room for new ones, to waiting jobs in order, as far as there are any.</summary>
    private void WakeWaiting()
    {
        for (var node = _waiting.First; node is not null;)
        {
            var next = node.Next;
            var waiter = node.Value;
            if (TakeIdle(waiter.Mailbox, waiter.Stream) is { } session)
            {
                _waiting.Remove(node);
                waiter.Turn.SetResult(session);
            }
            else if (MayOpen(waiter.Stream))
            {
                _open++;
                _streams += waiter.Stream ? 1 : 0;
                _waiting.Remove(node);
                waiter.Turn.SetResult(null);
            }
            else if (!waiter.Stream)
            {
                return;
            }
            node = next;
        }
    }

    private bool MayStream => _streams < Math.Max(1, budget.Limit - 1);

    private bool MayOpen(bool stream) => !_closed && budget.HasRoom(_open) && (!stream || MayStream);

    private ImapSession? TakeIdle(string? mailbox, bool stream)
    {
        if (stream && !MayStream)
        {
            return null;
        }
        CloseAll(TakeOut(idle => !idle.Session.IsUsable));
        var best = _idle.FindLastIndex(idle => idle.Session.SelectedPath == mailbox);
        best = best >= 0 ? best : _idle.Count - 1;
        if (best < 0)
        {
            return null;
        }
        var session = _idle[best].Session;
        _idle.RemoveAt(best);
        _leased.Add(session);
        _streams += stream ? 1 : 0;
        return session;
    }

    private List<ImapSession> TakeOut(Predicate<Idle> which)
    {
        var found = _idle.FindAll(which).ConvertAll(idle => idle.Session);
        _idle.RemoveAll(idle => found.Contains(idle.Session));
        return found;
    }

    private void Reap()
    {
        var oldest = time.GetUtcNow() - IdleClose;
        lock (_lock)
        {
            CloseAll(TakeOut(idle => idle.Since <= oldest));
        }
    }

    private static ProblemException Busy() => new(new Problem(
        ErrorCode.AccountBusy, "All connections of the account are in use. Try again, or raise Imap:MaxSessionsPerAccount.", RetryAfter: TimeSpan.FromSeconds(1)));

    /// <summary>Creates the exception for callers that find <see cref="IsClosed"/> true.</summary>
    public static ProblemException Closed() => new(new Problem(
        ErrorCode.Unavailable, "The account's connections were just closed: it was changed or removed, or the gateway stops.", RetryAfter: TimeSpan.FromSeconds(1)));

    /// <summary>Logs out of idle sessions, ends the others, and refuses waiting callers.</summary>
    public async ValueTask DisposeAsync()
    {
        List<ImapSession> idle;
        lock (_lock)
        {
            if (_closed)
            {
                return;
            }
            _closed = true;
            idle = TakeOut(_ => true);
            foreach (var waiter in _waiting)
            {
                waiter.Turn.TrySetException(Closed());
            }
            _waiting.Clear();
            foreach (var session in _leased)
            {
                session.Abort();
            }
            _reaper?.Dispose();
        }
        await Task.WhenAll(idle.Select(CloseAsync));
    }
}
