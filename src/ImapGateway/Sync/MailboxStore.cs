using System.Collections.Immutable;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Sync;

/// <summary>Reads and writes the rows of mailboxes, always within a transaction that has passed the fence.</summary>
public static class MailboxStore
{
    /// <summary>
    /// Loads all mailboxes of an account, including the lost ones. Each comes with the damage of its stored index, if there is any: then it has no index and no UIDVALIDITY.
    /// </summary>
    /// <param name="now">The moment from which pending messages wait.</param>
    public static async Task<List<(MailboxState Mailbox, string? Damage)>> LoadAsync(GatewayDbContext database, string incarnation, long now, CancellationToken cancel)
    {
        var mailboxes = await database.Set<MailboxEntity>().Where(mailbox => mailbox.Incarnation == incarnation).ToListAsync(cancel);
        var pages = (await database.Set<IndexPageEntity>().Where(page => page.Incarnation == incarnation).ToListAsync(cancel)).ToLookup(page => page.Mailbox);
        var pending = (await database.Set<PendingEntity>().Where(one => one.Incarnation == incarnation).ToListAsync(cancel)).ToLookup(one => one.Mailbox);
        return mailboxes.ConvertAll(row =>
        {
            var (index, damage) = IndexOf(row, pages[row.Counter]);
            return (StateOf(row, index, pending[row.Counter], now), damage);
        });
    }

    private static (MailboxIndex? Index, string? Damage) IndexOf(MailboxEntity row, IEnumerable<IndexPageEntity> pages)
    {
        try
        {
            var index = MailboxIndex.Load(pages.Select(page => (page.Number, page.Data)));
            return index.Count == row.Messages ? (index, null) : (null, $"The index has {index.Count} of {row.Messages} messages.");
        }
        catch (InvalidDataException e)
        {
            return (null, e.Message);
        }
    }

    private static MailboxState StateOf(MailboxEntity row, MailboxIndex? index, IEnumerable<PendingEntity> pending, long now) => new(row.Incarnation, (ulong)row.Counter)
    {
        Listed = new ListedMailbox(row.Path, row.Delimiter, row.Subscribed, row.Selectable, row.Role, null),
        Role = row.Role,
        ObjectId = row.ObjectId,
        UidValidity = index is null ? 0 : (uint)row.UidValidity,
        UidNext = (uint)row.UidNext,
        HighestModSeq = (ulong)row.HighestModSeq,
        Precision = row.Precision,
        // What a damaged index knew is not new: it was reported before, or existed from the start.
        Baseline = (uint?)(index is null ? Math.Max(row.Baseline ?? 0, row.UidNext) : row.Baseline),
        ResetReason = index is null && row.UidValidity != 0 ? "index_lost" : null,
        LostSince = row.Lost ? now : null,
        ShownAs = (ulong)(row.ShownAs == 0 ? row.Counter : row.ShownAs),
        Unmatched = row.Unmatched,
        Index = index ?? MailboxIndex.Empty,
        Arriving = index is null ? ImmutableDictionary<uint, Arriving>.Empty
            : pending.Where(one => !one.Leaving).ToImmutableDictionary(one => (uint)one.Uid, one => new Arriving(FlagsOf(one.Flags), (ulong)one.ModSeq, (ulong)one.Fingerprint, now)),
        Leaving = index is null ? ImmutableDictionary<uint, long>.Empty : pending.Where(one => one.Leaving).ToImmutableDictionary(one => (uint)one.Uid, _ => now),
    };

    private static Flags FlagsOf(string text) => Flags.Of(text.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    /// <summary>
    /// Writes the state, the changed pages and the pending messages of a mailbox, and deletes the pages that no longer exist: all of them if UIDVALIDITY is another. A lost mailbox of which
    /// nothing is left must be removed instead.
    /// </summary>
    public static async Task WriteAsync(GatewayDbContext database, string incarnation, MailboxUpdate update, CancellationToken cancel)
    {
        var (write, mailbox) = (update.State, update.Mailbox);
        var counter = (long)mailbox.Counter;
        var pages = database.Set<IndexPageEntity>().Where(page => page.Incarnation == incarnation && page.Mailbox == counter);
        if (write.UidValidity == mailbox.UidValidity)
        {
            var touched = update.Index.Deleted.Concat(update.Index.Written.Select(page => page.Number)).ToList();
            if (touched.Count > 0)
            {
                await pages.Where(page => EF.Parameter(touched).Contains(page.Number)).ExecuteDeleteAsync(cancel);
            }
        }
        else
        {
            await pages.ExecuteDeleteAsync(cancel);
            await PendingOf(database, incarnation, counter).ExecuteDeleteAsync(cancel);
        }
        await database.InsertAsync(
            [.. update.Index.Written.Select(page => new IndexPageEntity { Incarnation = incarnation, Mailbox = counter, Number = page.Number, Data = page.Data })], cancel);
        await WritePendingAsync(database, incarnation, update, cancel);
        await database.Set<MailboxEntity>()
            .Where(row => row.Incarnation == incarnation && row.Counter == counter)
            .ExecuteUpdateAsync(
                set => set
                    .SetProperty(row => row.UidValidity, (long)write.UidValidity)
                    .SetProperty(row => row.UidNext, (long)write.UidNext)
                    .SetProperty(row => row.HighestModSeq, (long)write.HighestModSeq)
                    .SetProperty(row => row.ObjectId, write.ObjectId)
                    .SetProperty(row => row.Precision, write.Precision)
                    .SetProperty(row => row.Baseline, write.BaselineBelow)
                    .SetProperty(row => row.Unmatched, update.Unmatched)
                    .SetProperty(row => row.Messages, update.Index.Index.Count),
                cancel);
    }

    private static async Task WritePendingAsync(GatewayDbContext database, string incarnation, MailboxUpdate update, CancellationToken cancel)
    {
        if (update.Pending.Count == 0)
        {
            return;
        }
        var counter = (long)update.Mailbox.Counter;
        var uids = update.Pending.Select(uid => (long)uid).ToList();
        await PendingOf(database, incarnation, counter).Where(one => EF.Parameter(uids).Contains(one.Uid)).ExecuteDeleteAsync(cancel);
        var arriving = update.Pending.Where(update.Arriving.ContainsKey).Select(uid => (Uid: uid, Message: update.Arriving[uid])).Select(one => new PendingEntity
        {
            Incarnation = incarnation,
            Mailbox = counter,
            Uid = one.Uid,
            Leaving = false,
            Flags = one.Message.Flags.ToString(),
            ModSeq = (long)one.Message.ModSeq,
            Fingerprint = (long)one.Message.Fingerprint,
        });
        var leaving = update.Pending.Where(update.Leaving.ContainsKey).Select(uid => new PendingEntity
        {
            Incarnation = incarnation,
            Mailbox = counter,
            Uid = uid,
            Leaving = true,
            Flags = "",
            ModSeq = 0,
            Fingerprint = 0,
        });
        await database.InsertAsync([.. arriving, .. leaving], cancel);
    }

    /// <summary>Writes what LIST reports of known and new mailboxes, with one query for all of them, however many they are.</summary>
    public static async Task WriteAsync(GatewayDbContext database, string incarnation, IReadOnlyCollection<ListedWrite> writes, CancellationToken cancel)
    {
        // EF.Parameter: one parameter for the whole list. EF would make one of each number, and SQLite takes no more than 32,766.
        var counters = writes.Select(write => (long)write.Mailbox.Counter).ToList();
        var rows = await database.Set<MailboxEntity>().AsTracking()
            .Where(row => row.Incarnation == incarnation && EF.Parameter(counters).Contains(row.Counter)).ToDictionaryAsync(row => row.Counter, cancel);
        var added = new List<MailboxEntity>();
        foreach (var write in writes)
        {
            if (!rows.TryGetValue((long)write.Mailbox.Counter, out var row))
            {
                row = new MailboxEntity { Incarnation = incarnation, Counter = (long)write.Mailbox.Counter, ShownAs = (long)write.Mailbox.ShownAs, Path = write.Seen.Path };
                added.Add(row);
            }
            row.Path = write.Seen.Path;
            row.Delimiter = write.Seen.Delimiter;
            row.Role = write.Role;
            row.ObjectId = write.ObjectId;
            row.Subscribed = write.Seen.Subscribed;
            row.Selectable = write.Seen.Selectable;
            row.Baseline = write.Baseline;
        }
        await database.InsertAsync(added, cancel);
    }

    /// <summary>Gives the mailbox a new UIDVALIDITY and removes all its messages. <paramref name="lost"/> keeps the messages that it had, if there were any.</summary>
    public static async Task SetAsideAsync(GatewayDbContext database, string incarnation, MailboxState mailbox, MailboxState? lost, uint uidValidity, CancellationToken cancel)
    {
        var counter = (long)mailbox.Counter;
        await PendingOf(database, incarnation, counter).ExecuteDeleteAsync(cancel);
        if (lost is not null)
        {
            database.Add(new MailboxEntity
            {
                Incarnation = incarnation,
                Counter = (long)lost.Counter,
                ShownAs = (long)lost.ShownAs,
                Path = mailbox.Path,
                Delimiter = mailbox.Listed.Delimiter,
                Role = lost.Role,
                Selectable = true,
                UidValidity = lost.UidValidity,
                Messages = lost.Index.Count,
                Lost = true,
                Unmatched = true,
            });
            await database.Set<IndexPageEntity>().Where(page => page.Incarnation == incarnation && page.Mailbox == counter)
                .ExecuteUpdateAsync(set => set.SetProperty(page => page.Mailbox, (long)lost.Counter), cancel);
        }
        await database.Set<MailboxEntity>()
            .Where(row => row.Incarnation == incarnation && row.Counter == counter)
            .ExecuteUpdateAsync(
                set => set
                    .SetProperty(row => row.UidValidity, (long)uidValidity)
                    .SetProperty(row => row.UidNext, 0)
                    .SetProperty(row => row.HighestModSeq, 0)
                    .SetProperty(row => row.Precision, Precision.Exact)
                    .SetProperty(row => row.Baseline, 0)
                    .SetProperty(row => row.Messages, 0),
                cancel);
    }

    /// <summary>Marks mailboxes as gone. Their messages are kept until their fate is certain.</summary>
    public static async Task LoseAsync(GatewayDbContext database, string incarnation, IReadOnlyCollection<long> counters, CancellationToken cancel)
    {
        if (counters.Count == 0)
        {
            return;
        }
        await database.Set<PendingEntity>().Where(one => one.Incarnation == incarnation && EF.Parameter(counters).Contains(one.Mailbox)).ExecuteDeleteAsync(cancel);
        await database.Set<MailboxEntity>().Where(row => row.Incarnation == incarnation && EF.Parameter(counters).Contains(row.Counter))
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Lost, true), cancel);
    }

    public static async Task RemoveAsync(GatewayDbContext database, string incarnation, IReadOnlyCollection<long> counters, CancellationToken cancel)
    {
        if (counters.Count == 0)
        {
            return;
        }
        await database.Set<IndexPageEntity>().Where(page => page.Incarnation == incarnation && EF.Parameter(counters).Contains(page.Mailbox)).ExecuteDeleteAsync(cancel);
        await database.Set<PendingEntity>().Where(one => one.Incarnation == incarnation && EF.Parameter(counters).Contains(one.Mailbox)).ExecuteDeleteAsync(cancel);
        await database.Set<MailboxEntity>().Where(row => row.Incarnation == incarnation && EF.Parameter(counters).Contains(row.Counter)).ExecuteDeleteAsync(cancel);
    }

    private static IQueryable<PendingEntity> PendingOf(GatewayDbContext database, string incarnation, long counter) =>
        database.Set<PendingEntity>().Where(one => one.Incarnation == incarnation && one.Mailbox == counter);
}

/// <summary>The data of a mailbox from LIST and from other sources.</summary>
public sealed record ListedWrite(MailboxState Mailbox, ListedMailbox Seen, Role? Role, string? ObjectId, uint? Baseline);
