using ImapGateway.Changes;

namespace ImapGateway.Accounts;

/// <summary>What an account is doing, what the log said of it last, and what of a login or its failure is news.</summary>
/// <param name="State">By its logins; shown unless it is paused.</param>
/// <param name="Told">What the log said last; null: nothing yet.</param>
/// <param name="Synced">All watched mailboxes have been indexed once.</param>
public sealed record AccountLife(AccountState State, AccountState? Told, bool Synced, bool Watched, bool Paused)
{
    /// <summary>Changes are seen late, though logins work. Not stored: after a restart it is seen again before long.</summary>
    public bool IsDegraded { get; init; }

    /// <summary>What logins that work make of it.</summary>
    public AccountState Working => IsDegraded ? AccountState.Degraded : Watched && !Synced ? AccountState.Syncing : AccountState.Connected;

    /// <summary>Nothing is told: the account is connected all the time.</summary>
    public AccountLife Degraded(bool isDegraded)
    {
        var life = this with { IsDegraded = isDegraded };
        return State is AccountState.Connected or AccountState.Syncing or AccountState.Degraded ? life with { State = life.Working } : life;
    }

    public (AccountLife Life, ChangeType? Change) LoggedIn() => Tell(Working, AccountState.Connected, ChangeType.AccountConnected);

    /// <param name="code">Why the login failed.</param>
    public (AccountLife Life, ChangeType? Change) Failed(ErrorCode code) => code == ErrorCode.AccountAuthFailed
        ? Tell(AccountState.AuthFailed, AccountState.AuthFailed, ChangeType.AccountAuthFailed)
        : Tell(AccountState.Unavailable, AccountState.Unavailable, ChangeType.AccountUnavailable);

    public (AccountLife Life, ChangeType? Change) Indexed()
    {
        var synced = this with { Synced = true };
        return (State == AccountState.Syncing ? synced with { State = AccountState.Connected } : synced, Synced ? null : ChangeType.AccountSynced);
    }

    /// <summary>Nothing is told twice in a row, however often it is tried, and nothing while it is paused.</summary>
    private (AccountLife Life, ChangeType? Change) Tell(AccountState state, AccountState told, ChangeType change) =>
        Paused || Told == told ? (this with { State = state }, null) : (this with { State = state, Told = told }, change);
}
