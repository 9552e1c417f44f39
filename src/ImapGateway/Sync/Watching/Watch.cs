using ImapGateway.Mail;
using MailKit.Net.Imap;

namespace ImapGateway.Sync.Watching;

/// <summary>
/// Watches an account on one connection. First everything is compared, because nothing was received while there was no connection; then each report leads to a refresh at once.
/// </summary>
public sealed partial class Watch
{
    /// <summary>The longest time that the inbox is not selected while many mailboxes are refreshed.</summary>
    private static readonly TimeSpan LongestAway = TimeSpan.FromSeconds(1);

    /// <summary>The first pause before a server that has stopped reporting changes is asked to report them again.</summary>
    private static readonly TimeSpan LeastPause = TimeSpan.FromSeconds(1);

    private const int MostBrief = 5;

    private readonly AccountMailboxes _mailboxes;
    private readonly WatchedSession _session;
    private readonly WatchNews _news;
    private readonly MailboxFaults _faults;
    private readonly WatchSettings _settings;
    private readonly DueMailboxes _due;
    private Func<MailboxState, bool> _inScope = static _ => false;
    private MailboxState? _last;
    private long _home;
    private long _refreshed;
    private long _polled;
    private readonly Pace _pace;
    private int _brief;
    private bool _notified;
    private long _notifiedAt;
    private TimeSpan _notifyPause;
    private bool _avoidsNotify;
    private bool _hasCompared;
    private bool _isSynced;
    private Func<Task> _synced = static () => Task.CompletedTask;
    private bool _missesShares;
    private long _comparing = IMailboxWatch.Now;
    private HashSet<string> _notifiedOf = [];
    private IReadOnlySet<string> _covered = new HashSet<string>();

    public Watch(AccountMailboxes mailboxes, WatchedSession session, WatchNews news, MailboxFaults faults, WatchSettings settings)
    {
        (_mailboxes, _session, _news, _faults, _settings) = (mailboxes, session, news, faults, settings);
        Plan = WatchPlan.Choose(session.Capabilities, settings.Scope);
        Began = Time.GetTimestamp();
        _due = new DueMailboxes(Time);
        _pace = new Pace(Time);
    }

    /// <summary>The value of <see cref="IMailboxWatch.BehindSince"/>, or null until all mailboxes were compared.</summary>
    public long? BehindSince => !_hasCompared ? null : Math.Min(Math.Min(_news.Since, _comparing), _due.Since(mailbox => _inScope(mailbox) && !_faults.IsFaulty(mailbox)));

    /// <summary>The start of this watch. Refreshes that began later include what happened before there was a connection.</summary>
    public long Began { get; }

    /// <summary>True if all mailboxes were compared once, and new mailboxes are detected. False if the inbox alone is watched.</summary>
    public bool HasListed { get; private set; }

    public WatchPlan Plan { get; private set; }

    /// <summary>True if changes of the mailbox are pushed, or it is polled as the plan says. False if NOTIFY is in force but does not cover the mailbox: lists of its messages must be requested.</summary>
    public bool Hears(MailboxState mailbox) => Plan.Rung != WatchRung.Notify || !_notified || IsCovered(mailbox);

    private TimeProvider Time => _settings.Time;

    private MailboxState? Inbox => _mailboxes.AtPath("INBOX");

    /// <param name="inScope">True for a mailbox that is watched.</param>
    /// <param name="synced">The callback after all of them have an index.</param>
    /// <param name="lasted">The callback if connections have ended again and again, and this one lasts.</param>
    /// <exception cref="ProblemException">The connection is no longer usable.</exception>
    public async Task RunAsync(Func<MailboxState, bool> inScope, Func<Task> synced, Func<Task> lasted, CancellationToken stop)
    {
        (_inScope, _synced) = (inScope, synced);
        await CompareAllAsync();
        if (Inbox is { } inbox)
        {
            await LookAsync(inbox);
        }
        while (!stop.IsCancellationRequested && !IsOutdated)
        {
            await WorkAsync(stop);
            if (!stop.IsCancellationRequested)
            {
                await ReportSyncedAsync();
            }
            if (IsOutdated)
            {
                return;
            }
            await RestAsync(stop);
            if (_settings.Idle.IsUnmet && Left(Began, Watcher.LongLife) == TimeSpan.Zero)
            {
                await lasted();
            }
            await AskAsync(stop);
        }
    }

    /// <summary>True if a new connection would be better than this one.</summary>
    private bool IsOutdated => _session.IsOutdated || _missesShares || (_avoidsNotify && !_session.Avoids(ImapCapabilities.Notify));

    private bool IsComplete => InScope.All(mailbox => mailbox.IsComplete || _faults.IsFaulty(mailbox));

    /// <summary>True if the server does not report changes: the plan says so, or there is no inbox that can be selected.</summary>
    private bool IsDeaf => Plan.Polls || _session.SelectedPath is null || (Plan.Rung == WatchRung.Notify && !_notified);

    private bool IsCovered(MailboxState mailbox) => mailbox == Inbox || _covered.Contains(mailbox.Path);

    private IEnumerable<MailboxState> InScope => _mailboxes.All.Where(_inScope);

    /// <summary>True if NOTIFY is in force and polling is still needed: there are mailboxes that it does not cover, or namespaces in which other users share and withdraw mailboxes.</summary>
    private bool PollsOthers => Plan.Rung == WatchRung.Notify && _notified && (_session.HasForeignNamespaces || !InScope.All(IsCovered));

    private async Task NotifyAsync()
    {
        if (Plan.Rung == WatchRung.Notify && !_session.Capabilities.HasFlag(ImapCapabilities.CondStore))
        {
            // The server has refused it since the plan was made.
            Plan = WatchPlan.Choose(_session.Capabilities, _settings.Scope);
        }
        if (!_notified && Plan.Rung == WatchRung.Notify && _session.Avoids(ImapCapabilities.Notify))
        {
            _avoidsNotify = true;
            Plan = WatchPlan.Choose(_session.Capabilities & ~ImapCapabilities.Notify, _settings.Scope);
        }
        if (_notified || Plan.Rung != WatchRung.Notify || _session.SelectedPath is null || _session.SelectedPath != Inbox?.Path || Left(_notifiedAt, _notifyPause) > TimeSpan.Zero)
        {
            return;
        }
        try
        {
            var others = InScope.Where(mailbox => !mailbox.Listed.Personal).Select(mailbox => mailbox.Path).ToList();
            _notifiedOf = [.. InScope.Select(mailbox => mailbox.Path)];
            // The answer contains the counters of all mailboxes from this moment on.
            _covered = await _session.RunAsync(null, repeatable: false, session => session.NotifyAsync(others), CancellationToken.None);
            (_notified, _notifiedAt) = (true, Time.GetTimestamp());
            _mailboxes.Guard.Change();
        }
        catch (ProblemException e) when (_session.IsUsable && e.InnerException is ImapCommandException)
        {
            Plan = WatchPlan.Choose(_session.Capabilities & ~ImapCapabilities.Notify, _settings.Scope);
        }
    }

    /// <summary>Works until nothing is left that can be done now. At the end the inbox is selected.</summary>
    private async Task WorkAsync(CancellationToken stop)
    {
        for (var began = Time.GetTimestamp(); !stop.IsCancellationRequested;)
        {
            await TakeNewsAsync(stop);
            await NotifyAsync();
            if (Next() is not { } mailbox)
            {
                return;
            }
            await LookAsync(mailbox);
            // For a server that reports something in every answer there is always work left.
            if (Time.GetElapsedTime(began) > LongestAway && (_notified || Plan.Rung != WatchRung.Notify))
            {
                await ReportSyncedAsync();
            }
        }
    }

    /// <summary>Reports once that all mailboxes have an index.</summary>
    private async Task ReportSyncedAsync()
    {
        if (!_isSynced && IsComplete)
        {
            _isSynced = true;
            await _synced();
        }
    }

    private async Task TakeNewsAsync(CancellationToken stop)
    {
        if (!_news.IsEmpty)
        {
            await Task.Delay(_pace.Next(), Time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
        var heard = _news.Since;
        var news = _news.Take();
        var overflowed = news.Overflowed && _notified;
        if (overflowed)
        {
            Overflowed();
        }
        foreach (var (path, counters) in news.Mailboxes)
        {
            if (_mailboxes.AtPath(path) is not { } mailbox)
            {
                news = news with { Tree = true };
            }
            else if (_inScope(mailbox))
            {
                // A report about the selected mailbox has no numbers to compare.
                if (counters is null || MailboxNews.Differs(mailbox, counters))
                {
                    _due.Add(mailbox);
                }
            }
        }
        if (_settings.Scope == WatchScope.All ? news.Tree || news.All || overflowed : news.All)
        {
            _comparing = heard;
            await CompareAllAsync();
        }
    }

    /// <summary>
    /// Records that the server reports nothing more (RFC 5465 section 5.8). If it has reported for long, it is asked again at once, otherwise after a pause that becomes longer each time: it may
    /// have more changes than it can ever report. Until then all mailboxes are polled.
    /// </summary>
    private void Overflowed()
    {
        _notified = false;
        var doubled = _notifyPause < LeastPause ? LeastPause : 2 * _notifyPause;
        _notifyPause = Left(_notifiedAt, PollInterval) == TimeSpan.Zero ? TimeSpan.Zero : Shorter(doubled, PollInterval);
        _notifiedAt = Time.GetTimestamp();
    }

    /// <summary>Returns the next mailbox: the inbox first, but not twice in a row while others wait, and from time to time while others are refreshed.</summary>
    private MailboxState? Next()
    {
        var inbox = Inbox is { } known && _inScope(known) ? known : null;
        var isAway = inbox is not null && _faults.MayLook(inbox) && _session.SelectedPath != inbox.Path;
        if (isAway && _last != inbox && Time.GetElapsedTime(_home) >= LongestAway)
        {
            return inbox;
        }
        return _due.Take(_last == inbox ? null : inbox, _faults.MayLook) ?? (isAway ? inbox : null);
    }

    private async Task LookAsync(MailboxState mailbox)
    {
        _last = mailbox;
        if (!_mailboxes.Knows(mailbox))
        {
            _due.Forget(mailbox);
            return;
        }
        var began = Time.GetTimestamp();
        _due.Begin(mailbox);
        try
        {
            var failures = _mailboxes.Pool.Fatal.TimesOf(Imap.FatalCommands.Select, mailbox.Path);
            await (failures == 0 ? _mailboxes.Refresh.LookAsync(mailbox, _session) : LookOnPoolAsync(mailbox, failures == 1 ? Timeout.InfiniteTimeSpan : LongestAway));
            _due.End(mailbox, began);
            _faults.Succeeded(mailbox);
            if (mailbox == Inbox)
            {
                _home = Time.GetTimestamp();
            }
        }
        catch (ProblemException e)
        {
            // A mailbox that is gone is already removed from the tree, and needs no refresh.
            if (_mailboxes.Knows(mailbox))
            {
                _due.Add(mailbox);
                _faults.Failed(mailbox, e.Problem);
                _mailboxes.Guard.Change();
            }
            else
            {
                _due.Forget(mailbox);
            }
            if (!_session.IsUsable)
            {
                throw;
            }
        }
    }

    /// <summary>Refreshes the mailbox on a session of the pool. The last refresh has ended a connection, and this one must not end the watcher's.</summary>
    /// <param name="patience">The time to wait. If the server is silent about the mailbox again and again, the others do not wait for it.</param>
    private async Task LookOnPoolAsync(MailboxState mailbox, TimeSpan patience)
    {
        var look = _mailboxes.Refresh.UpToDateAsync(mailbox, CancellationToken.None);
        _ = look.ContinueWith(static ended => ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        try
        {
            await look.WaitAsync(patience, Time);
        }
        catch (TimeoutException)
        {
            throw new ProblemException(ErrorCode.AccountTimeout, "The mail server does not answer about the mailbox.");
        }
    }

    private async Task RestAsync(CancellationToken stop)
    {
        var rest = IsDeaf || PollsOthers ? Left(_polled, PollInterval) : Left(_refreshed, Spread(_settings.Options.IdleRefresh));
        rest = !_notified && Left(_notifiedAt, _notifyPause) is { Ticks: > 0 } pause ? Shorter(rest, pause) : rest;
        rest = _faults.RetryIn(_due.All) is { } retry ? Shorter(rest, retry) : rest;
        if (!Plan.Idles || _session.SelectedPath is null)
        {
            await _session.WaitAsync(rest, stop);
            return;
        }
        var watchdog = _settings.Options.Watchdog;
        rest = Shorter(rest, Spread(_settings.Options.IdleRefresh));
        rest = watchdog > TimeSpan.Zero ? Shorter(rest, watchdog) : rest;
        rest = Shorter(rest, _settings.Idle.IsUnmet ? Watcher.LongLife : _settings.Idle.Longest);
        var began = Time.GetTimestamp();
        try
        {
            await _session.IdleAsync(rest, AnswerTime(watchdog), stop);
        }
        catch (ProblemException e) when (_session.IsUsable && e.InnerException is ImapCommandException)
        {
            Plan = new WatchPlan(WatchRung.Poll);
            return;
        }
        // If a server ends IDLE by itself, at once, again and again, it has no real IDLE.
        _brief = _news.IsEmpty && !stop.IsCancellationRequested && Time.GetElapsedTime(began) < Shorter(rest / 2, LongestAway) ? _brief + 1 : 0;
        Plan = _brief < MostBrief ? Plan : new WatchPlan(WatchRung.Poll);
    }

    private TimeSpan PollInterval => Shorter(_settings.Options.PollInterval, _settings.Idle.Longest);

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    /// <summary>Returns the time that the server has for an answer. A server that is asked because it was silent for so long answers at once, or not at all.</summary>
    private TimeSpan AnswerTime(TimeSpan watchdog)
    {
        var answer = _settings.Opener.Timeout;
        return watchdog > TimeSpan.Zero && watchdog / 4 < answer ? TimeSpan.FromSeconds(Math.Max(1, (watchdog / 4).TotalSeconds)) : answer;
    }

    /// <summary>Returns a random time close to the given one. Thousands of connections that were made at one time must not all end IDLE at the same time.</summary>
    private static TimeSpan Spread(TimeSpan span) => span * (0.8 + 0.2 * Random.Shared.NextDouble());

    private TimeSpan Left(long since, TimeSpan span) => span - Time.GetElapsedTime(since) is { Ticks: > 0 } left ? left : TimeSpan.Zero;
}
