namespace ImapGateway.Sync;

/// <summary>Who looks at an account's mailboxes without being asked.</summary>
public interface IMailboxWatch
{
    /// <summary>Changes of the mailbox are looked for, now or when the server can be reached again.</summary>
    bool Watches(MailboxState mailbox);

    /// <summary>
    /// Starts a look at every watched mailbox, and returns at once. One that is known to be unchanged counts as looked at: <see cref="MailboxState.LookedAt"/> of each
    /// will be later than this call, unless the server is away.
    /// </summary>
    void LookAtAll();

    /// <summary>What <see cref="HeardUntil"/> gives while changes are heard of.</summary>
    const long Now = long.MaxValue;

    /// <summary>
    /// All changes of the mailbox up to then have been heard of, and what is known of it is what they made of it, but for what is just being read: <see cref="Now"/>, or the moment at
    /// which the connection ended, as <see cref="TimeProvider.GetTimestamp"/> tells it. Null: that cannot be said.
    /// </summary>
    long? HeardUntil(MailboxState mailbox);

    /// <summary>The same of which mailboxes there are, and of all of them.</summary>
    long? TreeHeardUntil { get; }

    /// <summary>Since when something was heard that has not been looked at yet, or nothing was heard for there was no connection; <see cref="Now"/>: nothing is left to do.</summary>
    long BehindSince { get; }
}

/// <summary>Nobody does: the account is paused, or used by its API alone.</summary>
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
