using System.Globalization;
using ImapGateway.Accounts;
using ImapGateway.Changes;
using ImapGateway.Mail;
using ImapGateway.Storage;
using ImapGateway.Webhooks.Endpoints;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Webhooks.Lanes;

/// <summary>Reads and writes the rows of lanes, and reads the outcomes that a lane needs.</summary>
public sealed class LaneStore(IDatabase database)
{
    /// <summary>The tolerance for accounts that are only a little younger than the endpoint's filters: such an account may have been added before them, unseen by their transaction.</summary>
    private static readonly TimeSpan Doubt = TimeSpan.FromMinutes(1);

    /// <summary>The number of lanes that are added by one statement.</summary>
    private const int AddedAtOnce = 500;

    /// <summary>The number of lanes that are claimed in one transaction. Other writes go between the transactions.</summary>
    private const int ClaimedAtOnce = 500;

    /// <summary>
    /// Adds the missing lanes: from now on for accounts that are older than the filters of the endpoint, from their first change for younger ones.
    /// It adds none if the endpoint has been deleted meanwhile.
    /// </summary>
    /// <param name="accounts">The accounts that the endpoint may follow, or null for all.</param>
    /// <param name="isNew">True if the endpoint or its filters are new: it follows all accounts from now on.</param>
    public static async Task<int> AddMissingAsync(GatewayDbContext db, WebhookEntity webhook, IReadOnlyCollection<string>? accounts, bool isNew, CancellationToken cancel)
    {
        var missing = db.Set<AccountEntity>().Where(AccountEntity.IsLive)
            .Where(account => !db.Set<LaneEntity>().Any(lane => lane.Webhook == webhook.Id && lane.Incarnation == account.Incarnation && lane.End == null));
        if (accounts is not null)
        {
            var named = accounts.ToList();
            missing = missing.Where(account => named.Contains(account.Id));
        }
        var since = isNew ? long.MaxValue : (webhook.FollowsSince - Doubt).ToUnixTimeMilliseconds();
        var added = 0;
        foreach (var some in (await missing.Select(account => account.Incarnation).ToListAsync(cancel)).Chunk(AddedAtOnce))
        {
            var sql = $$"""
                INSERT INTO "webhook_lane" ("Webhook", "Incarnation", "Account", "Cursor", "Generation")
                SELECT {0}, a."Incarnation", a."Id", CASE WHEN a."CreatedAt" > {1} THEN 0 ELSE f."Sequence" END, 0
                FROM "account" AS a JOIN "fence" AS f ON f."Incarnation" = a."Incarnation"
                WHERE a."Incarnation" IN ({{string.Join(", ", some.Select((_, at) => string.Create(CultureInfo.InvariantCulture, $"{{{at + 2}}}")))}})
                AND f."Sequence" >= 0 AND f."Sequence" < {{ObjectId.LastNumber}} AND EXISTS (SELECT 1 FROM "webhook" AS w WHERE w."Id" = {0})
                """;
            added += await db.Database.ExecuteSqlRawAsync(sql, [webhook.Id, since, .. some], cancel);
        }
        return added;
    }

    public Task<int> AddMissingAsync(WebhookEntity webhook, IReadOnlyCollection<string>? accounts, CancellationToken cancel) =>
        database.WriteAsync((db, token) => AddMissingAsync(db, webhook, accounts, isNew: false, token), cancel);

    /// <summary>Claims lanes of an endpoint, and returns them with the cursors at which they continue. After the commit, the earlier owner can no longer write to them.</summary>
    /// <param name="known">The lanes that already run here, which are not claimed.</param>
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

    /// <summary>Returns the outcomes beyond a lane's cursor: changes that were handled or tried ahead of it.</summary>
    public Task<List<DeliveryEntity>> AheadAsync(LaneRef lane, long cursor, CancellationToken cancel) => database.ReadAsync(
        (db, token) => db.Set<DeliveryEntity>().Where(DeliveryEntity.IsReadable).Where(row => row.Webhook == lane.Webhook && row.Incarnation == lane.Incarnation && row.Sequence > cursor).ToListAsync(token), cancel);

    /// <summary>Returns the outcomes of these changes by their sequence numbers.</summary>
    /// <param name="batch">Changes of one account, in the order of the log.</param>
    public Task<Dictionary<long, DeliveryEntity>> OutcomesAsync(string webhook, IReadOnlyList<LoggedChange> batch, CancellationToken cancel)
    {
        var (incarnation, first, last) = (batch[0].Incarnation, batch[0].Sequence, batch[^1].Sequence);
        return database.ReadAsync(
            (db, token) => db.Set<DeliveryEntity>().Where(row => row.Webhook == webhook && row.Incarnation == incarnation && row.Sequence >= first && row.Sequence <= last)
                .ToDictionaryAsync(row => row.Sequence, token),
            cancel);
    }

    /// <summary>Returns the deliveries set apart that are due next.</summary>
    public Task<List<DeliveryEntity>> RetryingAsync(string webhook, int limit, CancellationToken cancel) => database.ReadAsync(
        (db, token) => db.Set<DeliveryEntity>().Where(DeliveryEntity.IsReadable).Where(row => row.Webhook == webhook && row.State == DeliveryState.Retrying)
            .OrderBy(row => row.NextAttemptAt).Take(limit).ToListAsync(token), cancel);

    /// <summary>Returns the accounts that have changes after a cursor. The node that wrote them may not have notified this one.</summary>
    public Task<List<string>> BehindAsync(CancellationToken cancel) => database.ReadAsync(
        (db, token) => (from lane in db.Set<LaneEntity>()
                        join fence in db.Set<FenceEntity>() on lane.Incarnation equals fence.Incarnation
                        where fence.Sequence > lane.Cursor
                        select lane.Incarnation).Distinct().ToListAsync(token), cancel);
}
