using ImapGateway.Imap;
using Microsoft.Extensions.Options;

namespace ImapGateway.Accounts;

/// <summary>Makes what talks to an account's servers, with its credentials decrypted for that moment.</summary>
public sealed class SessionFactory(ServerConnection connection, CredentialProtector protector, IOptions<ImapOptions> options, TimeProvider time)
{
    public DateTimeOffset Now => time.GetUtcNow();

    public ImapPool NewPool(AccountEntity account, ILoginObserver observer)
    {
        var credential = protector.Unprotect(account.Incarnation, "imap", account.ImapCredentialKind, account.ImapSecret);
        var opener = new SessionOpener(connection, account.Imap.ToMailServer(), credential, options.Value, observer, time);
        // One of the account's connections is the watcher's.
        return new ImapPool(opener, options.Value.MaxSessionsPerAccount - 1, time);
    }
}
