namespace ImapGateway.Sync;

/// <summary>Refreshes the mailboxes of an account without a request.</summary>
public interface IMailboxWatch
{
    /// <summary>True if changes of the mailbox are detected now, or when the server can be reached again.</summary>
    bool Watches(MailboxState mailbox);

    /// <summary>
    /// Starts a refresh of every watched mailbox, and returns at once. A mailbox that is known to be unchanged counts as refreshed: <see cref="MailboxState.LookedAt"/> of each
    /// will be later than this call, unless the server is away.
    /// </summary>
    void LookAtAll();

    /// <summary>The value of <see cref="HeardUntil"/> while the server reports changes.</summary>
    const long Now = long.MaxValue;

    /// <summary>
    /// Returns the moment up to which all changes of the mailbox have been received. The known state includes them, except for what is just being read. The value is <see cref="Now"/>, or the
    /// moment at which the connection ended, as a <see cref="TimeProvider.GetTimestamp"/>. Null if this is not known.
    /// </summary>
    long? HeardUntil(MailboxState mailbox);

    /// <summary>The moment up to which all changes of the list of mailboxes, and of all mailboxes, have been received.</summary>
    long? TreeHeardUntil { get; }

    /// <summary>The moment since which a reported change waits for a refresh, or since which there was no connection to receive changes. <see cref="Now"/> if nothing is left to do.</summary>
    long BehindSince { get; }
}

/// <summary>A watch that does nothing: the account is paused, or it is used through its API only.</summary>
public sealed class NoWatch : IMailboxWatch
{
    public static readonly NoWatch Instance = new();

    public bool Watches(MailboxState mailbox) => false;

    public void LookAtAll()
    {
    }

    public long? HeardUntil(MailboxState mailbox) => null;

    public long? TreeHeardUntil => null;

    public long BehindSince => IMailboxWatch.Now;
}
