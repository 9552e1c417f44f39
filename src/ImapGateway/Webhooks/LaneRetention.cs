using ImapGateway.Changes;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace ImapGateway.Webhooks;

/// <summary>Keeps changes in the log that are still to be delivered, and gives deliveries up before the log is purged of them all the same.</summary>
public sealed class LaneRetention(IDatabase database, DeliveryWorker worker, OutcomeWriter outcomes, IOptions<ChangesOptions> options, TimeProvider time) : IRetentionHold
{
    public async Task<IReadOnlyDictionary<string, long>> LowestAsync(CancellationToken cancel)
    {
        await ExpireAsync(time.GetUtcNow() - options.Value.MaxRetention, cancel);
        return await database.ReadAsync(
            async (db, token) =>
            {
                var lanes = await db.Set<LaneEntity>().GroupBy(lane => lane.Incarnation).Select(group => new { group.Key, Lowest = group.Min(lane => lane.Cursor) + 1 }).ToListAsync(token);
                var apart = await db.Set<DeliveryEntity>().Where(row => row.State == DeliveryState.Retrying && row.Payload == null)
                    .GroupBy(row => row.Incarnation).Select(group => new { group.Key, Lowest = group.Min(row => row.Sequence) }).ToListAsync(token);
                return lanes.Concat(apart).GroupBy(each => each.Key).ToDictionary(group => group.Key, group => group.Min(each => each.Lowest));
            },
            cancel);
    }

    private async Task ExpireAsync(DateTimeOffset before, CancellationToken cancel)
    {
        var late = await database.ReadAsync(
            (db, token) => (from lane in db.Set<LaneEntity>()
                            where db.Set<ChangeEntity>().Any(change => change.Incarnation == lane.Incarnation && change.Sequence == lane.Cursor + 1 && change.Timestamp < before)
                            select lane.Id).ToListAsync(token),
            cancel);
        if (late.Count > 0)
        {
            await worker.ExpireAsync(late.ToHashSet(), before, cancel);
            await outcomes.WrittenAsync(cancel);
        }
        var apart = await database.ReadAsync((db, token) => Apart(db, before).Select(row => row.Webhook).Distinct().ToListAsync(token), cancel);
        if (apart.Count > 0)
        {
            var now = time.GetUtcNow();
            await database.WriteAsync(
                async (db, token) =>
                {
                    await Apart(db, before).ExecuteUpdateAsync(
                        update => update.SetProperty(row => row.State, DeliveryState.Expired).SetProperty(row => row.NextAttemptAt, (DateTimeOffset?)null).SetProperty(row => row.UpdatedAt, now), token);
                    return await db.Set<WebhookEntity>().Where(row => apart.Contains(row.Id)).ExecuteUpdateAsync(update => update.SetProperty(row => row.LastExpiredAt, now), token);
                },
                cancel);
        }
    }

    private static IQueryable<DeliveryEntity> Apart(GatewayDbContext db, DateTimeOffset before) =>
        db.Set<DeliveryEntity>().Where(row => row.State == DeliveryState.Retrying && row.Payload == null && row.Timestamp < before);
}
