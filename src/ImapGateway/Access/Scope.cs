namespace ImapGateway.Access;

/// <summary>The rights of a key. `mail.read` includes `mail.readBasic`; `admin` includes all.</summary>
[Flags]
public enum Scope
{
    None = 0,
    /// <summary>mail.readBasic: reads headers and structure of messages; no bodies, no preview.</summary>
    MailReadBasic = 1,
    /// <summary>mail.read: reads everything of messages.</summary>
    MailRead = 2,
    /// <summary>mail.write: changes flags, moves and removes messages, changes mailboxes.</summary>
    MailWrite = 4,
    /// <summary>mail.send: sends messages.</summary>
    MailSend = 8,
    /// <summary>accounts: adds, changes and removes accounts.</summary>
    Accounts = 16,
    /// <summary>webhooks: manages the webhook endpoints of the key.</summary>
    Webhooks = 32,
    /// <summary>admin: does all of the above, and manages keys.</summary>
    Admin = 64,
}
