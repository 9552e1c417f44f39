using ImapGateway.Cache;
using ImapGateway.Cache.Disk;
using ImapGateway.Imap;
using ImapGateway.Sync;

namespace ImapGateway.Accounts;

/// <summary>
/// An operation on one account: a record that the account's grain runs. A new operation is a new file with one of these; no central place knows them.
/// An expected failure is a <see cref="Mail.ProblemException"/>.
/// </summary>
[GenerateSerializer, Immutable]
public abstract record AccountCommand<T>
{
    /// <summary>The object of the operation in the log line: a mailbox or message as the client named it.</summary>
    public virtual string? Target => null;

    public abstract Task<T> RunAsync(AccountContext account, CancellationToken cancel);
}

/// <summary>An operation whose result is a stream: octets as they arrive from the mail server, in arrays that are never used again.</summary>
[GenerateSerializer, Immutable]
public abstract record AccountStream
{
    public virtual string? Target => null;

    public abstract IAsyncEnumerable<byte[]> RunAsync(AccountContext account, CancellationToken cancel);
}

/// <summary>The services and the state of one account, which an operation works with.</summary>
public sealed record AccountContext(Account Account, AccountMailboxes Mailboxes, ImapPool Pool, HeaderReader Headers, StoredSections Stored);
