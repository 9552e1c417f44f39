namespace ImapGateway.Mail;

/// <summary>How much a read must ask of the mail server.</summary>
public enum Freshness
{
    /// <summary>What is known, where changes are watched; where they are not, the server is asked, and what was last known is shown while it is away.</summary>
    Known,

    /// <summary>What is known: it has just been read, and this belongs to that.</summary>
    AsRead,

    /// <summary>The server is asked, and a server that is away is an error.</summary>
    Revalidated,
}
