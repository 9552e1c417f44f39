using ImapGateway.Mail;

namespace ImapGateway.Cache;

/// <summary>
/// What of a message never changes, by where it lies: in memory, and behind that in Redis where there is one. Losing an entry costs time, never correctness.
/// </summary>
public sealed class HeaderCache(HeaderMemory memory, RedisHeaders redis, CacheMetrics metrics)
{
    /// <summary>From memory alone.</summary>
    public MessageHeaders? Get(string incarnation, in HeaderKey key) => memory.TryGet(incarnation, key, out var headers) ? headers : null;

    /// <summary>What memory lacks; one round trip at most, and no longer than <see cref="RedisLink.Patience"/>.</summary>
    public async Task<IReadOnlyList<KeyValuePair<HeaderKey, MessageHeaders>>> FindAsync(string incarnation, IReadOnlyCollection<HeaderKey> missing)
    {
        if (!redis.IsConfigured)
        {
            return [];
        }
        var found = await redis.GetAsync(incarnation, missing);
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

    /// <summary>Messages lie elsewhere now: what is known of them goes along.</summary>
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
        if (unknown.Count > 0 && redis.IsConfigured)
        {
            _ = MoveInRedisAsync(incarnation, unknown, [.. moves.Select(move => move.From)]);
            return;
        }
        Drop(incarnation, [.. moves.Select(move => move.From)]);
    }

    /// <summary>These messages are no more.</summary>
    public void Drop(string incarnation, IReadOnlyCollection<HeaderKey> keys)
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

    /// <summary>Forgets an account.</summary>
    /// <returns>False: not all is forgotten yet, it has to be tried again.</returns>
    public Task<bool> ClearAsync(string incarnation)
    {
        memory.Clear(incarnation);
        return redis.ClearAsync(incarnation);
    }

    /// <summary>Tells the metrics of the cache.</summary>
    public void Found(int inMemory, int inRedis, int atServer)
    {
        metrics.Found("memory", inMemory);
        metrics.Found("redis", inRedis);
        metrics.Found("server", atServer);
    }

    private async Task MoveInRedisAsync(string incarnation, Dictionary<HeaderKey, HeaderKey> moves, IReadOnlyCollection<HeaderKey> from)
    {
        var found = await redis.GetAsync(incarnation, moves.Keys);
        Put(incarnation, [.. found.Select(one => KeyValuePair.Create(moves[one.Key], one.Value))]);
        Drop(incarnation, from);
    }
}
