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

    /// <summary>See <see cref="KnownMailbox.OlderLeft"/>.</summary>
    public int OlderLeft { get; set; }

    /// <summary>By the last look; see <see cref="MailboxView.ComparedFrom"/>.</summary>
    public uint ComparedFrom { get; set; }

    /// <summary>When the last look that was applied began, as <see cref="TimeProvider.GetTimestamp"/> tells it; null before the first one. What was so by then is known.</summary>
    public long? LookedAt { get; set; }

    /// <summary>
    /// One at a time: a look at the mailbox or a write to it. A look that began before a write and ended after it would
    /// take the state from before the write for news.
    /// </summary>
    public Turn Turn { get; } = new();

    /// <summary>The look that has not begun yet: whoever wants one may share it.</summary>
    public Task? NextLook { get; set; }

    /// <summary>As it is now: may be used on another thread.</summary>
    public KnownMailbox Known
    {
        get
        {
            var index = Index;
            return UidValidity == 0
                ? KnownMailbox.Nothing
                : new KnownMailbox(UidValidity, UidNext, HighestModSeq, index.Count, index.MaxUid, uids => Unknown(index, uids), OlderLeft);
        }
    }

    private static List<uint> Unknown(MailboxIndex index, IEnumerable<uint> uids)
    {
        var wanted = uids.Distinct().Order().ToList();
        var known = index.Find(wanted).Select(row => row.Uid).ToHashSet();
        return wanted.FindAll(uid => !known.Contains(uid));
    }
}
