using System.Collections.Immutable;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>A mailbox in the memory of the account's owner: what storage has, and the work in progress. It belongs to the actor.</summary>
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

    /// <summary>The MYRIGHTS (RFC 4314 section 3.5) of the last request. Empty if the server has no ACL, null if there was no request since the mailboxes were listed.</summary>
    public string? Rights { get; set; }

    /// <summary>The reason why the mailbox cannot be read: the server has refused its last STATUS or SELECT. Null if it has not.</summary>
    public Problem? Problem => LookProblem ?? Listed.Problem;

    /// <summary>The reason why the last refresh of the mailbox was refused, or null if it was not.</summary>
    public Problem? LookProblem { get; set; }

    /// <summary>True if the mailbox shows messages of other mailboxes; no change is reported here. Null if it is not known yet.</summary>
    public bool? IsVirtual { get; set; }

    /// <summary>The committed index, which clients see.</summary>
    public MailboxIndex Index
    {
        get;
        set => (field, _server) = (value, null);
    } = MailboxIndex.Empty;

    /// <summary>A counter of the states that <see cref="Index"/> has shown since the account was opened. It changes with every commit that changes a list of the messages.</summary>
    public long Version { get; set; }

    /// <summary>The last result of <see cref="AccountMailboxes.StateOf(MailboxState)"/>, with the values that it was made of.</summary>
    public ((uint UidValidity, long Version, uint ComparedFrom) Of, string Text)? Digest { get; set; }

    /// <summary>The messages that the server has and that were reported to no client. They may have been moved here from a mailbox that has not been refreshed yet.</summary>
    public ImmutableDictionary<uint, Arriving> Arriving
    {
        get;
        set => (field, _server) = (value, null);
    } = ImmutableDictionary<uint, Arriving>.Empty;

    /// <summary>The messages that the server no longer has, with the time since which this is known. Clients still see them, because they may have been moved.</summary>
    public ImmutableDictionary<uint, long> Leaving
    {
        get;
        set => (field, _server) = (value, null);
    } = ImmutableDictionary<uint, long>.Empty;

    /// <summary>The messages of the server at the last refresh: with what arrives (its id is still 0), without what leaves.</summary>
    public MailboxIndex Server => _server ??= Arriving.IsEmpty && Leaving.IsEmpty
        ? Index
        : IndexSteps.Apply(Index, Arriving.Select(one => new IndexRow(one.Key, 0, one.Value.Flags, one.Value.ModSeq, one.Value.Fingerprint)).OrderBy(row => row.Uid), [.. Leaving.Keys]).Index;

    private MailboxIndex? _server;

    /// <summary>Returns the counters that clients see for counters of the server: what leaves is still there, what arrives is not there yet.</summary>
    public MailboxCounters Shown(MailboxCounters counted) => counted with
    {
        Total = Math.Max(0, counted.Total + Index.Count - Server.Count),
        Unseen = Math.Max(0, counted.Unseen + Index.Unseen - Server.Unseen),
    };

    /// <summary>The counters that clients see, calculated from the index alone.</summary>
    public MailboxCounters Counted => new(Index.Count, Index.Unseen, UidValidity, UidNext, HighestModSeq);

    /// <summary>The uid below which messages existed when the account was first listed and are not new, or null if it is not known.</summary>
    public uint? Baseline { get; set; }

    /// <summary>The moment since which the mailbox is gone, or its uids mean other messages, so that everything in <see cref="Index"/> is leaving. Null if this is not the case.</summary>
    public long? LostSince { get; set; }

    /// <summary>
    /// The counter of the mailbox that clients know. It is another mailbox if this one only keeps the messages from before a new UIDVALIDITY, which are searched for among the new ones.
    /// </summary>
    public ulong ShownAs { get; init; }

    /// <summary>True if the messages have not been searched for among those of <see cref="ShownAs"/>.</summary>
    public bool Unmatched { get; set; }

    /// <summary>True if a message of the mailbox waits for the other half of a move.</summary>
    public bool Waits => LostSince is not null || !Arriving.IsEmpty || !Leaving.IsEmpty;

    /// <summary>The reason why the stored index could not be used. The next commit reports it to clients.</summary>
    public string? ResetReason { get; set; }

    /// <summary>The number of the oldest messages whose flags were not compared yet, see <see cref="KnownMailbox.OlderLeft"/>.</summary>
    public int OlderLeft { get; set; }

    /// <summary>The value of the last refresh; see <see cref="MailboxView.ComparedFrom"/>.</summary>
    public uint ComparedFrom { get; set; }

    /// <summary>The start of the last refresh that was applied, as a <see cref="TimeProvider.GetTimestamp"/>, or null before the first one. What was true at that time is known.</summary>
    public long? LookedAt { get; set; }

    /// <summary>
    /// The lock for a refresh of the mailbox or a write to it, one at a time. A refresh that began before a write and ended after it would
    /// take the state from before the write for a new one.
    /// </summary>
    public Turn Turn { get; } = new();

    /// <summary>The refresh that has not begun yet. Callers that need one may share it.</summary>
    public Task? NextLook { get; set; }

    /// <summary>
    /// True if the complete result of a first refresh is written. Until then each refresh reads everything. If modSeqs are exact, none is known before.
    /// </summary>
    public bool IsComplete => UidValidity != 0 && (HighestModSeq != 0 || Precision != Precision.Exact);

    /// <summary>A snapshot that may be used on another thread.</summary>
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

/// <summary>A message that has arrived and was reported to no client yet, see <see cref="MailboxState.Arriving"/>.</summary>
/// <param name="Since">The time at which it was found, as a <see cref="TimeProvider.GetTimestamp"/>.</param>
public sealed record Arriving(Flags Flags, ulong ModSeq, ulong Fingerprint, long Since);
