using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>A mailbox as the account's owner holds it: what storage has, and who is at work on it. Belongs to the actor.</summary>
public sealed class MailboxState
{
    public MailboxState(string incarnation, ulong counter)
    {
        Counter = counter;
        Id = Mail.ObjectId.Format(Mail.ObjectId.Mailbox, incarnation, counter);
    }

    public ulong Counter { get; }

    public string Id { get; }

    public required ListedMailbox Listed { get; set; }

    public required Role? Role { get; set; }

    public string Path => Listed.Path;

    public string? ObjectId { get; set; }

    public uint UidValidity { get; set; }

    public uint UidNext { get; set; }

    public ulong HighestModSeq { get; set; }

    public Precision Precision { get; set; }

    public MailboxIndex Index { get; set; } = MailboxIndex.Empty;

    /// <summary>Where the slow comparison of old flags has got to (tier C).</summary>
    public uint RotateBelow { get; set; } = uint.MaxValue;

    /// <summary>
    /// One at a time: a look at the mailbox or a write to it. A look that began before a write and ended after it would
    /// take the state from before the write for news.
    /// </summary>
    public Turn Turn { get; } = new();

    /// <summary>The look that has not begun yet: whoever wants one may share it.</summary>
    public Task? NextLook { get; set; }

    public KnownMailbox Known => UidValidity == 0
        ? KnownMailbox.Nothing
        : new KnownMailbox(UidValidity, UidNext, HighestModSeq, Index.Count, Index.MaxUid, uid => Index.TryGetByUid(uid, out _), RotateBelow);
}
