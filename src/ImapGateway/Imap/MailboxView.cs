using ImapGateway.Mail;

namespace ImapGateway.Imap;

/// <summary>What is known of a mailbox before it is looked at.</summary>
/// <param name="UidValidity">0: nothing is known.</param>
/// <param name="HighestModSeq">Read when the mailbox was last opened; 0: unknown, and so no CHANGEDSINCE.</param>
/// <param name="Unknown">Those of some uids that are not known, each once.</param>
/// <param name="OlderLeft">Where flags cannot be asked for by change: how many of the oldest messages this round has not compared yet; 0 begins a new one.</param>
public sealed record KnownMailbox(uint UidValidity, uint UidNext, ulong HighestModSeq, int Count, uint MaxUid, Func<IEnumerable<uint>, IReadOnlyList<uint>> Unknown, int OlderLeft)
{
    public static readonly KnownMailbox Nothing = new(0, 0, 0, 0, 0, uids => [.. uids.Distinct()], 0);
}

public readonly record struct SeenMessage(uint Uid, Flags Flags, ulong ModSeq);

/// <summary>What one look at a mailbox has shown.</summary>
public sealed record MailboxView
{
    public required uint UidValidity { get; init; }

    /// <summary>0 on servers that do not tell.</summary>
    public required uint UidNext { get; init; }

    /// <summary>As read by the SELECT of this look, never a later one: what changed since will be asked for again.</summary>
    public required ulong HighestModSeq { get; init; }

    /// <summary>EXISTS: how many messages there must be when the look is applied.</summary>
    public required int Exists { get; init; }

    public required Precision Precision { get; init; }

    /// <summary>MAILBOXID (RFC 8474 section 4), where the server has one.</summary>
    public string? ObjectId { get; init; }

    /// <summary>New messages, and known ones whose flags may have changed.</summary>
    public IReadOnlyList<SeenMessage> Rows { get; init; } = [];

    /// <summary>Uids the server says are gone; it may name ones that were never known.</summary>
    public IReadOnlyList<uint> Vanished { get; init; } = [];

    /// <summary>All uids there are, ascending, where what is gone could only be found by comparing.</summary>
    public IReadOnlyList<uint>? AllUids { get; init; }

    /// <summary>Messages that the look has to read; more than there was room for, and so nothing was read. Null: it is complete.</summary>
    public int? Needed { get; init; }

    /// <summary>See <see cref="KnownMailbox.OlderLeft"/>.</summary>
    public int OlderLeft { get; init; }

    /// <summary>The flags of messages with this uid and above were compared with the server's; 0: those of all.</summary>
    public uint ComparedFrom { get; init; }
}
