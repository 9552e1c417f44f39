using ImapGateway.Mail;

namespace ImapGateway.Imap;

/// <summary>
/// All worker connections of one account. A job leases a session, preferably one that has its mailbox selected, or waits its turn with a deadline.
/// Cancelling a caller lets go of the result, never of a running command: that would poison the session.
/// </summary>
public sealed class ImapPool : ISessionRunner, IAsyncDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan IdleClose = TimeSpan.FromSeconds(60);

    /// <summary>As long as that what others share is as good as new.</summary>
    private static readonly TimeSpan ShareAge = TimeSpan.FromSeconds(3);

    /// <summary>Of the server's longest silence: what one job may take altogether.</summary>
    private const int JobTimeouts = 4;

    private const int MostWaiting = 2000;

    private readonly SessionOpener _opener;
    private readonly SessionBudget _budget;
    private readonly TimeProvider _time;
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

    public ImapPool(SessionOpener opener, int budget, AnswerBudget answers, TimeProvider time)
    {
        _opener = opener;
        Answers = answers;
        _budget = new SessionBudget(budget, time);
        _time = time;
    }

    /// <summary>Shared by all accounts.</summary>
    public AnswerBudget Answers { get; }

    /// <summary>Notes which answers are waited for; null: none. Streams are not noted: their answers are not parsed, and take long.</summary>
    public OpeningNotes.PoolNotes? Notes { get; init; }

    /// <inheritdoc cref="Quirks.Fatal"/>
    public FatalCommands Fatal => _opener.Quirks.Fatal;

    /// <summary>How long the server may be silent while it owes an answer.</summary>
    public TimeSpan AnswerTime => _opener.Timeout;

    /// <summary>What one job may take altogether, streams apart.</summary>
    public TimeSpan JobTime => _opener.Timeout * JobTimeouts;

    /// <summary>Sessions that may be open at once; smaller than the budget after the server refused one.</summary>
    public int Limit => _budget.Limit;

    public TimeProvider Time => _time;

    /// <param name="mailbox">The path the job will select, if any.</param>
    /// <param name="repeatable">Running the job twice does no harm: a broken connection is replaced once and the job run again.</param>
    public async Task<T> RunAsync<T>(string? mailbox, bool repeatable, Func<ImapSession, Task<T>> job, CancellationToken cancel)
    {
        for (var repeated = false; ; repeated = true)
        {
            var session = await AcquireAsync(mailbox, stream: false, cancel);
            var selected = session.SelectedPath;
            var work = RunOnAsync(session, job);
            try
            {
                return await work.WaitAsync(cancel);
            }
            catch (ProblemException e) when (repeatable && !repeated && e.Code == ErrorCode.AccountUnavailable && !session.IsUsable)
            {
                // A mailbox that somebody deletes takes every session along that has it selected: the next must be none of them.
                Retire(path => path == selected || path == mailbox);
                // What has ended this connection may have ended those that were idle beside it: the second try must not be the one to find out.
                CloseIdle();
                continue;
            }
            finally
            {
                _ = work.ContinueWith(static ended => ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            }
        }
    }

    /// <summary>Uses one connection less for a while: the server allows no more, and another is worth more than one of these.</summary>
    /// <returns>False where it has none.</returns>
    public bool MakeRoom()
    {
        lock (_lock)
        {
            if (_open == 0)
            {
                return false;
            }
            _budget.Shrink(Math.Max(1, _open - 1));
            CloseAll(_idle.Count > 0 ? TakeOut(idle => idle == _idle[0]) : []);
            return true;
        }
    }

    /// <summary>Closes sessions that have one of these mailboxes selected, the busy ones when they are done: the path means another mailbox now, or none.</summary>
    public void Retire(Func<string, bool> selected)
    {
        lock (_lock)
        {
            CloseAll(TakeOut(idle => idle.Session.SelectedPath is { } path && selected(path)));
            _retired.UnionWith(_leased.Where(session => session.SelectedPath is { } path && selected(path)));
            WakeWaiting();
        }
    }

    /// <summary>The next job runs on a connection that lists what other users share now, see <see cref="ImapSession.KeepsShares"/>.</summary>
    public void Renew()
    {
        lock (_lock)
        {
            CloseAll(TakeOut(idle => idle.Session.KeepsShares && idle.Session.Age > ShareAge));
        }
    }

    private void CloseIdle()
    {
        lock (_lock)
        {
            CloseAll(TakeOut(_ => true));
        }
    }

    private async Task<T> RunOnAsync<T>(ImapSession session, Func<ImapSession, Task<T>> job)
    {
        var before = session.Commands;
        using var limit = session.Begin(JobTime);
        var step = Notes?.Connection();
        session.Sending = step is null ? null : step.SendingAsync;
        try
        {
            return await job(session);
        }
        catch (Exception e) when (e is not ProblemException)
        {
            var explained = _closed ? Closed() : session.Explain(e);
            if (FloodException.In(explained) is not null)
            {
                await _opener.FloodedAsync(explained.Problem);
            }
            throw explained;
        }
        finally
        {
            session.Sending = null;
            step?.Dispose();
            CommandCount.Add(session.Commands - before);
            await ReleaseAsync(session, stream: false);
        }
    }

    /// <summary>A session that counts as a stream, with which a download does as it likes until it releases it.</summary>
    internal Task<ImapSession> LeaseForStreamAsync(string mailbox, CancellationToken cancel) => AcquireAsync(mailbox, stream: true, cancel);

    internal Task ReleaseStreamAsync(ImapSession session) => ReleaseAsync(session, stream: true);

    private async Task<ImapSession> AcquireAsync(string? mailbox, bool stream, CancellationToken cancel)
    {
        while (await NextAsync(mailbox, stream, cancel) is { } waiting)
        {
            // The server may have closed it meanwhile; work that cannot be repeated must not be the one to find out.
            var usable = false;
            try
            {
                usable = !waiting.HasUnread || await waiting.RefreshAsync(_opener.Timeout);
            }
            finally
            {
                if (!usable)
                {
                    await ReleaseAsync(waiting, stream);
                }
            }
            if (usable)
            {
                return waiting;
            }
        }
        return await OpenAsync(mailbox, stream, cancel);
    }

    /// <returns>A session that was open already; null: there is room for a new one, and it is the caller's.</returns>
    private Task<ImapSession?> NextAsync(string? mailbox, bool stream, CancellationToken cancel)
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
            return await waiter.Turn.Task.WaitAsync(LongestWait, _time, cancel);
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
                // The turn came at the same moment: hand it on.
                await PassOnAsync(await waiter.Turn.Task, waiter.Stream);
            }
            if (e is TimeoutException)
            {
                throw Busy();
            }
            throw;
        }
    }

    private async Task PassOnAsync(ImapSession? session, bool stream)
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

    private async Task<ImapSession> OpenAsync(string? mailbox, bool stream, CancellationToken cancel)
    {
        var opening = Notes is { } notes ? notes.LogInAsync(_opener.OpenAsync) : _opener.OpenAsync();
        ImapSession session;
        try
        {
            session = await opening.WaitAsync(cancel);
        }
        catch (OperationCanceledException)
        {
            _ = KeepAsync(opening, stream);
            throw;
        }
        catch (ProblemException e) when (e.Code == ErrorCode.AccountLimit)
        {
            var others = ShrinkTo();
            await PassOnAsync(null, stream);
            if (others == 0)
            {
                await _opener.Observer.LoginFailedAsync(e.Problem);
                throw;
            }
            // The server allows fewer connections than the budget: go on with those there are.
            _opener.Forgive();
            await _opener.Observer.BudgetShrunkAsync(others, e.Problem);
            return await AcquireAsync(mailbox, stream, cancel);
        }
        catch
        {
            await PassOnAsync(null, stream);
            throw;
        }
        CommandCount.Add(session.Commands);
        if (!Admit(session, out var grown))
        {
            await ReleaseAsync(session, stream);
            throw Closed();
        }
        try
        {
            if (grown)
            {
                await _opener.Observer.BudgetGrownAsync();
            }
            return session;
        }
        catch
        {
            await ReleaseAsync(session, stream);
            throw;
        }
    }

    /// <summary>False where the pool was closed meanwhile.</summary>
    private bool Admit(ImapSession session, out bool grown)
    {
        lock (_lock)
        {
            grown = _budget.Opened(_open);
            if (!_closed)
            {
                _leased.Add(session);
            }
            return !_closed;
        }
    }

    /// <summary>The caller has gone while its connection was being made: it is of use to the next one.</summary>
    private async Task KeepAsync(Task<ImapSession> opening, bool stream)
    {
        ImapSession? session = null;
        try
        {
            session = await opening;
        }
        catch (Exception)
        {
            // The opener has counted and reported it.
        }
        await PassOnAsync(session, stream);
    }

    /// <returns>The sessions that there are besides the one that was refused; the limit is theirs.</returns>
    private int ShrinkTo()
    {
        lock (_lock)
        {
            var others = _open - 1;
            if (others > 0)
            {
                _budget.Shrink(others);
            }
            return others;
        }
    }

    private async Task ReleaseAsync(ImapSession session, bool stream)
    {
        bool keep;
        List<ImapSession> doomed = [];
        lock (_lock)
        {
            _leased.Remove(session);
            _streams -= stream ? 1 : 0;
            keep = !_retired.Remove(session) && session.IsUsable && !_closed && _open <= _budget.Limit;
            if (keep)
            {
                _idle.Add(new Idle(session, _time.GetUtcNow()));
                _reaper ??= _time.CreateTimer(_ => Reap(), null, IdleClose, IdleClose);
            }
            else if (session.TimedOut)
            {
                // Whatever swallowed this connection has probably swallowed those that were idle beside it: nobody should wait for each in turn.
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

    /// <summary>Its place is free once it is closed, not before: the server counts too.</summary>
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

    /// <summary>Gives turns to those who wait, in order, as far as there are sessions or room for new ones.</summary>
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

    private bool MayStream => _streams < Math.Max(1, _budget.Limit - 1);

    private bool MayOpen(bool stream) => !_closed && _budget.HasRoom(_open) && (!stream || MayStream);

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
        var oldest = _time.GetUtcNow() - IdleClose;
        lock (_lock)
        {
            CloseAll(TakeOut(idle => idle.Since <= oldest));
        }
    }

    private static ProblemException Busy() => new(new Problem(
        ErrorCode.AccountBusy, "All connections of the account are in use. Try again, or raise Imap:MaxSessionsPerAccount.", RetryAfter: TimeSpan.FromSeconds(1)));

    private static ProblemException Closed() => new(new Problem(
        ErrorCode.Unavailable, "The account's connections were just closed: it was changed or removed, or the gateway stops.", RetryAfter: TimeSpan.FromSeconds(1)));

    /// <summary>Logs out of idle sessions, ends the others, and turns down whoever waits.</summary>
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
