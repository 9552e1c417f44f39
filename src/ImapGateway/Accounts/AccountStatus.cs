using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using ImapGateway.Background;
using ImapGateway.Changes;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Storage;
using ImapGateway.Sync.Watching;

namespace ImapGateway.Accounts;

/// <summary>
/// The status of an account by its logins and its watcher. It is kept in memory for the account's grain and written together with the change that reports it. It reports nothing
/// after it is retired: a login with old credentials may end late.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A source of cancellation without a timer holds nothing.")]
public sealed partial class AccountStatus(AccountEntity row, Loops loops, ILogger log) : ILoginObserver, IWatchObserver
{
    private readonly List<Change> _untold = [];
    private AccountLife _life = row.Life;
    private readonly CancellationTokenSource _retired = new();
    private Task _saved = Task.CompletedTask;
    private Task _saving = Task.CompletedTask;
    private bool _unsaved;
    private AccountError? _degraded;
    private AccountError? _unreadable;
    private bool _watching;

    public Account Account
    {
        get;
        private set
        {
            field = value;
            Changed?.Invoke();
        }
    } = row.ToAccount();

    /// <summary>The key of the data that is stored about the account.</summary>
    public string Incarnation => row.Incarnation;

    /// <summary>Called when the account is shown differently than before.</summary>
    public Action? Changed { get; set; }

    /// <summary>Writes changes of state and the changes that report them in one transaction of the account's owner.</summary>
    public Func<IReadOnlyList<Change>, Func<GatewayDbContext, CancellationToken, Task>, CancellationToken, Task>? Commit { get; set; }

    /// <summary>Called when a login has succeeded.</summary>
    public Action? LoginsWork { get; set; }

    /// <summary>Called when another owner has the account.</summary>
    public Action? Lost { get; set; }

    /// <summary>Takes over another name, address, metadata or watch setting of the account, or that it was paused or resumed.</summary>
    public void Describe(AccountEntity described)
    {
        var restarts = described.Paused != _life.Paused || described.Watch != Account.Watch;
        _life = restarts ? described.Life : _life;
        var shown = described.ToAccount();
        Account = restarts ? shown : shown with { State = Account.State, LastError = Account.LastError, Capabilities = Account.Capabilities, Quirks = Account.Quirks };
    }

    public void Retire() => _retired.Cancel();

    public async Task LoggedInAsync(ImmutableArray<string> capabilities, Problem? remaining)
    {
        var error = _degraded ?? (remaining is not null ? AccountError.Of(remaining, loops.Time.GetUtcNow()) : IsNotice(Account) ? Account.LastError : _unreadable);
        await ChangeAsync(_life.LoggedIn(), error, capabilities);
        LoginsWork?.Invoke();
    }

    /// <summary>Reports a failed login. While the watcher is connected the account is connected, although another login fails; but credentials that are refused are reported as refused.</summary>
    public Task LoginFailedAsync(Problem problem) => _watching && problem.Code != ErrorCode.AccountAuthFailed
        ? ChangeAsync((_life, null), AccountError.Of(problem, loops.Time.GetUtcNow()), Account.Capabilities)
        : WatchFailedAsync(problem);

    public Task BudgetShrunkAsync(int sessions, Problem problem) =>
        ChangeAsync((_life, null), AccountError.Of(problem with { Detail = $"{problem.Detail} In use: {sessions}." }, loops.Time.GetUtcNow()), Account.Capabilities);

    public Task BudgetGrownAsync() => IsNotice(Account, ErrorCode.AccountLimit) ? ChangeAsync((_life, null), _unreadable, Account.Capabilities) : Task.CompletedTask;

    /// <param name="problem">The problem if the server lists more mailboxes than the account can have; null: it does not, or no longer.</param>
    public Task MailboxesLimitedAsync(Problem? problem) => problem is null
        ? IsNotice(Account, ErrorCode.AccountMailboxLimit) ? ChangeAsync((_life, null), _unreadable, Account.Capabilities) : Task.CompletedTask
        : IsNotice(Account, ErrorCode.AccountMailboxLimit) ? Task.CompletedTask
        : ChangeAsync((_life, null), AccountError.Of(problem, loops.Time.GetUtcNow()), Account.Capabilities);

    /// <summary>Reports unreadable messages. It is shown unless the account has another problem.</summary>
    /// <param name="problem">The problem names a message that the server cannot return; null: there are none any more.</param>
    public Task MessagesUnreadableAsync(Problem? problem)
    {
        var before = _unreadable;
        _unreadable = problem is null ? null : before?.Detail == problem.Detail ? before : AccountError.Of(problem, loops.Time.GetUtcNow());
        return Account.LastError is null || Account.LastError == before ? ChangeAsync((_life, null), _unreadable, Account.Capabilities) : Task.CompletedTask;
    }

    /// <summary>Stores that the mail server has refused a feature that it advertises.</summary>
    public Task QuirksChangedAsync(Quirks quirks, Quirk learnt)
    {
        if (_retired.IsCancellationRequested)
        {
            return Task.CompletedTask;
        }
        LogQuirk(Account.Id, learnt.Name, learnt.Detail);
        Account = Account with { Quirks = quirks.Known };
        _unsaved = true;
        return _saved = SaveAfterAsync(_saved);
    }

    public void WatchingChanged(bool connected) => _watching = connected;

    public Task WatchFailedAsync(Problem problem) => ChangeAsync(_life.Failed(problem.Code), AccountError.Of(problem, loops.Time.GetUtcNow()), Account.Capabilities);

    public Task DegradedAsync(Problem? problem)
    {
        _degraded = problem is null ? null : _degraded ?? AccountError.Of(problem, loops.Time.GetUtcNow());
        return ChangeAsync((_life.Degraded(problem is not null), null), _degraded ?? _unreadable, Account.Capabilities);
    }

    public Task SyncedAsync() => ChangeAsync(_life.Indexed(), Account.LastError, Account.Capabilities);

    public void OwnershipLost()
    {
        Retire();
        Lost?.Invoke();
    }

    /// <summary>True if the account is connected, but with fewer connections or fewer mailboxes than the server has: that stays so after the next login.</summary>
    private static bool IsNotice(Account account) => IsNotice(account, ErrorCode.AccountLimit) || IsNotice(account, ErrorCode.AccountMailboxLimit);

    private static bool IsNotice(Account account, ErrorCode code) => account is { State: AccountState.Connected or AccountState.Syncing, LastError.Code: { } last } && last == code.Describe().Name;

    private async Task ChangeAsync((AccountLife Life, ChangeType? Change) next, AccountError? error, ImmutableArray<string> capabilities)
    {
        var (before, lived) = (Account, _life);
        if (_retired.IsCancellationRequested)
        {
            return;
        }
        _life = next.Life;
        Account = before with { State = _life.Paused ? AccountState.Paused : _life.State, LastError = error, Capabilities = capabilities };
        if (next.Change is { } type)
        {
            var failure = type is ChangeType.AccountAuthFailed or ChangeType.AccountUnavailable ? error : null;
            _untold.Add(new AccountChanged(type, failure?.Code, failure?.Upstream?.Text ?? failure?.Detail));
        }
        if (_life == lived && error?.Code == before.LastError?.Code && error?.Detail == before.LastError?.Detail && capabilities.SequenceEqual(before.Capabilities))
        {
            return;
        }
        if (error is null)
        {
            LogState(before.Id, Account.State);
        }
        else
        {
            LogStateWithError(before.Id, Account.State, error.Code);
        }
        _unsaved = true;
        await (_saved = SaveAfterAsync(_saved));
    }

    /// <summary>Saves one state after the other, each as it is by then: two at once could leave the older one in storage.</summary>
    private async Task SaveAfterAsync(Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        try
        {
            await SaveAsync();
        }
        catch (Exception)
        {
            // The state of the account is more important than that it is stored. It is stored as soon as storage accepts it; the loop reports the failures until then.
            if (_saving.IsCompleted)
            {
                _saving = SaveLaterAsync();
            }
        }
    }

    private async Task SaveAsync()
    {
        if (!_unsaved || _retired.IsCancellationRequested || Commit is not { } commit)
        {
            return;
        }
        _unsaved = false;
        var (life, shown, changes) = (_life, Account, _untold.ToList());
        try
        {
            await commit(changes, (db, token) => AccountStore.WriteStateAsync(db, row.Incarnation, life, shown, token), CancellationToken.None);
            _untold.RemoveRange(0, changes.Count);
        }
        catch (LostOwnershipException)
        {
            OwnershipLost();
        }
        catch
        {
            _unsaved = true;
            throw;
        }
    }

    private async Task SaveLaterAsync()
    {
        await Task.Yield();
        using var loop = loops.New("account states", row.Id);
        while (_unsaved && !_retired.IsCancellationRequested)
        {
            await loop.TryAsync(
                async _ =>
                {
                    await _saved.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
                    await (_saved = SaveAsync());
                },
                _retired.Token);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The mail server of account {Account} advertises {Quirk} and refuses it. The gateway does without it for a day: {Detail}")]
    private partial void LogQuirk(string account, string quirk, string detail);

    [LoggerMessage(Level = LogLevel.Information, Message = "Account {Account} is {State}")]
    private partial void LogState(string account, AccountState state);

    [LoggerMessage(Level = LogLevel.Information, Message = "Account {Account} is {State}: {Error}")]
    private partial void LogStateWithError(string account, AccountState state, string error);
}
