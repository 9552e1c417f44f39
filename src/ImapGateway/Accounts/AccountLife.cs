using ImapGateway.Changes;

namespace ImapGateway.Accounts;

/// <summary>The state of an account and the state that the log reported last. It decides which login or failure is reported.</summary>
/// <param name="State">The state by the logins; shown unless the account is paused.</param>
/// <param name="Told">The state that the log reported last; null: none yet.</param>
/// <param name="Synced">True if all watched mailboxes have been indexed once.</param>
public sealed record AccountLife(AccountState State, AccountState? Told, bool Synced, bool Watched, bool Paused)
{
    /// <summary>True if changes are seen late, though logins work. It is not stored: after a restart it is soon found again.</summary>
    public bool IsDegraded { get; init; }

    /// <summary>The state of an account whose logins work.</summary>
    public AccountState Working => IsDegraded ? AccountState.Degraded : Watched && !Synced ? AccountState.Syncing : AccountState.Connected;

    /// <summary>Returns the account with this setting. No change is reported, since the account is connected all the time.</summary>
    public AccountLife Degraded(bool isDegraded)
    {
        var life = this with { IsDegraded = isDegraded };
        return State is AccountState.Connected or AccountState.Syncing or AccountState.Degraded ? life with { State = life.Working } : life;
    }

    public (AccountLife Life, ChangeType? Change) LoggedIn() => Tell(Working, AccountState.Connected, ChangeType.AccountConnected);

    /// <param name="code">The reason why the login failed.</param>
    public (AccountLife Life, ChangeType? Change) Failed(ErrorCode code) => code == ErrorCode.AccountAuthFailed
        ? Tell(AccountState.AuthFailed, AccountState.AuthFailed, ChangeType.AccountAuthFailed)
        : Tell(AccountState.Unavailable, AccountState.Unavailable, ChangeType.AccountUnavailable);

    public (AccountLife Life, ChangeType? Change) Indexed()
    {
        var synced = this with { Synced = true };
        return (State == AccountState.Syncing ? synced with { State = AccountState.Connected } : synced, Synced ? null : ChangeType.AccountSynced);
    }

    /// <summary>Reports a change of state. No state is reported twice in a row, however often the login is tried, and none while the account is paused.</summary>
    private (AccountLife Life, ChangeType? Change) Tell(AccountState state, AccountState told, ChangeType change) =>
        Paused || Told == told ? (this with { State = state }, null) : (this with { State = state, Told = told }, change);
}
