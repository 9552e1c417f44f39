using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Sync;

/// <summary>The rows of mailboxes; always within a transaction that has passed the fence.</summary>
public static class MailboxStore
{
    /// <summary>Writes the state and the changed pages of a mailbox, and drops the pages that are no more.</summary>
    public static async Task WriteAsync(GatewayDbContext database, string incarnation, MailboxWrite write, IndexUpdate update, CancellationToken cancel)
    {
        var counter = (long)write.Mailbox.Counter;
        var pages = database.Set<IndexPageEntity>().Where(page => page.Incarnation == incarnation && page.Mailbox == counter);
        if (ReferenceEquals(write.Index, write.Mailbox.Index))
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
                    .SetProperty(row => row.Precision, write.Mailbox.Precision),
                cancel);
    }

    /// <summary>Writes what LIST says of a mailbox.</summary>
    public static async Task WriteAsync(GatewayDbContext database, string incarnation, MailboxState mailbox, ListedMailbox seen, Role? role, string? objectId, CancellationToken cancel)
    {
        var counter = (long)mailbox.Counter;
        var row = await database.Set<MailboxEntity>().AsTracking().SingleOrDefaultAsync(one => one.Incarnation == incarnation && one.Counter == counter, cancel);
        if (row is null)
        {
            row = new MailboxEntity { Incarnation = incarnation, Counter = counter, Path = seen.Path };
            database.Add(row);
        }
        row.Path = seen.Path;
        row.Delimiter = seen.Delimiter;
        row.Role = role;
        row.ObjectId = objectId;
        row.Subscribed = seen.Subscribed;
        row.Selectable = seen.Selectable;
    }

    public static async Task RemoveAsync(GatewayDbContext database, string incarnation, IReadOnlyCollection<long> counters, CancellationToken cancel)
    {
        await database.Set<IndexPageEntity>().Where(page => page.Incarnation == incarnation && counters.Contains(page.Mailbox)).ExecuteDeleteAsync(cancel);
        await database.Set<MailboxEntity>().Where(row => row.Incarnation == incarnation && counters.Contains(row.Counter)).ExecuteDeleteAsync(cancel);
    }
}
