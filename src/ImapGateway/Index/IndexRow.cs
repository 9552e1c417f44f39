using ImapGateway.Mail;

namespace ImapGateway.Index;

/// <summary>What the index knows of one message.</summary>
/// <param name="Uid">Never 0 (RFC 9051 section 2.3.1.1).</param>
/// <param name="Id">The counter of its <see cref="ObjectId"/>.</param>
/// <param name="Flags">As the server spells them.</param>
/// <param name="ModSeq">RFC 7162 section 3.1; 0 where it is unknown.</param>
/// <param name="Fingerprint">See <see cref="Index.Fingerprint"/>; 0 where it is not known yet.</param>
public readonly record struct IndexRow(uint Uid, ulong Id, Flags Flags, ulong ModSeq, ulong Fingerprint = 0);
