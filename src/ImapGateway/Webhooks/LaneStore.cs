using System.Globalization;
using ImapGateway.Changes;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Webhooks;

/// <summary>The rows of lanes, and of outcomes that a lane has to know.</summary>
public sealed class LaneStore(IDatabase database)
{
    /// <summary>An account that is younger than the endpoint's filters by less than this may have been added before them all the same, unseen by their transaction.</summary>
    private static readonly TimeSpan Doubt = TimeSpan.FromMinutes(1);

    /// <summary>Lanes that are claimed in one transaction: others' writes go between.</summary>
    private const int ClaimedAtOnce = 500;

    /// <summary>
    /// Adds the lanes that are missing: from now on for accounts that are older than the filters of the endpoint, from their first change for younger ones.
    /// None where the endpoint has been deleted meanwhile.
    /// </summary>
    /// <param name="accounts">Those it may follow; null: all.</param>
    /// <param name="isNew">The endpoint, or its filters: it follows all from now on.</param>
    public static async Task<int> AddMissingAsync(GatewayDbContext db, WebhookEntity webhook, IReadOnlyCollection<string>? accounts, bool isNew, CancellationToken cancel)
    {
        var followed = 0;
        var since = isNew ? long.MaxValue : (webhook.FollowsSince - Doubt).ToUnixTimeMilliseconds();
        foreach (var some in accounts is null ? [null] : accounts.Chunk(500).AsEnumerable<string[]?>())
        {
            var named = some is null ? "" : $"AND a.\"Id\" IN ({string.Join(", ", some.Select((_, at) => string.Create(CultureInfo.InvariantCulture, $"{{{at + 2}}}")))})";
            var sql = $$"""
                INSERT INTO "webhook_lane" ("Webhook", "Incarnation", "Account", "Cursor", "Generation")
                SELECT {0}, a."Incarnation", a."Id", CASE WHEN a."CreatedAt" > {1} THEN 0 ELSE f."Sequence" END, 0
                FROM "account" AS a JOIN "fence" AS f ON f."Incarnation" = a."Incarnation"
                WHERE (a."RemovedAt" IS NULL OR a."ImapSecret" <> '') AND f."Sequence" >= 0 AND f."Sequence" < {{ObjectId.LastNumber}} {{named}}
                AND EXISTS (SELECT 1 FROM "webhook" AS w WHERE w."Id" = {0})
                AND NOT EXISTS (SELECT 1 FROM "webhook_lane" AS l WHERE l."Webhook" = {0} AND l."Incarnation" = a."Incarnation" AND l."End" IS NULL)
                """;
            followed += await db.Database.ExecuteSqlRawAsync(sql, [webhook.Id, since, .. some ?? []], cancel);
        }
        return followed;
    }

    public Task<int> AddMissingAsync(WebhookEntity webhook, IReadOnlyCollection<string>? accounts, CancellationToken cancel) =>
        database.WriteAsync((db, token) => AddMissingAsync(db, webhook, accounts, isNew: false, token), cancel);

    /// <summary>Lanes of an endpoint with the place where each is to go on; from the commit on, whoever worked on them before can write nothing of them.</summary>
    /// <param name="known">Lanes that are at work here, and are left alone.</param>
    public async Task<List<(LaneRef Lane, long Cursor)>> ClaimAsync(string webhook, IReadOnlySet<long> known, CancellationToken cancel)
    {
        var ids = await database.ReadAsync((db, token) => db.Set<LaneEntity>().Where(lane => lane.Webhook == webhook).Select(lane => lane.Id).ToListAsync(token), cancel);
        var claimed = new List<(LaneRef, long)>(ids.Count);
        foreach (var some in ids.Where(id => !known.Contains(id)).Chunk(ClaimedAtOnce))
        {
            claimed.AddRange(await database.WriteAsync((db, token) => ClaimAsync(db, some, token), cancel));
        }
        return claimed;
    }

    private static async Task<List<(LaneRef Lane, long Cursor)>> ClaimAsync(GatewayDbContext db, long[] ids, CancellationToken cancel)
    {
        var lanes = db.Set<LaneEntity>().Where(lane => EF.Parameter(ids).Contains(lane.Id));
        await lanes.ExecuteUpdateAsync(update => update.SetProperty(lane => lane.Generation, lane => lane.Generation + 1), cancel);
        return (await lanes.AsNoTracking().ToListAsync(cancel)).ConvertAll(lane => (new LaneRef(lane.Id, lane.Generation, lane.Webhook, lane.Incarnation, lane.Account, lane.End), lane.Cursor));
    }

    /// <summary>What was done ahead of a lane's cursor, or has been tried already.</summary>
    public Task<List<DeliveryEntity>> AheadAsync(LaneRef lane, long cursor, CancellationToken cancel) => database.ReadAsync(
        (db, token) => db.Set<DeliveryEntity>().Where(DeliveryEntity.IsReadable).Where(row => row.Webhook == lane.Webhook && row.Incarnation == lane.Incarnation && row.Sequence > cursor).ToListAsync(token), cancel);

    /// <summary>Outcomes of these changes, by their sequences.</summary>
    public Task<Dictionary<long, DeliveryEntity>> OutcomesAsync(LaneRef lane, long first, long last, CancellationToken cancel) => database.ReadAsync(
        (db, token) => db.Set<DeliveryEntity>().Where(row => row.Webhook == lane.Webhook && row.Incarnation == lane.Incarnation && row.Sequence >= first && row.Sequence <= last)
            .ToDictionaryAsync(row => row.Sequence, token),
        cancel);

    /// <summary>Those set apart that are due next.</summary>
    public Task<List<DeliveryEntity>> RetryingAsync(string webhook, int limit, CancellationToken cancel) => database.ReadAsync(
        (db, token) => db.Set<DeliveryEntity>().Where(DeliveryEntity.IsReadable).Where(row => row.Webhook == webhook && row.State == DeliveryState.Retrying)
            .OrderBy(row => row.NextAttemptAt).Take(limit).ToListAsync(token), cancel);

    /// <summary>Accounts whose changes go on behind a cursor: whoever wrote them may have told nobody here.</summary>
    public Task<List<string>> BehindAsync(CancellationToken cancel) => database.ReadAsync(
        (db, token) => (from lane in db.Set<LaneEntity>()
                        join fence in db.Set<FenceEntity>() on lane.Incarnation equals fence.Incarnation
                        where fence.Sequence > lane.Cursor
                        select lane.Incarnation).Distinct().ToListAsync(token), cancel);
}
