using System.Diagnostics;
using System.Runtime.CompilerServices;
using ImapGateway.Cache;
using ImapGateway.Changes;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Storage;
using ImapGateway.Sync;
using ImapGateway.Sync.Watching;
using Orleans.Concurrency;
using Orleans.Placement;

namespace ImapGateway.Accounts;

/// <summary>Owns all connections and all state of one account. It is reentrant: requests run interleaved, and switch at every await.</summary>
[Reentrant, HashBasedPlacement]
public sealed partial class AccountGrain(
    AccountStore store, IDatabase database, ChangeLog changes, HeaderCache cache, AnswerGuards guards, SessionFactory sessions, WatcherFactory watchers, ILogger<AccountGrain> log) : Grain, IAccountGrain
{
    private const int LongestTarget = 100;

    private Task<Opened>? _opening;

    private sealed record Opened(AccountContext Context, AccountStatus Status, SessionOpener Opener)
    {
        public Watcher? Watcher { get; set; }
    }

    private string AccountId => this.GetPrimaryKeyString();

    public async Task<T> Execute<T>(AccountCommand<T> command, CancellationToken cancel)
    {
        var started = Stopwatch.GetTimestamp();
        var commands = CommandCount.Start();
        var outcome = "ok";
        try
        {
            return await command.RunAsync((await OpenAsync()).Context, cancel);
        }
        catch (Exception e)
        {
            (outcome, var expected) = Explain(e, command.GetType().Name, cancel);
            if (ReferenceEquals(expected, e))
            {
                throw;
            }
            throw expected;
        }
        finally
        {
            Report(command.GetType(), command.Target, outcome, started, commands);
        }
    }

    public async IAsyncEnumerable<byte[]> Stream(AccountStream stream, [EnumeratorCancellation] CancellationToken cancel)
    {
        var started = Stopwatch.GetTimestamp();
        var commands = CommandCount.Start();
        // A reader that stops between two pieces disposes the enumeration, and there is no exception.
        var outcome = "cancelled";
        IAsyncEnumerator<byte[]>? pieces = null;
        try
        {
            while (true)
            {
                byte[] piece;
                try
                {
                    pieces ??= stream.RunAsync((await OpenAsync()).Context, cancel).GetAsyncEnumerator(cancel);
                    if (!await pieces.MoveNextAsync())
                    {
                        outcome = "ok";
                        break;
                    }
                    piece = pieces.Current;
                }
                catch (Exception e)
                {
                    (outcome, var expected) = Explain(e, stream.GetType().Name, cancel);
                    throw expected;
                }
                yield return piece;
            }
        }
        finally
        {
            if (pieces is not null)
            {
                await pieces.DisposeAsync();
            }
            Report(stream.GetType(), stream.Target, outcome, started, commands);
        }
    }

    public Task<Account> Read() => ExplainedAsync(nameof(Read), async () =>
    {
        try
        {
            var opened = await OpenAsync();
            return opened.Status.Account with { FeedPosition = opened.Context.Mailboxes.FeedPosition };
        }
        catch (ProblemException damage) when (damage.Code == ErrorCode.AccountDamaged)
        {
            return (await FindAsync()).ToAccount();
        }
    });

    public Task Reload(bool reconnect) => ExplainedAsync(nameof(Reload), async () =>
    {
        await ReloadAsync(reconnect);
        return true;
    });

    public Task Removed() => ExplainedAsync(nameof(Removed), async () =>
    {
        var opened = _opening;
        _opening = null;
        if (opened is not null)
        {
            await CloseAsync(opened, atOnce: true);
        }
        DelayDeactivation(TimeSpan.Zero);
        return true;
    });

    private async Task<T> ExplainedAsync<T>(string operation, Func<Task<T>> run)
    {
        try
        {
            return await run();
        }
        catch (Exception e) when (e is not ProblemException)
        {
            throw Explain(e, operation, CancellationToken.None).Expected;
        }
    }

    private async Task ReloadAsync(bool reconnect)
    {
        // A client that changes a suspected account wants the gateway to try it again.
        reconnect |= _opening is { IsCompletedSuccessfully: true } suspected && watchers.Openings.Forgive((await suspected).Status.Incarnation);
        if (!reconnect && _opening is { IsCompletedSuccessfully: true } kept && await store.FindAsync(AccountId, CancellationToken.None) is { } row)
        {
            await DescribeAsync(await kept, row);
            return;
        }
        var opened = _opening;
        _opening = null;
        if (opened is not null)
        {
            await CloseAsync(opened);
        }
        _ = AwakenAsync();
    }

    private async Task DescribeAsync(Opened opened, AccountEntity row)
    {
        var before = opened.Status.Account;
        opened.Status.Describe(row);
        if (before.Watch == row.Watch && before.State == AccountState.Paused == row.Paused)
        {
            return;
        }
        if (opened.Watcher is { } watcher)
        {
            opened.Watcher = null;
            opened.Context.Mailboxes.Watch = NoWatch.Instance;
            await watcher.StopAsync();
        }
        if (opened.Watcher is null && _opening is { IsCompletedSuccessfully: true } current && await current == opened)
        {
            Watch(opened);
        }
    }

    /// <summary>Opens an account that no request has asked for, but that is to be watched.</summary>
    private async Task AwakenAsync()
    {
        try
        {
            await OpenAsync();
        }
        catch (ProblemException e)
        {
            // The account was removed, or storage is unavailable: requests for it get the error, and it is tried again soon.
            LogAsleep(AccountId, e.Code);
        }
        catch (Exception e)
        {
            LogFault(AccountId, nameof(Reload), null, e);
        }
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_opening is { } opened)
        {
            await CloseAsync(opened);
        }
    }

    /// <summary>Opens the account: the first request reads its state from storage and claims it for this activation.</summary>
    private async Task<Opened> OpenAsync()
    {
        var opening = _opening ??= ReadAsync();
        try
        {
            var opened = await opening;
            DelayDeactivation(TimeSpan.MaxValue);
            return opened;
        }
        catch
        {
            if (ReferenceEquals(_opening, opening))
            {
                // Not deactivated here: while many requests ask for an account that does not exist, each would make a new activation, and some would be refused.
                _opening = null;
                DelayDeactivation(TimeSpan.Zero);
            }
            throw;
        }
    }

    private async Task<Opened> ReadAsync()
    {
        var row = await FindAsync();
        row.DemandWhole();
        var (owner, counters) = await database.WriteAsync((db, token) => Fence.ClaimAsync(db, row.Incarnation, token), CancellationToken.None);
        // The previous owner may have lost its storage during a commit, and informed no reader.
        changes.Appended(row.Incarnation);
        var status = new AccountStatus(row, sessions.Loops, log) { Lost = DeactivateOnIdle };
        var suspicion = watchers.Openings.SuspicionOf(row.Incarnation);
        if (suspicion is not null)
        {
            LogSuspected(AccountId);
        }
        var opener = sessions.NewOpener(row, status, suspicion);
        var pool = sessions.NewPool(opener, watchers.Openings.OfPool(row.Incarnation));
        var writer = new AccountWriter(database, changes, owner, row.Id, counters, () => status.Account.Metadata, sessions.Time);
        var headers = new HeaderReader(cache, pool, row.Incarnation);
        var mailboxes = new AccountMailboxes(writer, pool, headers, database, guards.Open(AccountId), sessions.SyncSettings(log));
        await mailboxes.LoadAsync(CancellationToken.None);
        status.Commit = mailboxes.CommitChangesAsync;
        status.Changed = mailboxes.Guard.Change;
        mailboxes.Tree.Limited = status.MailboxesLimitedAsync;
        headers.UnreadableChanged = problem => _ = status.MessagesUnreadableAsync(problem);
        // Quirks are learnt on any thread, and shown on the grain's scheduler.
        var actor = TaskScheduler.Current;
        opener.Quirks.Learnt = quirk => _ = Task.Factory.StartNew(() => status.QuirksChangedAsync(opener.Quirks, quirk), CancellationToken.None, TaskCreationOptions.None, actor);
        if (opener.Refused is { Code: ErrorCode.AccountCredentialUnreadable } unreadable)
        {
            await status.LoginFailedAsync(unreadable);
        }
        var opened = new Opened(new AccountContext(status.Account, mailboxes, pool, headers, cache.SectionsOf(row.Incarnation)), status, opener);
        Watch(opened);
        return opened;
    }

    private async Task<AccountEntity> FindAsync() => await store.FindAsync(AccountId, CancellationToken.None) ?? throw AccountStore.NotFound();

    private void Watch(Opened opened)
    {
        var (context, account) = (opened.Context, opened.Status.Account);
        if (account.Watch == WatchScope.None || account.State == AccountState.Paused)
        {
            return;
        }
        var watcher = watchers.New(AccountId, opened.Status.Incarnation, context.Mailboxes, opened.Opener, account.Watch, opened.Status);
        opened.Watcher = watcher;
        opened.Status.LoginsWork = watcher.Wake;
        context.Mailboxes.Watch = watcher;
        watcher.Start();
    }

    /// <param name="atOnce">True if no running work is worth waiting for, nor a mail server that does not answer LOGOUT.</param>
    private async Task CloseAsync(Task<Opened> opening, bool atOnce = false)
    {
        // An account that never opened has nothing to close, and its callers have got the error.
        await opening.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Current);
        if (opening.IsCompletedSuccessfully)
        {
            var opened = await opening;
            opened.Status.Retire();
            guards.Close(AccountId, opened.Context.Mailboxes.Guard);
            opened.Context.Mailboxes.Stop();
            var closing = Task.WhenAll(opened.Watcher?.StopAsync(atOnce) ?? Task.CompletedTask, opened.Context.Pool.DisposeAsync().AsTask());
            await (atOnce ? Task.CompletedTask : closing);
        }
    }

    /// <summary>Converts exceptions to <see cref="ProblemException"/>. No other exception leaves the grain intact.</summary>
    private (string Outcome, Exception Expected) Explain(Exception exception, string operation, CancellationToken cancel)
    {
        switch (exception)
        {
            case ProblemException problem:
                if (problem is { Code: ErrorCode.Internal, InnerException: { } cause })
                {
                    LogFault(AccountId, operation, RequestTrace.Id, cause);
                }
                return (problem.Code.Describe().Name, problem);
            case OperationCanceledException when cancel.IsCancellationRequested:
                return ("cancelled", exception);
            case LostOwnershipException:
                DeactivateOnIdle();
                return ("lost_ownership", new ProblemException(new Problem(ErrorCode.Unavailable, "The account has just moved to another node.", RetryAfter: TimeSpan.FromSeconds(1))));
            default:
                LogFault(AccountId, operation, RequestTrace.Id, exception);
                return ("internal", new ProblemException(ErrorCode.Internal, "The gateway failed. Its log has the details under the trace id."));
        }
    }

    private void Report(Type operation, string? target, string outcome, long started, CommandCount commands)
    {
        // Responses from memory are requested thousands of times a second, and cost less than their log line would.
        var level = outcome == "ok" && commands.Sent == 0 ? LogLevel.Debug : LogLevel.Information;
        if (log.IsEnabled(level))
        {
            var milliseconds = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            var printable = Printable(target);
            LogOperation(level, AccountId, operation.Name, printable, outcome, milliseconds, commands.Sent, RequestTrace.Id);
        }
    }

    /// <summary>Makes the target safe for the log. It comes from the address of a request, and could otherwise write log lines of its own.</summary>
    private static string? Printable(string? target) =>
        target is null ? null : string.Concat(target.Take(LongestTarget).Select(c => char.IsControl(c) || char.IsWhiteSpace(c) ? '?' : c));

    [LoggerMessage(Message = "{Operation} {Target} of account {Account}: {Outcome} in {Milliseconds:0.0} ms with {ImapCommands} IMAP commands, trace {TraceId}")]
    private partial void LogOperation(LogLevel level, string account, string operation, string? target, string outcome, double milliseconds, int imapCommands, string? traceId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Account {Account} is not opened for an hour: the gateway has ended twice while it waited for the same answer of its mail server. Resume it, or change its settings, to try it at once.")]
    private partial void LogSuspected(string account);

    [LoggerMessage(Level = LogLevel.Information, Message = "Account {Account} is not awake: {Code}")]
    private partial void LogAsleep(string account, ErrorCode code);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Operation} of account {Account} failed, trace {TraceId}")]
    private partial void LogFault(string account, string operation, string? traceId, Exception exception);
}
