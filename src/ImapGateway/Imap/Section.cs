namespace ImapGateway.Imap;

/// <summary>A section of one message (RFC 3501 section 6.4.5): the whole message or a part.</summary>
/// <param name="Mailbox">The decoded path.</param>
/// <param name="UidValidity">The UIDVALIDITY that the uid belongs to.</param>
/// <param name="Name">The name of the section: empty for the whole message, "1" or "2.3" for a part, still encoded.</param>
/// <param name="Encoding">The encoding as in <see cref="Mail.MessagePart.Encoding"/>.</param>
/// <param name="Size">The number of octets that the server reports; it may be wrong. Null if it reports none.</param>
public sealed record Section(string Mailbox, uint UidValidity, uint Uid, string Name, string Encoding, long? Size)
{
    public string Name { get; } = ImapGrammar.IsSection(Name) ? Name : throw new ArgumentException("It is not a section of a message.", nameof(Name));

    /// <summary>True if lengths and ranges of the encoded section differ from those of the decoded one.</summary>
    public bool IsEncoded => TransferDecoder.For(Encoding).ChangesLength;
}
