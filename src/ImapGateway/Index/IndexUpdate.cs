using System.Collections.Immutable;

namespace ImapGateway.Index;

/// <summary>
/// What a change of an index means: the index after it, and the pages to store so that <see cref="MailboxIndex.Load"/> gives it again. No number is
/// both written and deleted. The bytes are those the index itself reads: they must not be changed.
/// </summary>
public sealed record IndexUpdate(MailboxIndex Index, ImmutableArray<(int Number, byte[] Data)> Written, ImmutableArray<int> Deleted);
