using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Sync.Watching;
using Microsoft.Extensions.Options;

namespace ImapGateway.Accounts;

/// <summary>Makes what talks to an account's servers, with its credentials decrypted for that moment.</summary>
public sealed class SessionFactory(ServerConnection connection, CredentialProtector protector, IOptions<ImapOptions> options, IOptions<WatchOptions> watch, TimeProvider time)
{
    public TimeProvider Time => time;

    /// <summary>See <see cref="WatchOptions.MoveWindow"/>.</summary>
    public TimeSpan MoveWindow => watch.Value.MoveWindow;

    public ImapPool NewPool(AccountEntity account, ILoginObserver observer)
    {
        var credential = protector.Unprotect(account.Incarnation, "imap", account.ImapCredentialKind, account.ImapSecret);
        var refused = account is { State: AccountState.AuthFailed, LastError: { } error } ? new Problem(ErrorCode.AccountAuthFailed, error.Detail, Upstream: error.Upstream) : null;
        var opener = new SessionOpener(
            connection, account.Imap.ToMailServer(), credential, options.Value.CommandTimeout, observer, time, refused is not null && Backoff.IsFinal(refused) ? refused : null);
        // One of the account's connections is the watcher's.
        return new ImapPool(opener, options.Value.MaxSessionsPerAccount - 1, time);
    }
}
