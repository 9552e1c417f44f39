using ImapGateway.Background;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Sync;
using ImapGateway.Sync.Watching;
using Microsoft.Extensions.Options;

namespace ImapGateway.Accounts;

/// <summary>Makes the connections to an account's servers, with its credentials decrypted for that moment.</summary>
public sealed class SessionFactory(ServerConnection connection, CredentialProtector protector, IOptions<ImapOptions> options, IOptions<WatchOptions> watch, Loops loops, TimeProvider time)
{
    private static readonly Credential NoCredential = new(CredentialKind.Password, "");

    private readonly AnswerBudget _answers = new(options.Value.MaxMessagesInMemory);

    public TimeProvider Time => time;

    public Loops Loops => loops;

    /// <summary>Returns the settings that an account's mailboxes share with those of all others.</summary>
    public SyncSettings SyncSettings(ILogger log) => new(watch.Value.MoveWindow, loops, log);

    /// <summary>Logs in for the account, with credentials that are decrypted now.</summary>
    /// <param name="suspicion">The reason why it must not log in, whatever the credentials are; null: it may.</param>
    public SessionOpener NewOpener(AccountEntity account, ILoginObserver observer, Problem? suspicion)
    {
        var (credential, unreadable) = CredentialOf(account);
        var refused = unreadable ?? (account is { State: AccountState.AuthFailed, LastError: { } error } ? new Problem(ErrorCode.AccountAuthFailed, error.Detail, Upstream: error.Upstream) : null);
        return new SessionOpener(
            connection, account.Imap.ToMailServer(), credential, options.Value.CommandTimeout, observer, time, suspicion ?? (refused is not null && Backoff.IsFinal(refused) ? refused : null))
        {
            // The capabilities of the last login.
            Quirks = new Quirks(time, account.Quirks),
            HaveWorked = account.State is AccountState.Connected or AccountState.Syncing or AccountState.Unavailable && account.Capabilities.Length > 0,
        };
    }

    /// <summary>Returns the credential. Without it there are no connections; all else that is known of the account can still be read.</summary>
    private (Credential Credential, Problem? Unreadable) CredentialOf(AccountEntity account)
    {
        if (account.Imap == AccountServer.Unreadable)
        {
            return (NoCredential, new Problem(ErrorCode.AccountCredentialUnreadable, "The stored settings of the account are damaged. Give the account its IMAP settings and credentials anew."));
        }
        try
        {
            return (protector.Unprotect(account.Incarnation, "imap", account.ImapCredentialKind, account.ImapSecret), null);
        }
        catch (ProblemException unreadable) when (unreadable.Code == ErrorCode.AccountCredentialUnreadable)
        {
            return (NoCredential, unreadable.Problem);
        }
    }

    /// <summary>Makes the pool. It has one connection less than the account, since the watcher has one.</summary>
    /// <param name="notes">The notes of the account.</param>
    public ImapPool NewPool(SessionOpener opener, OpeningNotes.PoolNotes notes) => new(opener, options.Value.MaxSessionsPerAccount - 1, _answers, time) { Notes = notes };
}
