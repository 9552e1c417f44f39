using ImapGateway.Accounts;
using ImapGateway.Changes;

namespace ImapGateway.Tests.Accounts;

public class AccountLifeTests
{
    private static readonly AccountLife New = new(AccountState.Connecting, null, Synced: false, Watched: true, Paused: false);

    /// <summary>The states an account goes through, and what the log is told.</summary>
    private static (string States, string Told) Live(AccountLife life, params Func<AccountLife, (AccountLife Life, ChangeType? Change)>[] events)
    {
        var (states, told) = (new List<AccountState>(), new List<string>());
        foreach (var happens in events)
        {
            (life, var change) = happens(life);
            states.Add(life.State);
            told.AddRange(change is { } type ? [ChangeTypes.Name(type)] : Array.Empty<string>());
        }
        return (string.Join(' ', states), string.Join(' ', told));
    }

    private static (AccountLife Life, ChangeType? Change) In(AccountLife life) => life.LoggedIn();

    private static (AccountLife Life, ChangeType? Change) Indexed(AccountLife life) => life.Indexed();

    private static (AccountLife Life, ChangeType? Change) Refused(AccountLife life) => life.Failed(ErrorCode.AccountAuthFailed);

    private static (AccountLife Life, ChangeType? Change) Away(AccountLife life) => life.Failed(ErrorCode.AccountTimeout);

    [Fact]
    public void A_new_account_is_syncing_until_all_is_indexed() =>
        Assert.Equal(("Syncing Syncing Connected Connected", "account.connected account.synced"), Live(New, In, In, Indexed, Indexed));

    [Fact]
    public void Every_transition_is_told_once_and_no_try_is() =>
        Assert.Equal(
            ("Unavailable Unavailable Syncing Connected Unavailable Connected AuthFailed AuthFailed Connected",
             "account.unavailable account.connected account.synced account.unavailable account.connected account.auth_failed account.connected"),
            Live(New, Away, Away, In, Indexed, Away, In, Refused, Refused, In));

    [Fact]
    public void A_restart_tells_nothing_where_nothing_has_changed() =>
        Assert.Equal(("Connected Connected", ""), Live(New with { State = AccountState.Connected, Told = AccountState.Connected, Synced = true }, In, Indexed));

    [Fact]
    public void An_account_that_nobody_watches_is_never_syncing() =>
        Assert.Equal(("Connected", "account.connected"), Live(New with { Watched = false }, In));

    [Fact]
    public void While_it_is_paused_nothing_is_told() =>
        Assert.Equal(("Unavailable Connected", ""), Live(New with { Paused = true, Synced = true }, Away, In));
}
