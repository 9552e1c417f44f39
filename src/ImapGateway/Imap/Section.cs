namespace ImapGateway.Imap;

/// <summary>A section of one message (RFC 3501 section 6.4.5): all of it, or a part.</summary>
/// <param name="Mailbox">The path, decoded.</param>
/// <param name="UidValidity">The one that the uid belongs to.</param>
/// <param name="Name">Empty: the whole message; "1", "2.3": a part, still encoded.</param>
/// <param name="Size">Octets, as the server tells; it may be wrong.</param>
public sealed record Section(string Mailbox, uint UidValidity, uint Uid, string Name, long Size);
