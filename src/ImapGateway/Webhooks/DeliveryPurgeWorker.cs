using ImapGateway.Changes;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace ImapGateway.Webhooks;

/// <summary>Deletes outcomes that have been kept as long as changes are, and those of endpoints that are gone, in batches small enough not to hold up other writes.</summary>
public sealed partial class DeliveryPurgeWorker(IDatabase database, IOptions<ChangesOptions> options, TimeProvider time, ILogger<DeliveryPurgeWorker> log) : BackgroundService
{
    private const int Batch = 200;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.PurgeInterval(), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (await PurgeAsync(stoppingToken) == Batch)
                {
                    await Task.Delay(Pause, time, stoppingToken);
                }
            }
            catch (ProblemException unavailable)
            {
                LogLater(unavailable.Problem.Detail);
            }
        }
    }

    private async Task<int> PurgeAsync(CancellationToken cancel)
    {
        var before = time.GetUtcNow() - options.Value.Retention;
        var ids = await database.ReadAsync(
            (db, token) => db.Set<DeliveryEntity>()
                .Where(row => row.UpdatedAt < before && ((row.State != DeliveryState.Pending && row.State != DeliveryState.Retrying) || !db.Set<WebhookEntity>().Any(webhook => webhook.Id == row.Webhook)))
                .OrderBy(row => row.UpdatedAt).Select(row => row.Id).Take(Batch).ToListAsync(token),
            cancel);
        return ids.Count == 0 ? 0 : await database.WriteAsync((db, token) => db.Set<DeliveryEntity>().Where(row => ids.Contains(row.Id)).ExecuteDeleteAsync(token), cancel);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old outcomes of webhooks stay until the next round: {Reason}")]
    private partial void LogLater(string reason);
}
