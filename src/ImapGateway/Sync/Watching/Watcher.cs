using System.Diagnostics.CodeAnalysis;
using ImapGateway.Background;
using ImapGateway.Changes;
using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync.Watching;

/// <summary>
/// Keeps one connection of its own to the mail server and refreshes mailboxes as soon as the server reports changes. It connects again, with backoff, until it is stopped or the
/// credentials are refused. It runs in a <see cref="GuardedLoop"/>, and belongs to the actor.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A source of cancellation without a timer holds nothing.")]
public sealed partial class Watcher : IMailboxWatch
{
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(3);

    /// <summary>The lifetime after which a connection counts as good: its end is no reason to wait.</summary>
    internal static readonly TimeSpan LongLife = TimeSpan.FromSeconds(30);

    /// <summary>The longest time for one whole refresh, as a multiple of the server's longest silence. It is the same as in the pool.</summary>
    private const int JobTimeouts = 4;

    private readonly AccountMailboxes _mailboxes;
    private readonly WatchSettings _settings;
    private readonly IWatchObserver _observer;
    private readonly ILogger _log;
    private readonly string _account;
    private readonly WatchNews _news;
    private readonly MailboxFaults _faults;
    private readonly GuardedLoop _loop;
    private readonly CancellationTokenSource _stop = new();
    private CancellationTokenSource _wake = new();
    private WatchedSession? _session;
    private Watch? _watch;
    private long _ended = IMailboxWatch.Now;
    private long _behind = IMailboxWatch.Now;
    private Task _run = Task.CompletedTask;
    private int _losses;

    public Watcher(string account, AccountMailboxes mailboxes, WatchSettings settings, IWatchObserver observer, ILogger log)
    {
        (_account, _mailboxes, _settings, _observer, _log) = (account, mailboxes, settings, observer, log);
        _faults = new MailboxFaults(settings.Time);
        _news = new WatchNews(settings.Time);
        _loop = settings.Loops.New("watchers", account);
    }

    /// <summary>Starts the watcher, on the scheduler of the caller.</summary>
    public void Start()
    {
        // The trace and the count of commands that flow with the caller are not the watcher's.
        using (ExecutionContext.SuppressFlow())
        {
            _run = RunAsync();
        }
    }

    public bool Watches(MailboxState mailbox) => IsInScope(mailbox) && !_faults.IsFaulty(mailbox);

    public void LookAtAll() => _news.WantAll();

    public long? HeardUntil(MailboxState mailbox) => _watch is { } watch && watch.Hears(mailbox) && Watches(mailbox) && mailbox.IsComplete && mailbox.LookedAt >= watch.Began ? _ended : null;

    public long BehindSince => _watch is null ? IMailboxWatch.Now : _session is null ? _behind : _watch.BehindSince ?? _behind;

    public long? TreeHeardUntil => _watch is { HasListed: true } ? _ended : null;

    /// <summary>Ends a pause, because the server accepts logins again.</summary>
    public void Wake() => _wake.Cancel();

    /// <summary>Logs out. Writes in progress are completed.</summary>
    /// <param name="atOnce">True to close the connection instead, even if it is in use.</param>
    public async Task StopAsync(bool atOnce = false)
    {
        _settings.Opening.End();
        await _stop.CancelAsync();
        if (atOnce)
        {
            _session?.Abort();
        }
        await Task.WhenAny(_run, Task.Delay(StopTime, _settings.Time));
        // The loop waits for the server, and is not worth waiting for: the next watcher reads again what it would write.
        _session?.Abort();
    }

    private bool IsInScope(MailboxState mailbox) => mailbox.Listed.Selectable && (_settings.Scope == WatchScope.All || (_settings.Scope == WatchScope.Inbox && mailbox.Listed.IsInbox));

    private async Task RunAsync()
    {
        await Task.Yield();
        using (_loop)
        {
            while (!_stop.IsCancellationRequested)
            {
                await _loop.TryAsync(TurnAsync, _stop.Token);
            }
        }
    }

    /// <summary>Runs one connection, from the login to its end, and the pause after it.</summary>
    private async Task TurnAsync(CancellationToken stop)
    {
        try
        {
            await _settings.Ramp.WaitAsync(stop);
            if (await OpenAsync() is not { } session)
            {
                return;
            }
            var began = _settings.Time.GetTimestamp();
            var (problem, isFlood) = await WatchAsync(session);
            if (problem is null)
            {
                return;
            }
            if (isFlood)
            {
                await _settings.Opener.FloodedAsync(problem);
                LogLost(_account, problem.Code, problem.Detail);
                await PauseAsync(_settings.Opener.RetryIn);
                return;
            }
            var lasted = _settings.Time.GetElapsedTime(began) >= LongLife;
            LogLost(_account, problem.Code, problem.Upstream?.Text ?? problem.Detail);
            if (session.IsAtRest && problem.Code == ErrorCode.AccountUnavailable)
            {
                _losses = 0;
                await EndedAtRestAsync(lasted, session.Silence);
                return;
            }
            _losses = lasted ? 0 : _losses + 1;
            await PauseAsync(_losses == 0 ? TimeSpan.FromSeconds(Random.Shared.NextDouble()) : Backoff.After(problem, _losses, Random.Shared.NextDouble()));
        }
        catch (LostOwnershipException)
        {
            _observer.OwnershipLost();
            await _stop.CancelAsync();
        }
    }

    /// <summary>Handles a connection that has ended at rest: the next one is made at once, because no changes are received meanwhile.</summary>
    private async Task EndedAtRestAsync(bool lasted, TimeSpan idle)
    {
        var idleLimit = _settings.Idle;
        if (lasted)
        {
            idleLimit.Lasted();
        }
        idleLimit.Ended(idle);
        if (idleLimit.IsUnmet)
        {
            await _observer.DegradedAsync(new Problem(
                ErrorCode.AccountUnavailable,
                "The connection that listens for changes is ended again and again, by the mail server or by a proxy before it, and not because it is idle for long. Changes are found when the connection is made again, every Watch:PollInterval."));
            await PauseAsync(_settings.Options.PollInterval);
        }
    }

    /// <summary>Reports that a connection of a degraded account lasts.</summary>
    private async Task LastedAsync()
    {
        _settings.Idle.Lasted();
        await _observer.DegradedAsync(null);
    }

    /// <returns>The session, or null if there is none now; the necessary pause is over then.</returns>
    private async Task<WatchedSession?> OpenAsync()
    {
        await _settings.Opening.BeginAsync(_stop.Token);
        try
        {
            var session = await _settings.Opener.OpenAsync(() => _settings.Opening.At("login"));
            _settings.Opening.Passed();
            return new WatchedSession(session, _news, _settings.Opening, _settings.Opener.Timeout * JobTimeouts);
        }
        catch (Exception e) when (e is not ProblemException)
        {
            // A caller that waits for the lock of this account would wait for nothing.
            _settings.Opening.End();
            throw;
        }
        catch (ProblemException e)
        {
            _settings.Opening.End();
            if (e.Code == ErrorCode.AccountLimit && _mailboxes.Pool.MakeRoom())
            {
                // The watcher's connection is worth more than one of the pool's.
                _settings.Opener.Forgive();
                await _settings.Opener.Observer.BudgetShrunkAsync(_mailboxes.Pool.Limit, e.Problem);
                await PauseAsync(Backoff.After(e.Problem, 1, Random.Shared.NextDouble()));
                return null;
            }
            await _observer.WatchFailedAsync(e.Problem);
            await PauseAsync(_settings.Opener.RetryIn);
            return null;
        }
    }

    /// <summary>Waits for a time, infinite or not, or until logins are reported to work again.</summary>
    private async Task PauseAsync(TimeSpan span)
    {
        if (_wake.IsCancellationRequested)
        {
            _wake.Dispose();
            _wake = new CancellationTokenSource();
        }
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, _wake.Token);
        await Task.Delay(span, _settings.Time, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    /// <returns>The reason of the end, or null if it was stopped.</returns>
    private async Task<(Problem? Problem, bool IsFlood)> WatchAsync(WatchedSession session)
    {
        _session = session;
        _news.Take();
        _observer.WatchingChanged(true);
        try
        {
            var watch = new Watch(_mailboxes, session, _news, _faults, _settings);
            (_watch, _ended) = (watch, IMailboxWatch.Now);
            LogConnected(_account, watch.Plan.Rung);
            await watch.RunAsync(IsInScope, SyncedAsync, LastedAsync, _stop.Token);
            return (null, false);
        }
        catch (ProblemException e) when (!_stop.IsCancellationRequested)
        {
            return (e.Problem, FloodException.In(e) is not null);
        }
        catch (ProblemException)
        {
            return (null, false);
        }
        finally
        {
            _settings.Opening.End();
            _observer.WatchingChanged(false);
            _ended = _settings.Time.GetTimestamp();
            _mailboxes.Guard.Change();
            _behind = _watch?.BehindSince is { } behind ? Math.Min(behind, _ended) : Math.Min(_behind, _ended);
            _session = null;
            await session.DisposeAsync();
        }
    }

    private Task SyncedAsync()
    {
        _settings.Opening.End();
        _loop.Recover();
        return _observer.SyncedAsync();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Account {Account} is watched by {Rung}")]
    private partial void LogConnected(string account, WatchRung rung);

    [LoggerMessage(Level = LogLevel.Information, Message = "The watcher of account {Account} has lost its connection ({Code}): {Text}")]
    private partial void LogLost(string account, ErrorCode code, string text);
}
