using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>What a transaction makes of one mailbox.</summary>
/// <param name="Index">The index the rows are applied to: the mailbox's own, or an empty one.</param>
/// <param name="Upserts">Rows with id 0 are new and get an id.</param>
public sealed record MailboxWrite(MailboxState Mailbox, MailboxIndex Index, IReadOnlyCollection<IndexRow> Upserts, IReadOnlyCollection<uint> Removed)
{
    public uint UidValidity { get; init; } = Mailbox.UidValidity;

    public uint UidNext { get; init; } = Mailbox.UidNext;

    public ulong HighestModSeq { get; init; } = Mailbox.HighestModSeq;

    public Precision Precision { get; init; } = Mailbox.Precision;

    public string? ObjectId { get; init; } = Mailbox.ObjectId;

    /// <summary>What a look has made of a mailbox; new messages get their ids when it is written.</summary>
    /// <param name="known">The index that <paramref name="delta"/> is the difference to.</param>
    public static MailboxWrite Of(MailboxState mailbox, MailboxIndex known, MailboxDelta delta, MailboxView view) =>
        new(mailbox, known, [.. delta.Added.Select(row => new IndexRow(row.Uid, 0, row.Flags, row.ModSeq)), .. delta.Changed], delta.Removed)
        {
            UidValidity = view.UidValidity,
            UidNext = view.UidNext,
            HighestModSeq = view.HighestModSeq,
            Precision = view.Precision,
            ObjectId = view.ObjectId ?? mailbox.ObjectId,
        };

    /// <summary>Beside its messages.</summary>
    public bool ChangesState =>
        (UidValidity, UidNext, HighestModSeq, Precision, ObjectId) != (Mailbox.UidValidity, Mailbox.UidNext, Mailbox.HighestModSeq, Mailbox.Precision, Mailbox.ObjectId);
}
