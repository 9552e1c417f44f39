namespace ImapGateway.Cache;

/// <summary>The location of a message in its account. It names the same message for ever: uids are not used twice under one UIDVALIDITY (RFC 3501 section 2.3.1.1).</summary>
/// <param name="Mailbox">The counter in the mailbox's id.</param>
public readonly record struct HeaderKey(ulong Mailbox, uint UidValidity, uint Uid);
