using System.Collections.Concurrent;
using ImapGateway.Http;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Keys;

/// <summary>
/// Keys by the hash of their value. What was found stays in memory until any key changes, since a change of one may reach all that descend from it;
/// unknown values are asked anew each time. Expiry is looked at on every use.
/// </summary>
public sealed class KeyLookup(IDatabase database, TimeProvider time) : IKeyLookup
{
    private const int FlushBatch = 100;

    private readonly ConcurrentDictionary<string, DateTimeOffset> _used = new();
    private volatile Known _known = new();

    public async ValueTask<Caller?> FindAsync(ReadOnlyMemory<byte> sha256, CancellationToken cancel)
    {
        var name = Convert.ToHexString(sha256.Span);
        // What was read under a set that is replaced meanwhile goes into the old one, which nobody asks any more.
        var known = _known;
        if (!known.Rights.TryGetValue(name, out var rights))
        {
            var hash = sha256.ToArray();
            var chain = await database.ReadAsync((db, c) => KeyChain.ReadAsync(db, key => key.Sha256 == hash, c), cancel);
            if (chain is null)
            {
                return null;
            }
            rights = known.Rights.GetOrAdd(name, KeyRights.Of(chain));
        }
        var now = time.GetUtcNow();
        if (rights.HasExpired(now))
        {
            return null;
        }
        _used[rights.Caller.KeyId!] = now;
        return rights.Caller;
    }

    /// <summary>After the commit of any change of a key, before its answer.</summary>
    public void Forget() => _known = new Known();

    /// <summary>When this key was last used, where that is not written yet.</summary>
    public DateTimeOffset? LastUse(string keyId) => _used.TryGetValue(keyId, out var at) ? at : null;

    /// <summary>Writes the last uses since the last call, some at a time so that other writes get their turn.</summary>
    public async Task FlushUsesAsync(CancellationToken cancel)
    {
        foreach (var uses in _used.ToArray().Chunk(FlushBatch))
        {
            await database.WriteAsync((db, c) => WriteUsesAsync(db.Set<ApiKey>(), uses, c), cancel);
            foreach (var use in uses)
            {
                _used.TryRemove(use);
            }
        }
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
