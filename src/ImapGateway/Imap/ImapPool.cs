using ImapGateway.Mail;

namespace ImapGateway.Imap;

/// <summary>
/// Manages all worker connections of one account. A job leases a session, preferably one that has its mailbox selected, or waits for one with a deadline. Cancelling a caller abandons the result,
/// never a running command: that would make the session unusable.
/// </summary>
public sealed class ImapPool : ISessionRunner, IAsyncDisposable
{
    /// <summary>The longest time of one job, as a multiple of the server's longest silence.</summary>
    private const int JobTimeouts = 4;

    private readonly SessionOpener _opener;
    private readonly SessionLeases _leases;
    private readonly TimeProvider _time;

    public ImapPool(SessionOpener opener, int budget, AnswerBudget answers, TimeProvider time)
    {
        _opener = opener;
        Answers = answers;
        _leases = new SessionLeases(new SessionBudget(budget, time), time);
        _time = time;
    }

    /// <summary>The limit of messages in memory, shared by all accounts.</summary>
    public AnswerBudget Answers { get; }

    /// <summary>Records the answers that the pool waits for; null for no records. Streams are not recorded: their answers are not parsed, and take long.</summary>
    public OpeningNotes.PoolNotes? Notes { get; init; }

    /// <inheritdoc cref="Quirks.Fatal"/>
    public FatalCommands Fatal => _opener.Quirks.Fatal;

    /// <summary>The longest time that the server may be silent while it owes an answer.</summary>
    public TimeSpan AnswerTime => _opener.Timeout;

    /// <summary>The longest time of one job, except for streams.</summary>
    public TimeSpan JobTime => _opener.Timeout * JobTimeouts;

    /// <summary>The number of sessions that may be open at once; smaller than the budget after the server refused one.</summary>
    public int Limit => _leases.Limit;

    public TimeProvider Time => _time;

    /// <param name="mailbox">The path the job will select, if any.</param>
    /// <param name="repeatable">True if running the job twice does no harm: a broken connection is replaced once and the job is run again.</param>
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
                // A deleted mailbox ends every session that has it selected: the next session must be none of them.
                Retire(path => path == selected || path == mailbox);
                // The cause that ended this connection may have ended idle ones as well: the second attempt must not be the one to find out.
                _leases.CloseIdle();
                continue;
            }
            finally
            {
                _ = work.ContinueWith(static ended => ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            }
        }
    }

    /// <inheritdoc cref="SessionLeases.MakeRoom"/>
    public bool MakeRoom() => _leases.MakeRoom();

    /// <inheritdoc cref="SessionLeases.Retire"/>
    public void Retire(Func<string, bool> selected) => _leases.Retire(selected);

    /// <inheritdoc cref="SessionLeases.Renew"/>
    public void Renew() => _leases.Renew();

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
            var explained = _leases.IsClosed ? SessionLeases.Closed() : session.Explain(e);
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
            await _leases.ReleaseAsync(session, stream: false);
        }
    }

    /// <summary>Leases a session that counts as a stream. A download uses it as it likes until it releases it.</summary>
    internal Task<ImapSession> LeaseForStreamAsync(string mailbox, CancellationToken cancel) => AcquireAsync(mailbox, stream: true, cancel);

    internal Task ReleaseStreamAsync(ImapSession session) => _leases.ReleaseAsync(session, stream: true);

    private async Task<ImapSession> AcquireAsync(string? mailbox, bool stream, CancellationToken cancel)
    {
        while (await _leases.NextAsync(mailbox, stream, cancel) is { } waiting)
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
                    await _leases.ReleaseAsync(waiting, stream);
                }
            }
            if (usable)
            {
                return waiting;
            }
        }
        return await OpenAsync(mailbox, stream, cancel);
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
            var others = _leases.Shrink();
            await _leases.PassOnAsync(null, stream);
            if (others == 0)
            {
                await _opener.Observer.LoginFailedAsync(e.Problem);
                throw;
            }
            // The server allows fewer connections than the budget: go on with the open ones.
            _opener.Forgive();
            await _opener.Observer.BudgetShrunkAsync(others, e.Problem);
            return await AcquireAsync(mailbox, stream, cancel);
        }
        catch
        {
            await _leases.PassOnAsync(null, stream);
            throw;
        }
        CommandCount.Add(session.Commands);
        if (!_leases.Admit(session, out var grown))
        {
            await _leases.ReleaseAsync(session, stream);
            throw SessionLeases.Closed();
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
            await _leases.ReleaseAsync(session, stream);
            throw;
        }
    }

    /// <summary>Passes a new connection on to the next caller, because its own caller has stopped waiting while it was opened.</summary>
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
        await _leases.PassOnAsync(session, stream);
    }

    /// <inheritdoc cref="SessionLeases.DisposeAsync"/>
    public ValueTask DisposeAsync() => _leases.DisposeAsync();
}
