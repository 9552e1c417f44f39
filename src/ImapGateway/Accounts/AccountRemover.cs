using ImapGateway.Cache;
using ImapGateway.Changes;
using ImapGateway.Mail;
using ImapGateway.Storage;
using ImapGateway.Sync;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Accounts;

/// <summary>Deletes what removed accounts have left behind, a few rows at a time so that nobody waits for it; goes on after a restart.</summary>
public sealed partial class AccountRemover(IDatabase database, HeaderCache cache, ILogger<AccountRemover> log) : BackgroundService
{
    private const int Batch = 20;
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _wake = new(0, 1);

    public void Wake()
    {
        if (_wake.CurrentCount == 0)
        {
            _wake.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var removed = await database.ReadAsync(
                    (db, token) => db.Set<AccountEntity>().Where(account => account.RemovedAt != null).Select(account => account.Incarnation).ToListAsync(token), stoppingToken);
                foreach (var incarnation in removed)
                {
                    await RemoveAsync(incarnation, stoppingToken);
                }
            }
            catch (ProblemException e)
            {
                LogFailed(e.Code);
            }
            await _wake.WaitAsync(Look, stoppingToken).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private async Task RemoveAsync(string incarnation, CancellationToken cancel)
    {
        cache.Clear(incarnation);
        // Pages first: they are the bulk.
        while (await database.WriteAsync(
            async (db, token) =>
            {
                var numbers = await db.Set<IndexPageEntity>().Where(page => page.Incarnation == incarnation)
                    .OrderBy(page => page.Mailbox).ThenBy(page => page.Number).Select(page => new { page.Mailbox, page.Number }).Take(Batch).ToListAsync(token);
                foreach (var page in numbers)
                {
                    await db.Set<IndexPageEntity>().Where(row => row.Incarnation == incarnation && row.Mailbox == page.Mailbox && row.Number == page.Number).ExecuteDeleteAsync(token);
                }
                return numbers.Count > 0;
            },
            cancel))
        {
        }
        await database.WriteAsync(
            async (db, token) =>
            {
                await db.Set<MailboxEntity>().Where(row => row.Incarnation == incarnation).ExecuteDeleteAsync(token);
                await db.Set<AccountMetadataEntity>().Where(row => row.Incarnation == incarnation).ExecuteDeleteAsync(token);
                await db.Set<FenceEntity>().Where(row => row.Incarnation == incarnation).ExecuteDeleteAsync(token);
                await db.Set<AccountEntity>().Where(row => row.Incarnation == incarnation).ExecuteDeleteAsync(token);
                return true;
            },
            cancel);
        LogRemoved(incarnation);
    }

    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Removed accounts could not be cleaned up now ({Code}); it is tried again.")]
    private partial void LogFailed(ErrorCode code);

    [LoggerMessage(Level = LogLevel.Information, Message = "All rows of the removed account with incarnation {Incarnation} are deleted.")]
    private partial void LogRemoved(string incarnation);
}
