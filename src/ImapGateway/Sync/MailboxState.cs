using System.Collections.Immutable;
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
        ShownAs = counter;
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

    /// <summary>MYRIGHTS (RFC 4314 section 3.5) as last asked for; empty where the server has no ACL, null where nobody has asked since the mailboxes were listed.</summary>
    public string? Rights { get; set; }

    /// <summary>Why the mailbox cannot be read: the server has refused its STATUS or SELECT when it was last asked. Null: it has not.</summary>
    public Problem? Problem => LookProblem ?? Listed.Problem;

    /// <summary>Why the last look at the mailbox was refused; null: it was not.</summary>
    public Problem? LookProblem { get; set; }

    /// <summary>It shows messages of other mailboxes, and nothing is told of them here; null: nobody knows yet.</summary>
    public bool? IsVirtual { get; set; }

    /// <summary>What clients see: what is committed.</summary>
    public MailboxIndex Index
    {
        get;
        set => (field, _server) = (value, null);
    } = MailboxIndex.Empty;

    /// <summary>Counts what <see cref="Index"/> has shown since the account was opened: it changes with every commit that changes a list of the messages.</summary>
    public long Version { get; set; }

    /// <summary>What <see cref="AccountMailboxes.StateOf(MailboxState)"/> made last, and of what.</summary>
    public ((uint UidValidity, long Version, uint ComparedFrom) Of, string Text)? Digest { get; set; }

    /// <summary>Messages the server has and no client has heard of: they may have been moved here from where nobody has looked yet.</summary>
    public ImmutableDictionary<uint, Arriving> Arriving
    {
        get;
        set => (field, _server) = (value, null);
    } = ImmutableDictionary<uint, Arriving>.Empty;

    /// <summary>Messages the server has no more, and since when that is known; clients still see them: they may have been moved.</summary>
    public ImmutableDictionary<uint, long> Leaving
    {
        get;
        set => (field, _server) = (value, null);
    } = ImmutableDictionary<uint, long>.Empty;

    /// <summary>What the server had when it was last looked at: with what arrives (its id is 0 still), without what leaves.</summary>
    public MailboxIndex Server => _server ??= Arriving.IsEmpty && Leaving.IsEmpty
        ? Index
        : IndexSteps.Apply(Index, Arriving.Select(one => new IndexRow(one.Key, 0, one.Value.Flags, one.Value.ModSeq, one.Value.Fingerprint)).OrderBy(row => row.Uid), [.. Leaving.Keys]).Index;

    private MailboxIndex? _server;

    /// <summary>What clients see, where the server counts so many: what leaves is still there, what arrives is not yet.</summary>
    public MailboxCounters Shown(MailboxCounters counted) => counted with
    {
        Total = Math.Max(0, counted.Total + Index.Count - Server.Count),
        Unseen = Math.Max(0, counted.Unseen + Index.Unseen - Server.Unseen),
    };

    /// <summary>The same by the index alone.</summary>
    public MailboxCounters Counted => new(Index.Count, Index.Unseen, UidValidity, UidNext, HighestModSeq);

    /// <summary>Uids below were there when the account was first listed, and are no news; null until that is known.</summary>
    public uint? Baseline { get; set; }

    /// <summary>Not null: the mailbox is gone, or its uids mean other messages now, and all that is in <see cref="Index"/> is leaving since then.</summary>
    public long? LostSince { get; set; }

    /// <summary>
    /// The mailbox as clients know it: another one where this one only keeps the messages of before a new UIDVALIDITY, which are to be found again among the new ones.
    /// </summary>
    public ulong ShownAs { get; init; }

    /// <summary>The messages have not been looked for yet among those of <see cref="ShownAs"/>.</summary>
    public bool Unmatched { get; set; }

    /// <summary>Something of it waits for its other half.</summary>
    public bool Waits => LostSince is not null || !Arriving.IsEmpty || !Leaving.IsEmpty;

    /// <summary>Why the stored index could not be used; told to clients with the next commit.</summary>
    public string? ResetReason { get; set; }

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

    /// <summary>
    /// All that a first look has shown is written; until then a look is a complete one. Where modSeqs are exact, none is known before.
    /// </summary>
    public bool IsComplete => UidValidity != 0 && (HighestModSeq != 0 || Precision != Precision.Exact);

    /// <summary>As it is now: may be used on another thread.</summary>
    public KnownMailbox Known
    {
        get
        {
            var index = Server;
            return !IsComplete
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

/// <summary>See <see cref="MailboxState.Arriving"/>.</summary>
/// <param name="Since">When it was found, as <see cref="TimeProvider.GetTimestamp"/> tells it.</param>
public sealed record Arriving(Flags Flags, ulong ModSeq, ulong Fingerprint, long Since);
