using System.Buffers;
using System.Runtime.CompilerServices;
using ImapGateway.Mail;

namespace ImapGateway.Imap;

/// <summary>
/// All worker connections of one account. A job leases a session, preferably one that has its mailbox selected, or waits its turn with a deadline.
/// Cancelling a caller lets go of the result, never of a running command: that would poison the session.
/// </summary>
public sealed class ImapPool : IAsyncDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan IdleClose = TimeSpan.FromSeconds(60);

    /// <summary>How long a server's limit is believed before one more session is tried.</summary>
    private static readonly TimeSpan GrowAfter = TimeSpan.FromMinutes(5);

    /// <summary>Of the server's longest silence: what one job may take altogether.</summary>
    private const int JobTimeouts = 4;

    private const int MostWaiting = 2000;

    /// <summary>Where there is one session only: what a download keeps it for at once.</summary>
    private const int SmallPiece = 256 * 1024;

    /// <summary>MailKit counts a literal in 31 bits.</summary>
    private const int LargePiece = 1 << 30;

    private readonly SessionOpener _opener;
    private readonly int _budget;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly List<Idle> _idle = [];
    private readonly LinkedList<Waiter> _waiting = new();
    private readonly HashSet<ImapSession> _leased = [];
    private readonly HashSet<ImapSession> _retired = [];
    private int _open;
    private int _streams;
    private int _limit;
    private int? _refusedAt;
    private DateTimeOffset _growAt;
    private bool _closed;
    private ITimer? _reaper;

    private sealed record Idle(ImapSession Session, DateTimeOffset Since);

    private sealed record Waiter(string? Mailbox, bool Stream, TaskCompletionSource<ImapSession?> Turn);

    public ImapPool(SessionOpener opener, int budget, TimeProvider time)
    {
        _opener = opener;
        _budget = budget;
        _limit = budget;
        _time = time;
    }

    /// <summary>Sessions that may be open at once; smaller than the budget after the server refused one.</summary>
    public int Limit => _limit;

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
                continue;
            }
            finally
            {
                _ = work.ContinueWith(static ended => ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            }
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

    private async Task<T> RunOnAsync<T>(ImapSession session, Func<ImapSession, Task<T>> job)
    {
        var before = session.Commands;
        using var limit = session.Begin(_opener.Timeout * JobTimeouts);
        try
        {
            return await job(session);
        }
        catch (Exception e) when (e is not ProblemException)
        {
            throw _closed ? Closed() : session.Explain(e);
        }
        finally
        {
            CommandCount.Add(session.Commands - before);
            await ReleaseAsync(session, stream: false);
        }
    }

    /// <summary>
    /// A section of a message, peeked, in pieces as they arrive (64 KB at most, valid until the next is asked for), in constant memory. Never holds the account's
    /// last worker: where there is only one, the section is fetched in ranges and the session released before the reader gets to see them.
    /// </summary>
    /// <param name="count">Octets wanted; null: to the end.</param>
    public async IAsyncEnumerable<ReadOnlySequence<byte>> StreamAsync(Section section, long offset, long? count, [EnumeratorCancellation] CancellationToken cancel)
    {
        while (count is not 0)
        {
            var isAlone = _limit == 1;
            var piece = isAlone ? SmallPiece : section.Size - offset > LargePiece ? LargePiece : (long?)null;
            var asked = count < piece || piece is null ? count : piece;
            long received = 0;
            await foreach (var bytes in isAlone ? StreamSlice(section, offset, (int)asked!, cancel) : StreamPieceAsync(section, offset, asked, cancel))
            {
                received += bytes.Length;
                yield return bytes;
            }
            if (received < asked || asked is null)
            {
                yield break;
            }
            offset += received;
            count -= received;
        }
    }

    private async IAsyncEnumerable<ReadOnlySequence<byte>> StreamSlice(Section section, long offset, int count, [EnumeratorCancellation] CancellationToken cancel)
    {
        var slice = new SectionSlice(section.Name, offset, count);
        var found = await RunAsync(
            section.Mailbox, repeatable: true, session => SectionFetch.RunAsync(session, section.Mailbox, section.UidValidity, [section.Uid], [slice]), cancel);
        yield return new ReadOnlySequence<byte>(found.GetValueOrDefault((section.Uid, slice.Key)) ?? throw Download.Gone());
    }

    private async IAsyncEnumerable<ReadOnlySequence<byte>> StreamPieceAsync(Section section, long offset, long? count, [EnumeratorCancellation] CancellationToken cancel)
    {
        var (download, piece) = await StartDownloadAsync(section, offset, count, cancel);
        await using (download)
        {
            for (; !piece.IsEmpty; piece = await download.ReadAsync(cancel))
            {
                yield return piece;
            }
        }
    }

    /// <summary>With its first piece: a connection that turns out to be broken before that is replaced once.</summary>
    private async Task<(Download Download, ReadOnlySequence<byte> First)> StartDownloadAsync(Section section, long offset, long? count, CancellationToken cancel)
    {
        for (var repeated = false; ; repeated = true)
        {
            var session = await AcquireAsync(section.Mailbox, stream: true, cancel);
            var download = new Download(session, _opener.Timeout * JobTimeouts, section, offset, count, () => ReleaseAsync(session, stream: true));
            try
            {
                return (download, await download.ReadAsync(cancel));
            }
            catch (Exception e)
            {
                await download.DisposeAsync();
                if (repeated || e is not ProblemException { Code: ErrorCode.AccountUnavailable } || session.IsUsable)
                {
                    throw;
                }
            }
        }
    }

    private async Task<ImapSession> AcquireAsync(string? mailbox, bool stream, CancellationToken cancel)
    {
        while (await NextAsync(mailbox, stream, cancel) is { } waiting)
        {
            // The server may have closed it meanwhile; work that cannot be repeated must not be the one to find out.
            if (!waiting.HasUnread || await waiting.RefreshAsync(_opener.Timeout))
            {
                return waiting;
            }
            await ReleaseAsync(waiting, stream);
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
        var opening = _opener.OpenAsync();
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
        if (grown)
        {
            await _opener.Observer.BudgetGrownAsync();
        }
        return session;
    }

    /// <summary>False where the pool was closed meanwhile.</summary>
    private bool Admit(ImapSession session, out bool grown)
    {
        lock (_lock)
        {
            grown = _open > _refusedAt;
            _refusedAt = grown ? null : _refusedAt;
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
        catch (ProblemException)
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
                _limit = Math.Min(_limit, others);
                _refusedAt = _limit;
                _growAt = _time.GetUtcNow() + GrowAfter;
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
            keep = !_retired.Remove(session) && session.IsUsable && !_closed && _open <= _limit;
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

    private bool MayStream => _streams < Math.Max(1, _limit - 1);

    private bool MayOpen(bool stream)
    {
        if (_open >= _limit && _limit < _budget && _time.GetUtcNow() >= _growAt)
        {
            _limit++;
            _growAt = _time.GetUtcNow() + GrowAfter;
        }
        return !_closed && _open < _limit && (!stream || MayStream);
    }

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
