using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Sync;

/// <summary>The rows of mailboxes; always within a transaction that has passed the fence.</summary>
public static class MailboxStore
{
    /// <summary>All mailboxes of an account; with each, what is wrong with its stored index, if anything: then it has none, and no UIDVALIDITY.</summary>
    public static async Task<List<(MailboxState Mailbox, string? Damage)>> LoadAsync(GatewayDbContext database, string incarnation, CancellationToken cancel)
    {
        var mailboxes = await database.Set<MailboxEntity>().Where(mailbox => mailbox.Incarnation == incarnation).ToListAsync(cancel);
        var pages = (await database.Set<IndexPageEntity>().Where(page => page.Incarnation == incarnation).ToListAsync(cancel)).ToLookup(page => page.Mailbox);
        return mailboxes.ConvertAll(row =>
        {
            var (index, damage) = IndexOf(row, pages[row.Counter]);
            return (StateOf(row, index), damage);
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

    private static MailboxState StateOf(MailboxEntity row, MailboxIndex? index) => new(row.Incarnation, (ulong)row.Counter)
    {
        Listed = new ListedMailbox(row.Path, row.Delimiter, row.Subscribed, row.Selectable, row.Role, null),
        Role = row.Role,
        ObjectId = row.ObjectId,
        UidValidity = index is null ? 0 : (uint)row.UidValidity,
        UidNext = (uint)row.UidNext,
        HighestModSeq = (ulong)row.HighestModSeq,
        Precision = row.Precision,
        Index = index ?? MailboxIndex.Empty,
    };

    /// <summary>Writes the state and the changed pages of a mailbox, and drops the pages that are no more: all, where UIDVALIDITY is another.</summary>
    public static async Task WriteAsync(GatewayDbContext database, string incarnation, MailboxWrite write, IndexUpdate update, CancellationToken cancel)
    {
        var counter = (long)write.Mailbox.Counter;
        var pages = database.Set<IndexPageEntity>().Where(page => page.Incarnation == incarnation && page.Mailbox == counter);
        if (write.UidValidity == write.Mailbox.UidValidity)
        {
            var touched = update.Deleted.Concat(update.Written.Select(page => page.Number)).ToList();
            await pages.Where(page => touched.Contains(page.Number)).ExecuteDeleteAsync(cancel);
        }
        else
        {
            await pages.ExecuteDeleteAsync(cancel);
        }
        database.AddRange(update.Written.Select(page => new IndexPageEntity { Incarnation = incarnation, Mailbox = counter, Number = page.Number, Data = page.Data }));
        await database.Set<MailboxEntity>()
            .Where(row => row.Incarnation == incarnation && row.Counter == counter)
            .ExecuteUpdateAsync(
                set => set
                    .SetProperty(row => row.UidValidity, (long)write.UidValidity)
                    .SetProperty(row => row.UidNext, (long)write.UidNext)
                    .SetProperty(row => row.HighestModSeq, (long)write.HighestModSeq)
                    .SetProperty(row => row.ObjectId, write.ObjectId)
                    .SetProperty(row => row.Precision, write.Precision)
                    .SetProperty(row => row.Messages, update.Index.Count),
                cancel);
    }

    /// <summary>Writes what LIST says of mailboxes, known ones and new ones: one question for all of them, however many they are.</summary>
    public static async Task WriteAsync(GatewayDbContext database, string incarnation, IReadOnlyCollection<ListedWrite> writes, CancellationToken cancel)
    {
        // EF.Parameter: one for the whole list. EF would make one of each number, and SQLite takes no more than 32,766.
        var counters = writes.Select(write => (long)write.Mailbox.Counter).ToList();
        var rows = await database.Set<MailboxEntity>().AsTracking()
            .Where(row => row.Incarnation == incarnation && EF.Parameter(counters).Contains(row.Counter)).ToDictionaryAsync(row => row.Counter, cancel);
        foreach (var (mailbox, seen, role, objectId) in writes)
        {
            if (!rows.TryGetValue((long)mailbox.Counter, out var row))
            {
                row = new MailboxEntity { Incarnation = incarnation, Counter = (long)mailbox.Counter, Path = seen.Path };
                database.Add(row);
            }
            row.Path = seen.Path;
            row.Delimiter = seen.Delimiter;
            row.Role = role;
            row.ObjectId = objectId;
            row.Subscribed = seen.Subscribed;
            row.Selectable = seen.Selectable;
        }
    }

    public static async Task RemoveAsync(GatewayDbContext database, string incarnation, IReadOnlyCollection<long> counters, CancellationToken cancel)
    {
        await database.Set<IndexPageEntity>().Where(page => page.Incarnation == incarnation && EF.Parameter(counters).Contains(page.Mailbox)).ExecuteDeleteAsync(cancel);
        await database.Set<MailboxEntity>().Where(row => row.Incarnation == incarnation && EF.Parameter(counters).Contains(row.Counter)).ExecuteDeleteAsync(cancel);
    }
}

/// <summary>What LIST, and what else is known, says of a mailbox.</summary>
public sealed record ListedWrite(MailboxState Mailbox, ListedMailbox Seen, Role? Role, string? ObjectId);
