using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>The changes of one mailbox that must be written. Uids belong to the mailbox's present UIDVALIDITY.</summary>
public sealed record MailboxWrite(MailboxState Mailbox)
{
    /// <summary>The messages that existed before the first listing. They get ids, and no change is reported.</summary>
    public IReadOnlyCollection<SeenMessage> Baseline { get; init; } = [];

    /// <summary>The new messages, or the other halves of moves.</summary>
    public IReadOnlyCollection<NewMessage> Added { get; init; } = [];

    /// <summary>The known messages in their present state.</summary>
    public IReadOnlyCollection<SeenMessage> Changed { get; init; } = [];

    /// <summary>The messages that the server no longer has. They may have been moved.</summary>
    public IReadOnlyCollection<uint> Removed { get; init; } = [];

    /// <summary>The messages that the gateway itself has expunged. They were not moved.</summary>
    public IReadOnlyCollection<uint> Expunged { get; init; } = [];

    /// <summary>The fingerprints that were found of messages without one.</summary>
    public IReadOnlyDictionary<uint, ulong> Fingerprints { get; init; } = new Dictionary<uint, ulong>();

    public uint UidValidity { get; init; } = Mailbox.UidValidity;

    public uint UidNext { get; init; } = Mailbox.UidNext;

    public ulong HighestModSeq { get; init; } = Mailbox.HighestModSeq;

    public Precision Precision { get; init; } = Mailbox.Precision;

    public string? ObjectId { get; init; } = Mailbox.ObjectId;

    public uint? BaselineBelow { get; init; } = Mailbox.Baseline;

    /// <summary>True if the write changes something besides the messages.</summary>
    public bool ChangesState =>
        Mailbox.ResetReason is not null
        || (UidValidity, UidNext, HighestModSeq, Precision, ObjectId, BaselineBelow)
            != (Mailbox.UidValidity, Mailbox.UidNext, Mailbox.HighestModSeq, Mailbox.Precision, Mailbox.ObjectId, Mailbox.Baseline);
}

/// <summary>A message that did not exist before.</summary>
public sealed record NewMessage(SeenMessage Seen, MessageHeaders Headers);

/// <summary>A move that the gateway has done.</summary>
/// <param name="NewUid">The new uid, or null if the server did not report it: the next refresh of <paramref name="To"/> finds it.</param>
/// <param name="Left">The original, if it could not be expunged. It is a message of its own now.</param>
public sealed record DoneMove(MailboxState From, uint Uid, MailboxState To, uint? NewUid, NewMessage? Left);
