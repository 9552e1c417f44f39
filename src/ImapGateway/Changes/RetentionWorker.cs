using ImapGateway.Background;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace ImapGateway.Changes;

/// <summary>
/// Deletes changes after their retention time, in the order in which they were written, and in batches small enough not to delay other writes. With each batch
/// it writes its progress, so that a reader that has missed something gets an error, and no other reader does.
/// </summary>
public sealed class RetentionWorker(IDatabase database, IEnumerable<IRetentionHold> holds, IOptions<ChangesOptions> options, Loops loops)
    : LoopService("change retention", loops)
{
    private const int Batch = 200;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    protected override Task WaitAsync(CancellationToken stopping) => Task.Delay(options.Value.PurgeInterval(), Time, stopping);

    protected override Task TurnAsync(CancellationToken stopping) => PurgeAsync(stopping);

    /// <summary>Deletes all changes that need not be kept now.</summary>
    public async Task PurgeAsync(CancellationToken cancel)
    {
        var last = 0L;
        for (var plan = PurgePlan.Start; !plan.Done;)
        {
            var rows = await database.ReadAsync((db, token) => ReadAsync(db, last, token), cancel);
            if (rows.Count == 0)
            {
                return;
            }
            var now = Time.GetUtcNow();
            plan = plan.Next(rows, now - options.Value.Retention, now - options.Value.MaxRetention, await NeededAsync(cancel));
            last = rows[^1].Position.Row;
            if (plan.Delete.Length > 0)
            {
                var gone = plan.Delete;
                await database.WriteAsync((db, token) => DeleteAsync(db, gone, token), cancel);
                await Task.Delay(Pause, Time, cancel);
            }
        }
    }

    private static Task<List<AgedChange>> ReadAsync(GatewayDbContext db, long after, CancellationToken cancel) =>
        db.Set<ChangeEntity>().Where(change => change.Row > after).OrderBy(change => change.Row).Take(Batch)
            .Select(change => new AgedChange(new GlobalPosition(change.Transaction, change.Row, change.Epoch), change.Incarnation, change.Sequence, change.Timestamp)).ToListAsync(cancel);

    private static async Task<int> DeleteAsync(GatewayDbContext db, IReadOnlyCollection<AgedChange> gone, CancellationToken cancel)
    {
        var store = await db.Set<StoreEntity>().AsTracking().SingleAsync(cancel);
        var furthest = gone.Select(change => change.Position).Where(position => position.IsPossibleIn(store.Epoch)).Append(StoreStart.PurgedOf(store)).Max();
        (store.PurgedEpoch, store.PurgedTransaction, store.PurgedRow) = (furthest.Epoch, furthest.Transaction, furthest.Row);
        var rows = gone.Select(change => change.Position.Row).ToList();
        return await db.Set<ChangeEntity>().Where(change => rows.Contains(change.Row)).ExecuteDeleteAsync(cancel);
    }

    /// <summary>Returns the sequence numbers that are still needed. It is called for each batch: what begins to be needed meanwhile is kept.</summary>
    private async Task<Dictionary<string, long>> NeededAsync(CancellationToken cancel)
    {
        var lowest = new Dictionary<string, long>();
        foreach (var hold in holds)
        {
            foreach (var (incarnation, sequence) in await hold.LowestAsync(cancel))
            {
                lowest[incarnation] = lowest.TryGetValue(incarnation, out var other) ? Math.Min(other, sequence) : sequence;
            }
        }
        return lowest;
    }
}
