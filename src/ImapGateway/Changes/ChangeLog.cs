using System.Collections.Concurrent;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Changes;

/// <summary>The log of changes as its readers see it: rows after a place, and waiting for more. Readers keep their own places; nothing is pushed to them.</summary>
public sealed class ChangeLog(IDatabase database, TimeProvider time)
{
    /// <summary>How long a reader waits before it looks again although nobody has told it of a commit.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Signal> _signals = new();
    private readonly Signal _all = new();

    /// <summary>Woken all at once; who asked for the task before a wake cannot miss it.</summary>
    private sealed class Signal
    {
        private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Next => Volatile.Read(ref _next).Task;

        public void Wake() => Interlocked.Exchange(ref _next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    /// <summary>An account of this incarnation has new changes, written by this process. Handlers do not wait for anything.</summary>
    public event Action<string>? Written;

    /// <summary>Said by whoever has committed changes of the account.</summary>
    public void Appended(string incarnation)
    {
        Written?.Invoke(incarnation);
        if (_signals.TryGetValue(incarnation, out var signal))
        {
            signal.Wake();
        }
        _all.Wake();
    }

    /// <summary>An account's changes after a sequence, oldest first.</summary>
    public Task<IReadOnlyList<LoggedChange>> ReadAsync(string incarnation, long after, int limit, CancellationToken cancel) =>
        ReadAsync(rows => rows.Where(row => row.Incarnation == incarnation && row.Sequence > after).OrderBy(row => row.Sequence).Take(limit), cancel);

    /// <summary>
    /// All accounts' changes after a place, in the order of the feed. A row of a transaction that runs beside an older one is held back until that one has ended:
    /// nothing ever appears behind a reader.
    /// </summary>
    public Task<IReadOnlyList<LoggedChange>> ReadAllAsync(GlobalPosition after, int limit, CancellationToken cancel) => database.ReadAsync<IReadOnlyList<LoggedChange>>(
        async (db, token) =>
        {
            var settled = await CommitOrder.SettledAsync(db, token);
            var rows = await db.Set<ChangeEntity>()
                .Where(row => row.Transaction < settled && (row.Transaction > after.Transaction || row.Transaction == after.Transaction && row.Row > after.Row))
                .OrderBy(row => row.Transaction).ThenBy(row => row.Row).Take(limit).ToListAsync(token);
            return rows.ConvertAll(LoggedChange.Of);
        },
        cancel);

    /// <summary>Until there is something after it.</summary>
    public async Task WaitAsync(string incarnation, long after, CancellationToken cancel)
    {
        var signal = _signals.GetOrAdd(incarnation, static _ => new Signal());
        while (true)
        {
            var next = signal.Next;
            if (await database.ReadAsync((db, token) => db.Set<ChangeEntity>().AnyAsync(row => row.Incarnation == incarnation && row.Sequence > after, token), cancel))
            {
                return;
            }
            await WokenAsync(next, cancel);
        }
    }

    /// <summary>Until there is something after it.</summary>
    public async Task WaitAllAsync(GlobalPosition after, CancellationToken cancel)
    {
        while (true)
        {
            var next = _all.Next;
            if ((await ReadAllAsync(after, 1, cancel)).Count > 0)
            {
                return;
            }
            await WokenAsync(next, cancel);
        }
    }

    /// <summary>What is kept of an account's log.</summary>
    public Task<LogRange> RangeAsync(string incarnation, CancellationToken cancel) => database.ReadAsync(
        async (db, token) =>
        {
            var rows = db.Set<ChangeEntity>().Where(row => row.Incarnation == incarnation);
            var head = await db.Set<FenceEntity>().Where(fence => fence.Incarnation == incarnation).Select(fence => (long?)fence.Sequence).SingleOrDefaultAsync(token)
                ?? await rows.MaxAsync(row => (long?)row.Sequence, token) ?? 0;
            return new LogRange(await rows.MinAsync(row => (long?)row.Sequence, token) ?? head + 1, head);
        },
        cancel);

    private Task<IReadOnlyList<LoggedChange>> ReadAsync(Func<IQueryable<ChangeEntity>, IQueryable<ChangeEntity>> which, CancellationToken cancel) =>
        database.ReadAsync<IReadOnlyList<LoggedChange>>(async (db, token) => (await which(db.Set<ChangeEntity>()).ToListAsync(token)).ConvertAll(LoggedChange.Of), cancel);

    private async Task WokenAsync(Task next, CancellationToken cancel)
    {
        try
        {
            await next.WaitAsync(LongestWait, time, cancel);
        }
        catch (TimeoutException)
        {
            // Another node may have written, or an older transaction may have ended.
        }
    }
}
