namespace ImapGateway.Access;

/// <summary>What a key may do. `mail.read` includes `mail.readBasic`; `admin` includes all.</summary>
[Flags]
public enum Scope
{
    None = 0,
    /// <summary>mail.readBasic: headers and structure; no bodies, no preview.</summary>
    MailReadBasic = 1,
    /// <summary>mail.read: everything of a message.</summary>
    MailRead = 2,
    /// <summary>mail.write: flags, moves, removals, mailboxes.</summary>
    MailWrite = 4,
    /// <summary>mail.send</summary>
    MailSend = 8,
    /// <summary>accounts: add, change and remove accounts.</summary>
    Accounts = 16,
    /// <summary>webhooks: endpoints of its own.</summary>
    Webhooks = 32,
    /// <summary>admin: all of the above, and keys.</summary>
    Admin = 64,
}
