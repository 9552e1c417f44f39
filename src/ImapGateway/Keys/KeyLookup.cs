using System.Collections.Concurrent;
using System.Linq.Expressions;
using ImapGateway.Access;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Keys;

/// <summary>
/// Finds keys by the hash of their value. Found keys stay in memory until any key changes, since the change of one can affect all that descend from it;
/// unknown values are looked up each time. Expiry is checked at every use, and a timer informs components that use a key for long.
/// </summary>
public sealed class KeyLookup : IKeyLookup, IDisposable
{
    private const int FlushBatch = 100;

    /// <summary>The longest time between two checks of the expiry timer, since the clock may be set meanwhile.</summary>
    private static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(15);

    private readonly IDatabase _database;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, DateTimeOffset> _used = new();
    private readonly Lock _expiring = new();
    private readonly ITimer _expiry;
    private DateTimeOffset _nextExpiry = DateTimeOffset.MaxValue;
    private volatile Known _known = new();

    public KeyLookup(IDatabase database, TimeProvider time)
    {
        (_database, _time) = (database, time);
        _expiry = time.CreateTimer(_ => Expire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public event Action? Changed;

    public async ValueTask<Caller?> FindAsync(ReadOnlyMemory<byte> sha256, CancellationToken cancel)
    {
        var caller = await FindAsync(Convert.ToHexString(sha256.Span), ByHash, cancel);
        if (caller is not null)
        {
            _used[caller.KeyId!] = _time.GetUtcNow();
        }
        return caller;
    }

    public ValueTask<Caller?> FindByIdAsync(string keyId, CancellationToken cancel) => FindAsync(keyId, static id => key => key.Id == id, cancel);

    /// <summary>Forgets all keys in memory. Called after the commit of any change of a key, before its response.</summary>
    public void Forget()
    {
        _known = new Known();
        Changed?.Invoke();
    }

    public void Dispose() => _expiry.Dispose();

    /// <summary>Returns the last use of a key that is not written yet.</summary>
    public DateTimeOffset? LastUse(string keyId) => _used.TryGetValue(keyId, out var at) ? at : null;

    /// <summary>Writes the last uses since the last call, a few at a time so that other writes are not blocked.</summary>
    public async Task FlushUsesAsync(CancellationToken cancel)
    {
        foreach (var uses in _used.ToArray().Chunk(FlushBatch))
        {
            await _database.WriteAsync((db, c) => WriteUsesAsync(db.Set<ApiKey>(), uses, c), cancel);
            foreach (var use in uses)
            {
                _used.TryRemove(use);
            }
        }
    }

    /// <param name="name">The hash in hex, or the id: no value is both.</param>
    /// <param name="which">Makes the condition of the query; called only if the key is not in memory.</param>
    private async ValueTask<Caller?> FindAsync(string name, Func<string, Expression<Func<ApiKey, bool>>> which, CancellationToken cancel)
    {
        // A key that was read while the set is replaced goes into the old set, which is not used any more.
        var known = _known;
        if (!known.Rights.TryGetValue(name, out var rights))
        {
            var chain = await _database.ReadAsync((db, c) => KeyChain.ReadAsync(db, which(name), c), cancel);
            if (chain is null)
            {
                return null;
            }
            rights = known.Rights.GetOrAdd(name, KeyRights.Of(chain));
            ExpectExpiry(rights.ExpiresAt);
        }
        return rights.HasExpired(_time.GetUtcNow()) ? null : rights.Caller;
    }

    private void ExpectExpiry(DateTimeOffset? at)
    {
        lock (_expiring)
        {
            if (at < _nextExpiry && at > _time.GetUtcNow())
            {
                _nextExpiry = at.Value;
                Sleep();
            }
        }
    }

    private void Expire()
    {
        lock (_expiring)
        {
            var now = _time.GetUtcNow();
            if (_nextExpiry > now)
            {
                Sleep();
                return;
            }
            _nextExpiry = _known.Rights.Values.Select(rights => rights.ExpiresAt).Where(at => at > now).Min() ?? DateTimeOffset.MaxValue;
            Sleep();
        }
        Changed?.Invoke();
    }

    private void Sleep()
    {
        if (_nextExpiry == DateTimeOffset.MaxValue)
        {
            return;
        }
        var left = _nextExpiry - _time.GetUtcNow();
        // A timer counts whole milliseconds, and must not fire before the end of the last one.
        _expiry.Change(left < LongestSleep ? TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(left.TotalMilliseconds))) : LongestSleep, Timeout.InfiniteTimeSpan);
    }

    private static Expression<Func<ApiKey, bool>> ByHash(string hex)
    {
        var hash = Convert.FromHexString(hex);
        return key => key.Sha256 == hash;
    }

    private static async Task<int> WriteUsesAsync(IQueryable<ApiKey> keys, KeyValuePair<string, DateTimeOffset>[] uses, CancellationToken cancel)
    {
        var rows = 0;
        foreach (var (id, at) in uses)
        {
            rows += await keys.Where(key => key.Id == id).ExecuteUpdateAsync(key => key.SetProperty(each => each.LastUsedAt, at), cancel);
        }
        return rows;
    }

    private sealed class Known
    {
        public ConcurrentDictionary<string, KeyRights> Rights { get; } = new();
    }
}
