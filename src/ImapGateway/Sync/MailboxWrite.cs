using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>What has become of one mailbox and is to be written. Uids mean messages of the mailbox's present UIDVALIDITY.</summary>
public sealed record MailboxWrite(MailboxState Mailbox)
{
    /// <summary>Messages that were there before anybody asked: they get ids, and nobody is told.</summary>
    public IReadOnlyCollection<SeenMessage> Baseline { get; init; } = [];

    /// <summary>New messages, or the other halves of moves.</summary>
    public IReadOnlyCollection<NewMessage> Added { get; init; } = [];

    /// <summary>Messages that are known, as they are now.</summary>
    public IReadOnlyCollection<SeenMessage> Changed { get; init; } = [];

    /// <summary>Messages the server has no more; they may have been moved.</summary>
    public IReadOnlyCollection<uint> Removed { get; init; } = [];

    /// <summary>Messages the gateway itself has expunged: nobody has moved them.</summary>
    public IReadOnlyCollection<uint> Expunged { get; init; } = [];

    /// <summary>What was found out of messages that had none.</summary>
    public IReadOnlyDictionary<uint, ulong> Fingerprints { get; init; } = new Dictionary<uint, ulong>();

    public uint UidValidity { get; init; } = Mailbox.UidValidity;

    public uint UidNext { get; init; } = Mailbox.UidNext;

    public ulong HighestModSeq { get; init; } = Mailbox.HighestModSeq;

    public Precision Precision { get; init; } = Mailbox.Precision;

    public string? ObjectId { get; init; } = Mailbox.ObjectId;

    public uint? BaselineBelow { get; init; } = Mailbox.Baseline;

    /// <summary>Beside its messages.</summary>
    public bool ChangesState =>
        Mailbox.ResetReason is not null
        || (UidValidity, UidNext, HighestModSeq, Precision, ObjectId, BaselineBelow)
            != (Mailbox.UidValidity, Mailbox.UidNext, Mailbox.HighestModSeq, Mailbox.Precision, Mailbox.ObjectId, Mailbox.Baseline);
}

/// <summary>A message that was not there before.</summary>
public sealed record NewMessage(SeenMessage Seen, MessageHeaders Headers);

/// <summary>A move that the gateway has done.</summary>
/// <param name="NewUid">Null where the server did not tell: the next look at <paramref name="To"/> will.</param>
/// <param name="Left">The original, where it could not be expunged: a message of its own now.</param>
public sealed record DoneMove(MailboxState From, uint Uid, MailboxState To, uint? NewUid, NewMessage? Left);
