namespace ImapGateway.Mail;

/// <summary>The freshness that a read requires.</summary>
public enum Freshness
{
    /// <summary>Use the known state if changes are watched. If they are not, ask the server, and use the last known state while it is away.</summary>
    Known,

    /// <summary>Use the known state. It has just been read, and this read belongs to the same request.</summary>
    AsRead,

    /// <summary>Ask the server. If it is away, return an error.</summary>
    Revalidated,
}
