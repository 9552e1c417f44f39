using ImapGateway.Changes;
using ImapGateway.Mail;
using ImapGateway.Storage;
using ImapGateway.Webhooks.Endpoints;
using ImapGateway.Webhooks.Lanes;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Webhooks.Deliveries;

/// <summary>The filter of a list of deliveries.</summary>
/// <param name="State">`pending`, `retrying`, `delivered`, `dead` or `expired`.</param>
/// <param name="Account" example="acc_k3v7q2mzp4x6a">The id of an account.</param>
/// <param name="Type" example="message.added">The type of the change.</param>
public sealed record DeliveryQuery(string? State = null, string? Account = null, string? Type = null)
{
    public string Filter => $"{State}\n{Account}\n{Type}";

    public (DeliveryState? State, ChangeType? Type) Parse()
    {
        var errors = new RequestErrors();
        DeliveryState? state = State is null ? null : WireNames.Find<DeliveryState>(State);
        if (State is not null && state is null)
        {
            errors.Parameter("state", $"One of {WireNames.All<DeliveryState>()} is expected.");
        }
        ChangeType? type = Type is not null && ChangeTypes.TryParse(Type, out var known) ? known : null;
        if (Type is not null && type is null)
        {
            errors.Parameter("type", $"One of {string.Join(", ", ChangeTypes.Names)} is expected.");
        }
        errors.ThrowIfAny();
        return (state, type);
    }
}

/// <summary>The position at which a page of deliveries ended: among the pending deliveries, or among the outcomes.</summary>
public sealed record DeliveryPosition(string? Incarnation, long Sequence, long? Before);

/// <summary>Reads the deliveries that are shown: first the pending ones, lane by lane, then outcomes, newest first.</summary>
public sealed class DeliveryStore(IDatabase database, ChangeLog log, LaneStore lanes)
{
    private static ProblemException NotFound() => new(ErrorCode.NotFound, "There is no such delivery at this webhook.");

    public async Task<(List<Delivery> Items, DeliveryPosition? Next)> ListAsync(WebhookEntity webhook, DeliveryQuery query, DeliveryPosition? from, int limit, CancellationToken cancel)
    {
        var (state, type) = query.Parse();
        var items = new List<Delivery>();
        if (from?.Before is null && state is null or DeliveryState.Pending)
        {
            var filter = ChangeFilter.Of(webhook);
            foreach (var lane in await LanesAsync(webhook.Id, query.Account, from?.Incarnation, cancel))
            {
                var after = lane.Incarnation == from?.Incarnation ? Math.Max(lane.Cursor, from.Sequence) : lane.Cursor;
                while (await log.ReadAsync(lane.Incarnation, after, limit, cancel) is { Count: > 0 } batch)
                {
                    var outcomes = await lanes.OutcomesAsync(webhook.Id, batch, cancel);
                    foreach (var change in batch)
                    {
                        after = change.Sequence;
                        var row = outcomes.GetValueOrDefault(change.Sequence);
                        if (row is not null and not { State: DeliveryState.Pending } || !filter.Admits(change) || (type is not null && change.Type != type))
                        {
                            continue;
                        }
                        if (items.Count == limit)
                        {
                            return (items, new DeliveryPosition(change.Incarnation, change.Sequence - 1, null));
                        }
                        items.Add(row is null ? Delivery.OfPending(change) : Delivery.Of(row, webhook));
                    }
                }
            }
        }
        if (state == DeliveryState.Pending)
        {
            return (items, null);
        }
        var rows = await RowsAsync(webhook.Id, query.Account, state, type, from?.Before, limit - items.Count + 1, cancel);
        var more = rows.Count > limit - items.Count;
        var shown = rows.Take(limit - items.Count).ToList();
        items.AddRange(shown.Select(row => Delivery.Of(row, webhook)));
        return (items, more ? new DeliveryPosition(null, 0, shown.Count == 0 ? from?.Before ?? long.MaxValue : shown[^1].Id) : null);
    }

    public async Task<Delivery> GetAsync(WebhookEntity webhook, string id, CancellationToken cancel)
    {
        var change = Parse(id);
        if (await FindAsync(webhook.Id, change, cancel) is { } row)
        {
            return Delivery.Of(row, webhook);
        }
        return await PendingAsync(webhook, change, cancel) is { } pending ? Delivery.OfPending(pending) : throw await MissingAsync(change, cancel);
    }

    /// <summary>Requests one more delivery of a change, independent of all other deliveries.</summary>
    public async Task<Delivery> RedeliverAsync(WebhookEntity webhook, string id, DateTimeOffset now, CancellationToken cancel)
    {
        var change = Parse(id);
        var row = await FindAsync(webhook.Id, change, cancel);
        if (row is null && await PendingAsync(webhook, change, cancel) is null)
        {
            throw await MissingAsync(change, cancel);
        }
        if (row is null or { State: DeliveryState.Pending })
        {
            throw new ProblemException(ErrorCode.Conflict, "It is still to be delivered.");
        }
        if (row.Payload is null && await ChangeAsync(change, cancel) is null)
        {
            throw new ProblemException(ErrorCode.Gone, "The change is kept no longer.");
        }
        await database.WriteAsync(
            (db, token) => db.Set<DeliveryEntity>().Where(other => other.Id == row.Id).ExecuteUpdateAsync(
                update => update.SetProperty(each => each.State, DeliveryState.Retrying).SetProperty(each => each.Failures, 0)
                    .SetProperty(each => each.NextAttemptAt, now).SetProperty(each => each.UpdatedAt, now),
                token),
            cancel);
        return Delivery.Of((await FindAsync(webhook.Id, change, cancel))!, webhook);
    }

    private Task<List<LaneEntity>> LanesAsync(string webhook, string? account, string? from, CancellationToken cancel) => database.ReadAsync(
        (db, token) =>
        {
            var rows = from lane in db.Set<LaneEntity>()
                       where lane.Webhook == webhook && lane.End == null && db.Set<ChangeEntity>().Any(change => change.Incarnation == lane.Incarnation && change.Sequence > lane.Cursor)
                       select lane;
            rows = account is null ? rows : rows.Where(lane => lane.Account == account);
            rows = from is null ? rows : rows.Where(lane => lane.Incarnation.CompareTo(from) >= 0);
            return rows.OrderBy(lane => lane.Incarnation).ToListAsync(token);
        },
        cancel);

    /// <summary>Reads rows of outcomes. Pending ones are not among them: they are listed where they will be delivered, before all outcomes.</summary>
    private Task<List<DeliveryEntity>> RowsAsync(string webhook, string? account, DeliveryState? state, ChangeType? type, long? before, int count, CancellationToken cancel) => database.ReadAsync(
        (db, token) =>
        {
            var rows = db.Set<DeliveryEntity>().Where(DeliveryEntity.IsReadable).Where(row => row.Webhook == webhook && row.State != DeliveryState.Pending);
            rows = account is null ? rows : rows.Where(row => row.Account == account);
            rows = state is null ? rows : rows.Where(row => row.State == state);
            rows = type is null ? rows : rows.Where(row => row.Type == type);
            rows = before is null ? rows : rows.Where(row => row.Id < before);
            return rows.OrderByDescending(row => row.Id).Take(count).ToListAsync(token);
        },
        cancel);

    private Task<DeliveryEntity?> FindAsync(string webhook, ObjectId change, CancellationToken cancel)
    {
        var (incarnation, sequence, epoch) = (change.Incarnation, change.Number, change.Epoch);
        return database.ReadAsync(
            (db, token) => db.Set<DeliveryEntity>().SingleOrDefaultAsync(row => row.Webhook == webhook && row.Incarnation == incarnation && row.Sequence == sequence && row.Epoch == epoch, token), cancel);
    }

    private async Task<LoggedChange?> PendingAsync(WebhookEntity webhook, ObjectId change, CancellationToken cancel)
    {
        var (incarnation, sequence) = (change.Incarnation, change.Number);
        var cursor = await database.ReadAsync(
            (db, token) => db.Set<LaneEntity>().Where(lane => lane.Webhook == webhook.Id && lane.Incarnation == incarnation && lane.End == null).Select(lane => (long?)lane.Cursor).SingleOrDefaultAsync(token),
            cancel);
        return sequence > cursor && await ChangeAsync(change, cancel) is { } pending && ChangeFilter.Of(webhook).Admits(pending) ? pending : null;
    }

    private async Task<LoggedChange?> ChangeAsync(ObjectId id, CancellationToken cancel) =>
        await log.ReadAsync(id.Incarnation, id.Number - 1, 1, cancel) is [var change] && change.Id == id.ToString() ? change : null;

    private static ObjectId Parse(string id) =>
        ObjectId.TryParse(id, out var parsed) && parsed is { Kind: ObjectId.Change, Counter: <= long.MaxValue } ? parsed : throw NotFound();

    /// <summary>Returns 410 for a change that belongs to a state that is lost, otherwise 404.</summary>
    private async Task<ProblemException> MissingAsync(ObjectId change, CancellationToken cancel)
    {
        var range = await log.RangeAsync(change.Incarnation, cancel);
        return range.Head > 0 && range.IsLost(change) ? new ProblemException(ErrorCode.Gone, "The change belongs to a state that is lost.") : NotFound();
    }
}
