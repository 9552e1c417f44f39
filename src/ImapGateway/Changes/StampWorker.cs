using ImapGateway.Background;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Changes;

/// <summary>
/// Replaces the stamp of the database some time after changes were written, so that a database that was replaced by an older copy of itself is noticed, see <see cref="StoreStamp"/>.
/// It costs two small writes while there are changes, and nothing while there are none.
/// </summary>
public sealed class StampWorker : LoopService
{
    /// <summary>What was written since the last stamp may be lost without being noticed, if exactly that is what a copy lacks.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly IDatabase _database;
    private readonly StoreStart _store;
    private readonly StoreStamp _stamps;
    private readonly Signal _written = new();
    private volatile bool _isStale;
    private string? _stamp;
    private string? _next;

    public StampWorker(IDatabase database, ChangeLog changes, StoreStart store, StoreStamp stamps, Loops loops) : base("stamps of the database", loops)
    {
        (_database, _store, _stamps) = (database, store, stamps);
        changes.Written += _ =>
        {
            _isStale = true;
            _written.Wake();
        };
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (_isStale)
        {
            await ReplaceAsync();
        }
    }

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
        await ReplaceAsync();
        await Task.Delay(Interval, Time, stopping);
    }

    /// <summary>The file first: it names both until the database has the new one. One that may have been written, or not, is tried again.</summary>
    private async Task ReplaceAsync()
    {
        // Before it begins: what is written meanwhile needs another stamp.
        _isStale = false;
        var present = _stamp ?? _store.Stamp;
        var next = _next ??= StoreStart.NewStamp();
        _stamps.Write(_store.Incarnation, present, next);
        var replaced = await _database.WriteAsync(
            (db, token) => db.Set<StoreEntity>().Where(row => row.Stamp == present || row.Stamp == next).ExecuteUpdateAsync(update => update.SetProperty(row => row.Stamp, next), token),
            CancellationToken.None);
        if (replaced == 0)
        {
            throw new InvalidOperationException("The database was replaced by another state of itself while the gateway works: stop the gateway and start it again.");
        }
        (_stamp, _next) = (next, null);
    }
}
