namespace ImapGateway.Imap;

/// <summary>A section of one message (RFC 3501 section 6.4.5): all of it, or a part.</summary>
/// <param name="Mailbox">The path, decoded.</param>
/// <param name="UidValidity">The one that the uid belongs to.</param>
/// <param name="Name">Empty: the whole message; "1", "2.3": a part, still encoded.</param>
/// <param name="Encoding">As in <see cref="Mail.MessagePart.Encoding"/>.</param>
/// <param name="Size">Octets, as the server tells; it may be wrong.</param>
public sealed record Section(string Mailbox, uint UidValidity, uint Uid, string Name, string Encoding, long Size)
{
    public string Name { get; } = ImapGrammar.IsSection(Name) ? Name : throw new ArgumentException("It is not a section of a message.", nameof(Name));

    /// <summary>Lengths and ranges of what the server has are not those of what readers get.</summary>
    public bool IsEncoded => TransferDecoder.For(Encoding).ChangesLength;
}
