using ImapGateway.Background;
using ImapGateway.Settings;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Changes;

/// <summary>
/// Replaces the stamp of the database some time after changes were written. So the gateway notices if the database was replaced by an older copy of itself, see <see cref="StoreStamp"/>.
/// It costs three small writes while there are changes, and nothing while there are none.
/// </summary>
public sealed class StampWorker : LoopService
{
    /// <summary>The interval between stamps. If a copy lacks only what was written since the last stamp, the loss is not noticed.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly IDatabase _database;
    private readonly StoreStart _store;
    private readonly FatalFault _fatal;
    private readonly Signal _written = new();
    private volatile bool _isStale;
    private string? _stamp;
    private string? _next;

    public StampWorker(IDatabase database, ChangeLog changes, StoreStart store, FatalFault fatal, Loops loops) : base("stamps of the database", loops)
    {
        (_database, _store, _fatal) = (database, store, fatal);
        changes.Written += _ =>
        {
            _isStale = true;
            _written.Wake();
        };
    }

    protected override Task LastTurnAsync(CancellationToken cancel) => _isStale ? ReplaceAsync(cancel) : Task.CompletedTask;

    protected override async Task WaitAsync(CancellationToken stopping)
    {
        var written = _written.Next;
        if (!_isStale)
        {
            await written.WaitAsync(stopping);
        }
    }

    protected override async Task TurnAsync(CancellationToken stopping)
    {
        // This write has no cancellation: after a cancelled write it is not known whether it was done.
        await ReplaceAsync(CancellationToken.None);
        await Task.Delay(Interval, Time, stopping);
    }

    /// <summary>
    /// Replaces the stamp, first in the file, which names both stamps until the database has the new one for sure. If it is not known whether a stamp was written, the write is repeated. The file must not name the
    /// earlier stamp for longer: a copy of any age can have it if nothing was written since.
    /// </summary>
    private async Task ReplaceAsync(CancellationToken cancel)
    {
        // The flag is cleared before the write begins: changes written meanwhile need another stamp.
        _isStale = false;
        var present = _stamp ?? _store.Stamp;
        var next = _next ??= StoreStart.NewStamp();
        _store.WriteStamps(present, next);
        var replaced = await _database.WriteAsync(
            (db, token) => db.Set<StoreEntity>().Where(row => row.Stamp == present || row.Stamp == next).ExecuteUpdateAsync(update => update.SetProperty(row => row.Stamp, next), token),
            cancel);
        if (replaced == 0)
        {
            _fatal.End(new InvalidOperationException("the database was replaced by another one, or by a copy of itself, while the gateway was running"));
        }
        _store.WriteStamps(next);
        (_stamp, _next) = (next, null);
    }
}
