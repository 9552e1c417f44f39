using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using ImapGateway.Cache;
using ImapGateway.Changes;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Storage;
using ImapGateway.Sync;
using Orleans.Concurrency;
using Orleans.Placement;

namespace ImapGateway.Accounts;

/// <summary>Owns all connections and all state of one account. Reentrant: requests run side by side, and take turns at every await.</summary>
[Reentrant, KeepAlive, HashBasedPlacement]
public sealed partial class AccountGrain(
    AccountStore store, IDatabase database, HeaderCache cache, SessionFactory sessions, ILogger<AccountGrain> log) : Grain, IAccountGrain, ILoginObserver
{
    private Task<AccountContext>? _opening;
    private Account? _account;

    private string AccountId => this.GetPrimaryKeyString();

    public async Task<T> Execute<T>(AccountCommand<T> command, CancellationToken cancel)
    {
        var started = Stopwatch.GetTimestamp();
        var commands = CommandCount.Start();
        var outcome = "ok";
        try
        {
            return await command.RunAsync(await OpenAsync(), cancel);
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
        var outcome = "ok";
        IAsyncEnumerator<byte[]>? pieces = null;
        try
        {
            while (true)
            {
                byte[] piece;
                try
                {
                    pieces ??= stream.RunAsync(await OpenAsync(), cancel).GetAsyncEnumerator(cancel);
                    if (!await pieces.MoveNextAsync())
                    {
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

    public async Task<Account> Read()
    {
        await OpenAsync();
        return _account!;
    }

    public async Task Reload()
    {
        var opened = _opening;
        _opening = null;
        _account = null;
        if (opened is not null)
        {
            await CloseAsync(opened);
        }
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_opening is { } opened)
        {
            await CloseAsync(opened);
        }
    }

    /// <summary>Everything of the account, read from storage by the first who asks and claimed for this activation.</summary>
    private async Task<AccountContext> OpenAsync()
    {
        var opening = _opening ??= ReadAsync();
        try
        {
            return await opening;
        }
        catch
        {
            if (ReferenceEquals(_opening, opening))
            {
                _opening = null;
                DeactivateOnIdle();
            }
            throw;
        }
    }

    private async Task<AccountContext> ReadAsync()
    {
        var row = await store.FindAsync(AccountId, CancellationToken.None) ?? throw AccountStore.NotFound();
        var (owner, counter) = await database.WriteAsync((db, token) => Fence.ClaimAsync(db, row.Incarnation, token), CancellationToken.None);
        var pool = sessions.NewPool(row, this);
        var mailboxes = new AccountMailboxes(owner, counter, pool, database);
        await mailboxes.LoadAsync(CancellationToken.None);
        _account = row.ToAccount();
        return new AccountContext(_account, mailboxes, pool, new HeaderReader(cache, pool, row.Incarnation));
    }

    private static async Task CloseAsync(Task<AccountContext> opened)
    {
        // One that never opened has nothing to close, and has told its callers why.
        await opened.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Current);
        if (opened.IsCompletedSuccessfully)
        {
            await (await opened).Pool.DisposeAsync();
        }
    }

    /// <summary>Across the border only <see cref="ProblemException"/> arrives intact: everything else is turned into one here.</summary>
    private (string Outcome, Exception Expected) Explain(Exception exception, string operation, CancellationToken cancel)
    {
        switch (exception)
        {
            case ProblemException problem:
                return (problem.Code.Describe().Name, problem);
            case OperationCanceledException when cancel.IsCancellationRequested:
                return ("cancelled", exception);
            case LostOwnershipException:
                DeactivateOnIdle();
                return ("lost_ownership", new ProblemException(new Problem(ErrorCode.Unavailable, "The account has just moved to another node.", RetryAfter: TimeSpan.FromSeconds(1))));
            case ObjectDisposedException:
                return ("closed", new ProblemException(new Problem(ErrorCode.Unavailable, "The account's connections were just closed.", RetryAfter: TimeSpan.FromSeconds(1))));
            default:
                LogFault(AccountId, operation, exception);
                return ("internal", new ProblemException(ErrorCode.Internal, "The gateway failed. Its log has the details under the trace id."));
        }
    }

    async Task ILoginObserver.LoggedInAsync(ImmutableArray<string> capabilities) =>
        await ChangeAsync(account => account with { State = AccountState.Connected, LastError = account.LastError is { Code: "account.limit" } ? account.LastError : null, Capabilities = capabilities });

    async Task ILoginObserver.LoginFailedAsync(Problem problem) =>
        await ChangeAsync(account => account with
        {
            State = problem.Code == ErrorCode.AccountAuthFailed ? AccountState.AuthFailed : AccountState.Unavailable,
            LastError = AccountError.Of(problem, sessions.Now),
        });

    async Task ILoginObserver.BudgetShrunkAsync(int sessionsLeft, Problem problem) =>
        await ChangeAsync(account => account with { LastError = AccountError.Of(problem with { Detail = $"{problem.Detail} {sessionsLeft} are in use." }, sessions.Now) });

    private async Task ChangeAsync(Func<Account, Account> change)
    {
        if (_account is not { } before)
        {
            return;
        }
        _account = change(before);
        if (_account.State == before.State && _account.LastError?.Code == before.LastError?.Code && _account.Capabilities.SequenceEqual(before.Capabilities))
        {
            return;
        }
        var error = _account.LastError?.Code;
        LogState(AccountId, _account.State, error);
        try
        {
            await store.SaveStateAsync(_account, CancellationToken.None);
        }
        catch (ProblemException e)
        {
            // What the account is doing matters more than that it is written down; the next change writes it.
            LogStateNotSaved(AccountId, e.Code);
        }
    }

    private void Report(Type operation, string? target, string outcome, long started, CommandCount commands)
    {
        if (log.IsEnabled(LogLevel.Information))
        {
            var milliseconds = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            LogOperation(AccountId, operation.Name, target, outcome, milliseconds, commands.Sent);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Operation} {Target} of account {Account}: {Outcome} in {Milliseconds:0.0} ms with {ImapCommands} IMAP commands")]
    private partial void LogOperation(string account, string operation, string? target, string outcome, double milliseconds, int imapCommands);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Operation} of account {Account} failed")]
    private partial void LogFault(string account, string operation, Exception exception);

    [LoggerMessage(Level = LogLevel.Information, Message = "Account {Account} is {State} ({Error})")]
    private partial void LogState(string account, AccountState state, string? error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The state of account {Account} could not be saved: {Code}")]
    private partial void LogStateNotSaved(string account, ErrorCode code);
}
