using ImapGateway.Mail;

namespace ImapGateway.Imap;

/// <summary>The known state of a mailbox before a refresh.</summary>
/// <param name="UidValidity">The UIDVALIDITY; 0 if nothing is known.</param>
/// <param name="HighestModSeq">The value read when the mailbox was last opened. If it is 0, it is unknown and CHANGEDSINCE is not used.</param>
/// <param name="Unknown">Returns those of some uids that are not known, each once.</param>
/// <param name="OlderLeft">The number of the oldest messages that this round has not compared yet, if changed flags cannot be requested; 0 begins a new round.</param>
public sealed record KnownMailbox(uint UidValidity, uint UidNext, ulong HighestModSeq, int Count, uint MaxUid, Func<IEnumerable<uint>, IReadOnlyList<uint>> Unknown, int OlderLeft)
{
    public static readonly KnownMailbox Nothing = new(0, 0, 0, 0, 0, uids => [.. uids.Distinct()], 0);
}

public readonly record struct SeenMessage(uint Uid, Flags Flags, ulong ModSeq);

/// <summary>The result of one refresh of a mailbox.</summary>
public sealed record MailboxView
{
    public required uint UidValidity { get; init; }

    /// <summary>The next uid; 0 on servers that do not report it.</summary>
    public required uint UidNext { get; init; }

    /// <summary>The modSeq as read by the SELECT of this refresh, never a later one: the next refresh requests the changes since then again.</summary>
    public required ulong HighestModSeq { get; init; }

    /// <summary>The EXISTS count: the number of messages that must exist when the result is applied.</summary>
    public required int Exists { get; init; }

    public required Precision Precision { get; init; }

    /// <summary>The MAILBOXID (RFC 8474 section 4), if the server has one.</summary>
    public string? ObjectId { get; init; }

    /// <summary>The new messages, and known ones whose flags may have changed.</summary>
    public IReadOnlyList<SeenMessage> Rows { get; init; } = [];

    /// <summary>The uids that the server reports as removed. Some of them may never have been known.</summary>
    public IReadOnlyList<uint> Vanished { get; init; } = [];

    /// <summary>All existing uids in ascending order, if removals could only be found by comparing.</summary>
    public IReadOnlyList<uint>? AllUids { get; init; }

    /// <summary>The number of messages that the refresh has to read, if there was no memory for them and nothing was read. Null if the refresh is complete.</summary>
    public int? Needed { get; init; }

    /// <summary>The new value of <see cref="KnownMailbox.OlderLeft"/>.</summary>
    public int OlderLeft { get; init; }

    /// <summary>The lowest uid from which flags were compared with the server's; 0 if those of all messages were compared.</summary>
    public uint ComparedFrom { get; init; }
}
