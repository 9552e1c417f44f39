using ImapGateway.Background;
using ImapGateway.Changes;
using ImapGateway.Storage;
using ImapGateway.Webhooks.Endpoints;
using ImapGateway.Webhooks.Lanes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace ImapGateway.Webhooks.Deliveries;

/// <summary>Deletes outcomes that are older than the retention time of changes, and those of deleted endpoints. The batches are small enough not to delay other writes.</summary>
public sealed class DeliveryPurgeWorker(IDatabase database, IOptions<ChangesOptions> options, Loops loops) : LoopService("webhook outcome purge", loops)
{
    private const int Batch = 200;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    protected override Task WaitAsync(CancellationToken stopping) => Task.Delay(options.Value.PurgeInterval(), Time, stopping);

    protected override async Task TurnAsync(CancellationToken stopping)
    {
        while (await PurgeAsync(stopping) == Batch)
        {
            await Task.Delay(Pause, Time, stopping);
        }
    }

    private async Task<int> PurgeAsync(CancellationToken cancel)
    {
        var before = Time.GetUtcNow() - options.Value.Retention;
        var ids = await database.ReadAsync(
            (db, token) => db.Set<DeliveryEntity>()
                .Where(row => row.UpdatedAt < before && ((row.State != DeliveryState.Pending && row.State != DeliveryState.Retrying) || !db.Set<WebhookEntity>().Any(webhook => webhook.Id == row.Webhook)))
                .OrderBy(row => row.UpdatedAt).Select(row => row.Id).Take(Batch).ToListAsync(token),
            cancel);
        return ids.Count == 0 ? 0 : await database.WriteAsync((db, token) => db.Set<DeliveryEntity>().Where(row => ids.Contains(row.Id)).ExecuteDeleteAsync(token), cancel);
    }
}
