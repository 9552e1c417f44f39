using System.Collections.Immutable;
using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Accounts;

/// <summary>What the logins of one pool say about the account, held for its owner and written down. Says nothing any more once it is retired: a login with old credentials may end late.</summary>
public sealed partial class AccountStatus(Account account, string incarnation, AccountStore store, TimeProvider time, ILogger log) : ILoginObserver
{
    private Task _saved = Task.CompletedTask;
    private bool _retired;

    public Account Account { get; private set; } = account;

    /// <summary>The account was given another name, address or notes.</summary>
    public void Describe(Account described) =>
        Account = described with { State = Account.State, LastError = Account.LastError, Capabilities = Account.Capabilities };

    public void Retire() => _retired = true;

    public Task LoggedInAsync(ImmutableArray<string> capabilities) =>
        ChangeAsync(Account with { State = AccountState.Connected, LastError = IsAboutBudget(Account) ? Account.LastError : null, Capabilities = capabilities });

    public Task LoginFailedAsync(Problem problem) =>
        ChangeAsync(Account with
        {
            State = problem.Code == ErrorCode.AccountAuthFailed ? AccountState.AuthFailed : AccountState.Unavailable,
            LastError = AccountError.Of(problem, time.GetUtcNow()),
        });

    public Task BudgetShrunkAsync(int sessions, Problem problem) =>
        ChangeAsync(Account with { LastError = AccountError.Of(problem with { Detail = $"{problem.Detail} In use: {sessions}." }, time.GetUtcNow()) });

    public Task BudgetGrownAsync() => IsAboutBudget(Account) ? ChangeAsync(Account with { LastError = null }) : Task.CompletedTask;

    /// <summary>Fewer connections than allowed are used, but the account is connected.</summary>
    private static bool IsAboutBudget(Account account) => account is { State: AccountState.Connected, LastError.Code: "account.limit" };

    private async Task ChangeAsync(Account changed)
    {
        var before = Account;
        if (_retired)
        {
            return;
        }
        Account = changed;
        var same = changed.State == before.State && changed.LastError?.Code == before.LastError?.Code && changed.LastError?.Detail == before.LastError?.Detail;
        if (same && changed.Capabilities.SequenceEqual(before.Capabilities))
        {
            return;
        }
        var error = changed.LastError?.Code;
        LogState(changed.Id, changed.State, error);
        await (_saved = SaveAfterAsync(_saved));
    }

    /// <summary>One after the other, each what is true by then: two at once could leave the older one in storage.</summary>
    private async Task SaveAfterAsync(Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        try
        {
            if (!_retired)
            {
                await store.SaveStateAsync(incarnation, Account, CancellationToken.None);
            }
        }
        catch (ProblemException e)
        {
            // What the account is doing matters more than that it is written down; the next change writes it.
            LogNotSaved(Account.Id, e.Code);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Account {Account} is {State} ({Error})")]
    private partial void LogState(string account, AccountState state, string? error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The state of account {Account} could not be saved: {Code}")]
    private partial void LogNotSaved(string account, ErrorCode code);
}
