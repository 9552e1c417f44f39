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
}

/// <summary>Nobody does: the account is paused, or used by its API alone.</summary>
public sealed class NoWatch : IMailboxWatch
{
    public static readonly NoWatch Instance = new();

    public bool Watches(MailboxState mailbox) => false;

    public void LookAtAll()
    {
    }
}
