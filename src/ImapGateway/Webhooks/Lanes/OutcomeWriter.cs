using ImapGateway.Background;
using ImapGateway.Mail;
using ImapGateway.Storage;
using ImapGateway.Webhooks.Endpoints;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Webhooks.Lanes;

/// <summary>
/// Writes the outcomes of deliveries and the progress of lanes, in one transaction every few milliseconds: a transaction for each delivery would
/// cost more than the delivery. After a crash, what was not written yet is delivered again.
/// </summary>
public sealed class OutcomeWriter(IDatabase database, Loops loops) : LoopService("webhook outcomes", loops)
{
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(20);

    /// <summary>The number of entries that may wait to be written before lanes wait too: a transaction of a few milliseconds.</summary>
    private const int MostWaiting = 1024;

    private readonly Lock _lock = new();
    private Group _next = new();
    private TaskCompletionSource _work = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Occurs when a lane has another owner, or is gone.</summary>
    public event Action<LaneRef>? Lost;

    public void Moved(LaneRef lane, long cursor) => Change(group => group.Moved[lane.Id] = new LaneMove(lane, cursor, IsEnd: false));

    /// <summary>Records that the lane has nothing left to deliver, ever.</summary>
    public void Ended(LaneRef lane, long cursor) => Change(group => group.Moved[lane.Id] = new LaneMove(lane, cursor, IsEnd: true));

    /// <param name="lane">The lane that did the work, or null for a delivery that was set apart.</param>
    public void Add(LaneRef? lane, DeliveryEntity row) => Change(group => group.Rows[(row.Webhook, row.Incarnation, row.Sequence)] = (lane, row));

    public void Succeeded(string webhook, DateTimeOffset at) => Change(group => group.Successes[webhook] = at);

    /// <summary>Waits until everything recorded until now is committed.</summary>
    public Task WrittenAsync(CancellationToken cancel)
    {
        Task done = Task.CompletedTask;
        Change(group => done = group.Done.Task);
        return done.WaitAsync(cancel);
    }

    /// <summary>Waits while too many entries wait to be written.</summary>
    public ValueTask RoomAsync(CancellationToken cancel)
    {
        lock (_lock)
        {
            return _next.Count < MostWaiting ? ValueTask.CompletedTask : new ValueTask(_next.Done.Task.WaitAsync(cancel));
        }
    }

    protected override async Task WaitAsync(CancellationToken stopping)
    {
        await Volatile.Read(ref _work).Task.WaitAsync(stopping);
        await Task.Delay(Window, Time, stopping);
    }

    protected override Task TurnAsync(CancellationToken stopping) => FlushAsync(stopping);

    /// <summary>Writes what is left at the end. What cannot be written is delivered again after the next start.</summary>
    protected override Task LastTurnAsync(CancellationToken cancel) => FlushAsync(cancel);

    private void Change(Action<Group> change)
    {
        lock (_lock)
        {
            change(_next);
            _work.TrySetResult();
        }
    }

    /// <summary>Writes what is waiting. What the storage does not accept now is kept for the next round. What it never accepts is given up, and reported as a failure.</summary>
    private async Task FlushAsync(CancellationToken cancel)
    {
        Group group;
        lock (_lock)
        {
            group = _next;
            _next = new Group();
            _work = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        Exception? lost = null;
        try
        {
            try
            {
                await WriteAsync(group, cancel);
            }
            catch (Exception failure) when (!IsPassing(failure))
            {
                lost = group.Count > 0 ? await WriteApartAsync(group, cancel) : failure;
            }
            group.Done.TrySetResult();
        }
        catch
        {
            lock (_lock)
            {
                group.TakeOver(_next);
                _next = group;
                _work.TrySetResult();
            }
            throw;
        }
        if (lost is not null)
        {
            throw lost;
        }
    }

    /// <summary>Writes the entries of each endpoint separately. What still cannot be written is given up: its lanes start again where their rows say.</summary>
    /// <returns>The first failure among those that were given up.</returns>
    private async Task<Exception?> WriteApartAsync(Group group, CancellationToken cancel)
    {
        Exception? lost = null;
        foreach (var part in group.ByWebhook())
        {
            try
            {
                await WriteAsync(part.Value, cancel);
            }
            catch (Exception failure) when (!IsPassing(failure))
            {
                lost ??= new InvalidOperationException($"Outcomes of the webhook {part.Key} cannot be written; its deliveries are repeated.", failure);
                foreach (var lane in part.Value.Lanes)
                {
                    Lost?.Invoke(lane);
                }
            }
        }
        return lost;
    }

    private async Task WriteAsync(Group group, CancellationToken cancel)
    {
        foreach (var lost in await database.WriteAsync((db, token) => WriteAsync(db, group, token), cancel))
        {
            Lost?.Invoke(lost);
        }
    }

    /// <summary>True if the storage is away or the gateway stops: the entries themselves are valid.</summary>
    private static bool IsPassing(Exception failure) => failure is ProblemException or OperationCanceledException;

    private static async Task<List<LaneRef>> WriteAsync(GatewayDbContext db, Group group, CancellationToken cancel)
    {
        var lost = await LaneMoves.WriteAsync(db, group.Moved.Values, cancel);
        var lostIds = lost.Select(lane => lane.Id).ToHashSet();
        var rows = group.Rows.Values.Where(entry => entry.Lane is null || !lostIds.Contains(entry.Lane.Id)).Select(entry => entry.Row).ToList();
        await DeliveryRows.WriteAsync(db, rows, cancel);
        foreach (var (webhook, at) in group.Successes)
        {
            await db.Set<WebhookEntity>().Where(row => row.Id == webhook).ExecuteUpdateAsync(update => update.SetProperty(row => row.LastSuccessAt, at), cancel);
        }
        return lost;
    }

    /// <summary>The entries that are written together. For a lane, a delivery or an endpoint the last entry counts.</summary>
    private sealed class Group
    {
        public Dictionary<long, LaneMove> Moved { get; } = [];

        public Dictionary<(string Webhook, string Incarnation, long Sequence), (LaneRef? Lane, DeliveryEntity Row)> Rows { get; } = [];

        public Dictionary<string, DateTimeOffset> Successes { get; } = [];

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Count => Rows.Count + Moved.Count;

        public IEnumerable<LaneRef> Lanes => Moved.Values.Select(move => move.Lane).Concat(Rows.Values.Select(row => row.Lane).OfType<LaneRef>()).Distinct();

        /// <summary>Splits the entries into a group for each endpoint.</summary>
        public Dictionary<string, Group> ByWebhook()
        {
            var parts = new Dictionary<string, Group>();
            Group Of(string webhook) => parts.TryGetValue(webhook, out var part) ? part : parts[webhook] = new Group();
            foreach (var (id, move) in Moved)
            {
                Of(move.Lane.Webhook).Moved[id] = move;
            }
            foreach (var (key, row) in Rows)
            {
                Of(key.Webhook).Rows[key] = row;
            }
            foreach (var (webhook, at) in Successes)
            {
                Of(webhook).Successes[webhook] = at;
            }
            return parts;
        }

        public void TakeOver(Group later)
        {
            foreach (var (id, move) in later.Moved)
            {
                Moved[id] = move;
            }
            foreach (var (key, row) in later.Rows)
            {
                Rows[key] = row;
            }
            foreach (var (webhook, at) in later.Successes)
            {
                Successes[webhook] = at;
            }
            Done.Task.ContinueWith(static (_, state) => ((TaskCompletionSource)state!).TrySetResult(), later.Done, TaskScheduler.Default);
        }
    }
}

/// <param name="IsEnd">True if the lane is deleted.</param>
public sealed record LaneMove(LaneRef Lane, long Cursor, bool IsEnd);
