using ImapGateway.Cache.Disk;
using ImapGateway.Mail;

namespace ImapGateway.Cache;

/// <summary>
/// Caches the data of messages that never change, by the location of the message: in memory, then in Redis if it is configured, and beside the bodies that are kept on disk. A lost entry costs
/// time, never correctness.
/// </summary>
public sealed class HeaderCache(HeaderMemory memory, RedisHeaders redis, DiskCache disk, CacheMetrics metrics)
{
    /// <summary>Returns headers from memory alone.</summary>
    public MessageHeaders? Get(string incarnation, in HeaderKey key) => memory.TryGet(incarnation, key, out var headers) ? headers : null;

    /// <summary>Finds headers that are not in memory, in one round trip at most and no longer than <see cref="RedisLink.Patience"/>.</summary>
    public async Task<IReadOnlyList<KeyValuePair<HeaderKey, MessageHeaders>>> FindAsync(string incarnation, IReadOnlyCollection<HeaderKey> missing)
    {
        var found = redis.IsConfigured ? await redis.GetAsync(incarnation, missing) : [];
        var inRedis = found.Count;
        if (disk.IsOn && inRedis < missing.Count)
        {
            found = [.. found, .. await DiskHeaders.GetAsync(disk, incarnation, [.. missing.Except(found.Select(one => one.Key))])];
        }
        metrics.Found("redis", inRedis);
        metrics.Found("disk", found.Count - inRedis);
        foreach (var (key, headers) in found)
        {
            memory.Put(incarnation, key, headers);
        }
        return found;
    }

    public void Put(string incarnation, IReadOnlyCollection<KeyValuePair<HeaderKey, MessageHeaders>> headers)
    {
        foreach (var (key, one) in headers)
        {
            memory.Put(incarnation, key, one);
        }
        if (redis.IsConfigured)
        {
            redis.Put(incarnation, headers);
        }
    }

    /// <summary>Moves the cached data of messages to their new locations.</summary>
    public void Move(string incarnation, IReadOnlyCollection<(HeaderKey From, HeaderKey To)> moves)
    {
        var known = new List<KeyValuePair<HeaderKey, MessageHeaders>>(moves.Count);
        var unknown = new Dictionary<HeaderKey, HeaderKey>();
        foreach (var (from, to) in moves)
        {
            if (Get(incarnation, from) is { } headers)
            {
                known.Add(new(to, headers));
            }
            else if (Get(incarnation, to) is null)
            {
                unknown[from] = to;
            }
        }
        Put(incarnation, known);
        disk.Move(incarnation, moves);
        if (unknown.Count > 0 && redis.IsConfigured)
        {
            _ = MoveInRedisAsync(incarnation, unknown, [.. moves.Select(move => move.From)]);
            return;
        }
        Forget(incarnation, [.. moves.Select(move => move.From)]);
    }

    /// <summary>Removes messages that no longer exist.</summary>
    public void Drop(string incarnation, IReadOnlyCollection<HeaderKey> keys)
    {
        Forget(incarnation, keys);
        disk.Drop(incarnation, keys);
    }

    private void Forget(string incarnation, IReadOnlyCollection<HeaderKey> keys)
    {
        foreach (var key in keys)
        {
            memory.Drop(incarnation, key);
        }
        if (redis.IsConfigured)
        {
            redis.Drop(incarnation, keys);
        }
    }

    /// <summary>Removes all data of an account.</summary>
    /// <returns>False if some data remain and the caller has to try again.</returns>
    public async Task<bool> ClearAsync(string incarnation)
    {
        memory.Clear(incarnation);
        return await disk.ClearAsync(incarnation) & await redis.ClearAsync(incarnation);
    }

    /// <summary>Returns the sections of messages that are kept on disk.</summary>
    public StoredSections SectionsOf(string incarnation) => new(disk, incarnation);

    /// <summary>Reports to the metrics of the cache how many headers were found.</summary>
    public void Found(int inMemory, int atServer)
    {
        metrics.Found("memory", inMemory);
        metrics.Found("server", atServer);
    }

    private async Task MoveInRedisAsync(string incarnation, Dictionary<HeaderKey, HeaderKey> moves, IReadOnlyCollection<HeaderKey> from)
    {
        var found = await redis.GetAsync(incarnation, moves.Keys);
        Put(incarnation, [.. found.Select(one => KeyValuePair.Create(moves[one.Key], one.Value))]);
        Forget(incarnation, from);
    }
}
