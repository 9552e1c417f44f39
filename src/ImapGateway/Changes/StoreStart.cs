using System.Globalization;
using System.Security.Cryptography;
using ImapGateway.Mail;
using ImapGateway.Settings;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Changes;

/// <summary>
/// Prepares the database before anything is read from it. A first start gives it its incarnation, and a start after a restore from a backup opens a new epoch. A copy that the
/// gateway made is marked as one; for any other copy, the stamp in the data directory or the server of the database shows that it is not the latest state.
/// </summary>
public sealed partial class StoreStart(IDatabase database, StoreEpoch epoch, StoreStamp stamps, ILogger<StoreStart> log) : IStartupStep
{
    private StoreEntity? _store;

    /// <summary>The incarnation of the database. Positions in the feed of all accounts carry it.</summary>
    public string Incarnation => Store.Incarnation;

    /// <summary>The stamp of the database since the start.</summary>
    public string Stamp => Store.Stamp;

    private StoreEntity Store => _store ?? throw new InvalidOperationException("The store is not open yet.");

    /// <summary>Writes the stamps that the database may have to the data directory, see <see cref="StoreStamp"/>.</summary>
    public void WriteStamps(params IEnumerable<string> possible) => stamps.Write(Incarnation, possible);

    public static string NewStamp() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    public static GlobalPosition PurgedOf(StoreEntity store) => new(store.PurgedTransaction, store.PurgedRow, store.PurgedEpoch);

    public async Task RunAsync(CancellationToken cancel)
    {
        var incarnation = await database.ReadAsync((db, token) => db.Set<StoreEntity>().Select(store => store.Incarnation).SingleOrDefaultAsync(token), cancel) ?? ObjectId.NewIncarnation();
        var known = stamps.Read(incarnation);
        var stamp = NewStamp();
        stamps.Write(incarnation, [.. known ?? [], stamp]);
        var (store, reason) = await database.WriteAsync((db, token) => OpenAsync(db, incarnation, known, stamp, token), cancel);
        stamps.Write(incarnation, stamp);
        (_store, epoch.Value) = (store, store.Epoch);
        if (reason is not null)
        {
            LogRestored(reason, store.Epoch);
        }
    }

    private static async Task<(StoreEntity Store, string? Reason)> OpenAsync(GatewayDbContext db, string incarnation, IReadOnlyList<string>? known, string stamp, CancellationToken cancel)
    {
        var identity = await DatabaseIdentity.OfAsync(db, cancel);
        var store = await db.Set<StoreEntity>().AsTracking().SingleOrDefaultAsync(cancel);
        if (store is null)
        {
            store = new StoreEntity { Incarnation = incarnation, Identity = identity };
            db.Add(store);
        }
        if (store.Epoch < 0 || store.Epoch > ObjectId.LastEpoch || !PurgedOf(store).IsPossibleIn(store.Epoch))
        {
            throw new StartupException("The database is damaged: the row of the table store has impossible values. Keep a copy of the database, check the disk, and restore it from a backup");
        }
        var reason = store.Restored
            ?? (store.Identity.Length > 0 && store.Identity != identity ? "the database has another system identifier, timeline or object id than before"
            : store.Stamp.Length > 0 && known?.Contains(store.Stamp) == false ? "the data directory has seen a later state of the database"
            : null);
        if (reason is not null)
        {
            await OpenEpochAsync(db, store, cancel);
        }
        (store.Restored, store.Identity, store.Stamp) = (null, identity, stamp);
        return (store, reason);
    }

    /// <summary>Opens a new epoch, and stores the last values of the present one. Counters continue in it, larger than any before; sequence numbers of accounts continue without a gap.</summary>
    private static async Task OpenEpochAsync(GatewayDbContext db, StoreEntity store, CancellationToken cancel)
    {
        var last = await db.Set<ChangeEntity>().WithPosition(store.Epoch).OrderByDescending(row => row.Epoch).ThenByDescending(row => row.Transaction).ThenByDescending(row => row.Row)
            .Select(row => new GlobalPosition(row.Transaction, row.Row, row.Epoch)).FirstOrDefaultAsync(cancel);
        var head = last > PurgedOf(store) ? last : PurgedOf(store);
        if (!EndedEpochs.OfAll(store.EndedEpochs).Contains(head))
        {
            store.EndedEpochs = EndedEpochs.And(store.EndedEpochs, head);
        }
        var ended = store.Epoch;
        store.Epoch = Next(store.Epoch);
        var firstCounter = (long)ObjectId.CounterIn(store.Epoch, 1);
        // Damaged rows stay as they are: their accounts can only be removed.
        foreach (var fence in await Fence.Usable(db, ended).ToListAsync(cancel))
        {
            var epochs = string.Create(CultureInfo.InvariantCulture, $"{fence.EndedEpochs} {fence.Counters.Epoch}:{fence.Sequence}:{fence.NextCounter}").TrimStart();
            await db.Set<FenceEntity>().Where(row => row.Incarnation == fence.Incarnation).ExecuteUpdateAsync(
                update => update.SetProperty(row => row.EndedEpochs, epochs).SetProperty(row => row.NextCounter, firstCounter).SetProperty(row => row.Generation, row => row.Generation + 1), cancel);
        }
    }

    /// <summary>
    /// Returns a random number above the present one, so that two restores from the same copy open different epochs. It takes a small part of the numbers that are left: there are enough for hundreds
    /// of restores of a restored database.
    /// </summary>
    /// <exception cref="StartupException">There is no number left.</exception>
    private static long Next(long present)
    {
        const int Part = 32;
        var room = (int)((ObjectId.LastEpoch - present) / Part);
        return room > 0
            ? present + RandomNumberGenerator.GetInt32(room) + 1
            : throw new StartupException("The database was restored from backups of itself too often. Begin with a new one.");
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database was restored from a copy: {Reason}. Epoch {Epoch} begins; ids and positions that were issued after the copy was made return 410")]
    private partial void LogRestored(string reason, long epoch);
}
