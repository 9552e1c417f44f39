using System.Collections.Immutable;

namespace ImapGateway.Index;

/// <summary>
/// The result of a change of an index: the new index, and the pages to store so that <see cref="MailboxIndex.Load"/> creates it again. No number is both written and deleted. The bytes are those
/// that the index itself reads: they must not be changed.
/// </summary>
public sealed record IndexUpdate(MailboxIndex Index, ImmutableArray<(int Number, byte[] Data)> Written, ImmutableArray<int> Deleted);
