using System.Threading.Channels;
using ImapGateway.Background;
using ImapGateway.Cache;
using ImapGateway.Storage;
using ImapGateway.Sync;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Accounts;

/// <summary>Deletes the data of removed accounts, a few rows at a time so that no other write waits for it; it goes on after a restart.</summary>
public sealed partial class AccountRemover(IDatabase database, HeaderCache cache, Loops loops, ILogger<AccountRemover> log) : LoopService("account removal", loops)
{
    private const int Batch = 20;
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(1);

    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Wake() => _wake.Writer.TryWrite(true);

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        // The data that the previous process has left is removed first.
        Wake();
        return base.StartAsync(cancellationToken);
    }

    protected override async Task TurnAsync(CancellationToken stopping)
    {
        var removed = await database.ReadAsync(
            (db, token) => db.Set<AccountEntity>().Where(AccountEntity.IsRemoved).Select(account => account.Incarnation).ToListAsync(token), stopping);
        await GuardedLoop.ForEachAsync(removed, incarnation => RemoveAsync(incarnation, stopping), stopping);
    }

    /// <summary>Waits for a removal, or for some time: a cache may have been unavailable the last time.</summary>
    protected override async Task WaitAsync(CancellationToken stopping)
    {
        using var look = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        look.CancelAfter(Look);
        try
        {
            await _wake.Reader.ReadAsync(look.Token);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            // It is time for the next check.
        }
    }

    private async Task RemoveAsync(string incarnation, CancellationToken cancel)
    {
        while (await database.WriteAsync(
            async (db, token) =>
            {
                var pages = await db.Set<IndexPageEntity>().Where(page => page.Incarnation == incarnation)
                    .OrderBy(page => page.Mailbox).ThenBy(page => page.Number).Select(page => new { page.Mailbox, page.Number }).Take(Batch).ToListAsync(token);
                foreach (var page in pages)
                {
                    await db.Set<IndexPageEntity>().Where(row => row.Incarnation == incarnation && row.Mailbox == page.Mailbox && row.Number == page.Number).ExecuteDeleteAsync(token);
                }
                return pages.Count > 0;
            },
            cancel))
        {
        }
        while (await database.WriteAsync(
            async (db, token) =>
            {
                var pending = await db.Set<PendingEntity>().Where(one => one.Incarnation == incarnation)
                    .OrderBy(one => one.Mailbox).ThenBy(one => one.Uid).Select(one => new { one.Mailbox, one.Uid }).Take(Batch).ToListAsync(token);
                foreach (var alike in pending.GroupBy(one => one.Mailbox, one => one.Uid))
                {
                    var uids = alike.ToList();
                    await db.Set<PendingEntity>().Where(row => row.Incarnation == incarnation && row.Mailbox == alike.Key && EF.Parameter(uids).Contains(row.Uid)).ExecuteDeleteAsync(token);
                }
                return pending.Count > 0;
            },
            cancel))
        {
        }
        while (await database.WriteAsync(
            async (db, token) =>
            {
                var mailboxes = await db.Set<MailboxEntity>().Where(mailbox => mailbox.Incarnation == incarnation)
                    .OrderBy(mailbox => mailbox.Counter).Select(mailbox => mailbox.Counter).Take(Batch).ToListAsync(token);
                await db.Set<MailboxEntity>().Where(row => row.Incarnation == incarnation && mailboxes.Contains(row.Counter)).ExecuteDeleteAsync(token);
                return mailboxes.Count > 0;
            },
            cancel))
        {
        }
        // The row of the account is deleted last: as long as it exists, all of this is repeated.
        if (!await cache.ClearAsync(incarnation))
        {
            LogNotForgotten(incarnation);
            return;
        }
        await database.WriteAsync(
            async (db, token) =>
            {
                await db.Set<AccountMetadataEntity>().Where(row => row.Incarnation == incarnation).ExecuteDeleteAsync(token);
                await db.Set<AccountEntity>().Where(row => row.Incarnation == incarnation).ExecuteDeleteAsync(token);
                return true;
            },
            cancel);
        LogRemoved(incarnation);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The caches could not be made to forget the removed account with incarnation {Incarnation} now; it is tried again.")]
    private partial void LogNotForgotten(string incarnation);

    [LoggerMessage(Level = LogLevel.Information, Message = "All rows of the removed account with incarnation {Incarnation} are deleted.")]
    private partial void LogRemoved(string incarnation);
}
