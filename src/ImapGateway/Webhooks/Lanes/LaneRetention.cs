using ImapGateway.Changes;
using ImapGateway.Storage;
using ImapGateway.Webhooks.Endpoints;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace ImapGateway.Webhooks.Lanes;

/// <summary>Keeps changes in the log that are still to be delivered. If the log must be purged of them all the same, it first gives up their deliveries.</summary>
public sealed class LaneRetention(IDatabase database, DeliveryWorker worker, OutcomeWriter outcomes, IOptions<ChangesOptions> options, TimeProvider time) : IRetentionHold
{
    /// <summary>The number of deliveries that are given up in one transaction. Other writes go between the transactions.</summary>
    private const int Batch = 200;

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
        while (await database.ReadAsync((db, token) => Apart(db, before).AnyAsync(token), cancel))
        {
            await ExpireApartAsync(before, cancel);
        }
    }

    private Task<int> ExpireApartAsync(DateTimeOffset before, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        return database.WriteAsync(
            async (db, token) =>
            {
                var rows = await Apart(db, before).OrderBy(row => row.Id).Select(row => new { row.Id, row.Webhook }).Take(Batch).ToListAsync(token);
                var (ids, webhooks) = (rows.ConvertAll(row => row.Id), rows.Select(row => row.Webhook).Distinct().ToList());
                await db.Set<DeliveryEntity>().Where(row => EF.Parameter(ids).Contains(row.Id)).ExecuteUpdateAsync(
                    update => update.SetProperty(row => row.State, DeliveryState.Expired).SetProperty(row => row.NextAttemptAt, (DateTimeOffset?)null).SetProperty(row => row.UpdatedAt, now), token);
                await db.Set<WebhookEntity>().Where(row => EF.Parameter(webhooks).Contains(row.Id)).ExecuteUpdateAsync(update => update.SetProperty(row => row.LastExpiredAt, now), token);
                return rows.Count;
            },
            cancel);
    }

    private static IQueryable<DeliveryEntity> Apart(GatewayDbContext db, DateTimeOffset before) =>
        db.Set<DeliveryEntity>().Where(row => row.State == DeliveryState.Retrying && row.Payload == null && row.Timestamp < before);
}
