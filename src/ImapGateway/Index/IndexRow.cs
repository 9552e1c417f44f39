using ImapGateway.Mail;

namespace ImapGateway.Index;

/// <summary>The data that the index has about one message.</summary>
/// <param name="Uid">The uid, never 0 (RFC 9051 section 2.3.1.1).</param>
/// <param name="Id">The counter of its <see cref="ObjectId"/>.</param>
/// <param name="Flags">The flags as the server spells them.</param>
/// <param name="ModSeq">The modSeq (RFC 7162 section 3.1); 0 if it is unknown.</param>
/// <param name="Fingerprint">The <see cref="Index.Fingerprint"/>; 0 if it is not known yet.</param>
public readonly record struct IndexRow(uint Uid, ulong Id, Flags Flags, ulong ModSeq, ulong Fingerprint = 0);
