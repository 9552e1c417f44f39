using System.Collections.Concurrent;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Changes;

/// <summary>The change log for its readers: it reads rows after a position, and waits for more. Readers keep their own positions; nothing is pushed to them.</summary>
public sealed partial class ChangeLog
{
    /// <summary>The memory for recent rows, for all feeds together.</summary>
    private const long TailBytes = 16 * 1024 * 1024;

    private readonly IDatabase _database;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly TailBudget _budget = new(TailBytes);
    private readonly ConcurrentDictionary<string, ChangeTail> _accounts = new();
    private readonly ChangeTail _all;

    public ChangeLog(IDatabase database, TimeProvider time, ILogger<ChangeLog> log)
    {
        (_database, _time, _log) = (database, time, log);
        // Another node may have written, or an older transaction may have ended.
        _all = new ChangeTail(QueryAllAsync, change => change.Position, _budget, polls: true, time);
    }

    /// <summary>The number of readers that wait for new rows.</summary>
    public int Waiting => _all.Waiting + _accounts.Values.Sum(tail => tail.Waiting);

    /// <summary>Occurs when this process has written new changes of an account with this incarnation. Handlers do not wait for anything.</summary>
    public event Action<string>? Written;

    /// <summary>Reports new changes. It is called after a commit of changes of the account, and by a new owner: the earlier owner may have committed changes without a report.</summary>
    public void Appended(string incarnation)
    {
        Written?.Invoke(incarnation);
        if (_accounts.TryGetValue(incarnation, out var tail))
        {
            tail.Appended();
        }
        _all.Appended();
    }

    /// <summary>Returns an account's changes after a sequence number, oldest first.</summary>
    public Task<IReadOnlyList<LoggedChange>> ReadAsync(string incarnation, long after, int limit, CancellationToken cancel) =>
        TailOf(incarnation).ReadAsync(new GlobalPosition(0, after), limit, cancel);

    /// <summary>
    /// Returns all accounts' changes after a position, in the order of the feed. A row of a transaction that runs beside an older one is held back until the older one has ended:
    /// no row ever appears before a position that a reader has passed.
    /// </summary>
    /// <exception cref="ProblemException">410 if some of them are no longer kept.</exception>
    public Task<IReadOnlyList<LoggedChange>> ReadAllAsync(GlobalPosition after, int limit, CancellationToken cancel) => _all.ReadAsync(after, limit, cancel);

    /// <summary>Waits until there is a change after the sequence number.</summary>
    public Task WaitAsync(string incarnation, long after, CancellationToken cancel) => TailOf(incarnation).WaitAsync(new GlobalPosition(0, after), cancel);

    /// <summary>Waits until there is a change after the position.</summary>
    public Task WaitAllAsync(GlobalPosition after, CancellationToken cancel) => _all.WaitAsync(after, cancel);

    /// <summary>Returns the range of an account's log that is kept.</summary>
    public Task<LogRange> RangeAsync(string incarnation, CancellationToken cancel) => _database.ReadAsync(
        async (db, token) =>
        {
            var rows = InOrder(db, incarnation);
            var fence = await db.Set<FenceEntity>().SingleOrDefaultAsync(fence => fence.Incarnation == incarnation, token);
            // For an account that was just removed, the log is all that is left.
            var (head, epoch) = fence is not null ? (fence.Sequence, fence.Counters.Epoch)
                : await rows.OrderByDescending(row => row.Sequence).FirstOrDefaultAsync(token) is { } last ? (last.Sequence, last.Epoch) : (0, 0);
            return new LogRange(await rows.MinAsync(row => (long?)row.Sequence, token) ?? head + 1, head, epoch, EndedEpochs.OfAccount(fence?.EndedEpochs ?? ""));
        },
        cancel);

    /// <summary>Returns the readable range of the feed of all accounts. It does not include rows before which another row may still appear.</summary>
    public Task<FeedBounds> BoundsOfAllAsync(CancellationToken cancel) => _database.ReadAsync(
        async (db, token) =>
        {
            var settled = await CommitOrder.SettledAsync(db, token);
            var store = await db.Set<StoreEntity>().SingleOrDefaultAsync(token) ?? new StoreEntity { Incarnation = "" };
            var last = await Settled(db.Set<ChangeEntity>(), store.Epoch, settled).OrderByDescending(row => row.Epoch).ThenByDescending(row => row.Transaction).ThenByDescending(row => row.Row)
                .Select(row => new GlobalPosition(row.Transaction, row.Row, row.Epoch)).FirstOrDefaultAsync(token);
            var purged = StoreStart.PurgedOf(store);
            return new FeedBounds(purged, last > purged ? last : purged) { Ends = EndedEpochs.OfAll(store.EndedEpochs) };
        },
        cancel);

    private ChangeTail TailOf(string incarnation) => _accounts.GetOrAdd(
        incarnation,
        static (name, log) => new ChangeTail((after, limit, cancel) => log.QueryAsync(name, after, limit, cancel), change => new GlobalPosition(0, change.Sequence), log._budget, polls: false, log._time),
        this);

    private Task<IReadOnlyList<LoggedChange>> QueryAsync(string incarnation, GlobalPosition after, int limit, CancellationToken cancel) => _database.ReadAsync<IReadOnlyList<LoggedChange>>(
        async (db, token) =>
        {
            var rows = await InOrder(db, incarnation).Where(row => row.Sequence > after.Row).OrderBy(row => row.Sequence).Take(limit).ToListAsync(token);
            return Read(rows);
        },
        cancel);

    private Task<IReadOnlyList<LoggedChange>> QueryAllAsync(GlobalPosition after, int limit, CancellationToken cancel) => _database.ReadAsync<IReadOnlyList<LoggedChange>>(
        async (db, token) =>
        {
            var settled = await CommitOrder.SettledAsync(db, token);
            var store = await db.Set<StoreEntity>().SingleOrDefaultAsync(token);
            if (store is not null && StoreStart.PurgedOf(store) > after)
            {
                throw Feed.TooOld();
            }
            // The comparison uses a row of values, for which both databases use the index.
            var later = db.Set<ChangeEntity>().FromSql(
                $"""SELECT * FROM "change" WHERE ("Epoch", "Transaction", "Row") > ({after.Epoch}, {after.Transaction}, {after.Row})""");
            var rows = await Settled(later, store?.Epoch ?? 0, settled)
                .OrderBy(row => row.Epoch).ThenBy(row => row.Transaction).ThenBy(row => row.Row).Take(limit).ToListAsync(token);
            return Read(rows);
        },
        cancel);

    /// <summary>Returns the changes of an account. A damaged sequence number has no position in the feed: it could come after all others, or lead a reader back.</summary>
    private static IQueryable<ChangeEntity> InOrder(GatewayDbContext db, string incarnation) =>
        db.Set<ChangeEntity>().Where(row => row.Incarnation == incarnation && row.Sequence > 0 && row.Sequence < ObjectId.LastNumber);

    /// <summary>
    /// Returns the rows before which no other row can appear any more: those of transactions that ended before <paramref name="settled"/>, and all of earlier epochs. Rows with a damaged position
    /// are not among them.
    /// </summary>
    private static IQueryable<ChangeEntity> Settled(IQueryable<ChangeEntity> rows, long epoch, long settled) =>
        rows.WithPosition(epoch).Where(row => row.Epoch < epoch || row.Transaction < settled);

    private List<LoggedChange> Read(List<ChangeEntity> rows)
    {
        var changes = rows.ConvertAll(LoggedChange.Of);
        foreach (var change in changes.Where(change => change.IsUnreadable))
        {
            LogUnreadable(change.Sequence, change.Account, change.Position.Row);
        }
        return changes;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The change {Sequence} of account {Account} is damaged in the database (row {Row}); its readers go past it")]
    private partial void LogUnreadable(long sequence, string account, long row);
}
