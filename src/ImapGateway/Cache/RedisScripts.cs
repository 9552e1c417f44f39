namespace ImapGateway.Cache;

/// <summary>
/// Scripts for changes that must be one step in Redis. KEYS: the chunks of the account by the time they were last written (sorted set), their bytes (hash; the field "" is their sum), and the
/// chunk (hash: uid -> headers). Numbers of Lua have a negative zero, which Redis does not accept: hence the format. All keys of an account have the same hash tag, so that they are on the same
/// node of a cluster.
/// </summary>
internal static class RedisScripts
{
    /// <summary>The bytes that a field takes in Redis in addition to its value.</summary>
    private const string FieldOverhead = "64";

    /// <summary>Writes headers. ARGV: prefix of chunk keys, name of the chunk, now and lifetime in milliseconds, budget in bytes, then uid and headers of each message.</summary>
    public const string Put = $$"""
        local ages, sizes, chunk = KEYS[1], KEYS[2], KEYS[3]
        local prefix, name, now, life, budget = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
        local function forget(one)
            redis.call('ZREM', ages, one)
            local size = tonumber(redis.call('HGET', sizes, one) or '0')
            if redis.call('HDEL', sizes, one) == 1 then redis.call('HINCRBY', sizes, '', string.format('%d', -size)) end
        end
        if redis.call('EXISTS', chunk) == 0 then forget(name) end
        local grown = 0
        for at = 6, #ARGV, 2 do
            local before = redis.call('HSTRLEN', chunk, ARGV[at])
            redis.call('HSET', chunk, ARGV[at], ARGV[at + 1])
            grown = grown + #ARGV[at + 1] - before
            if before == 0 then grown = grown + {{FieldOverhead}} end
        end
        redis.call('PEXPIRE', chunk, life)
        redis.call('ZADD', ages, now, name)
        redis.call('HINCRBY', sizes, name, grown)
        local total = redis.call('HINCRBY', sizes, '', grown)
        while true do
            local oldest = redis.call('ZRANGE', ages, 0, 0, 'WITHSCORES')
            if not oldest[1] or (total <= budget and tonumber(oldest[2]) + life > now) then break end
            redis.call('UNLINK', prefix .. oldest[1])
            forget(oldest[1])
            total = tonumber(redis.call('HGET', sizes, '') or '0')
        end
        redis.call('PEXPIRE', ages, life)
        redis.call('PEXPIRE', sizes, life)
        """;

    /// <summary>Removes headers. ARGV: name of the chunk, then the uids.</summary>
    public const string Drop = $$"""
        local ages, sizes, chunk = KEYS[1], KEYS[2], KEYS[3]
        local freed = 0
        for at = 2, #ARGV do
            local size = redis.call('HSTRLEN', chunk, ARGV[at])
            if redis.call('HDEL', chunk, ARGV[at]) == 1 then freed = freed + size + {{FieldOverhead}} end
        end
        if freed == 0 or redis.call('EXISTS', sizes) == 0 then return end
        redis.call('HINCRBY', sizes, '', string.format('%d', -freed))
        if redis.call('EXISTS', chunk) == 0 then
            redis.call('ZREM', ages, ARGV[1])
            redis.call('HDEL', sizes, ARGV[1])
        else
            redis.call('HINCRBY', sizes, ARGV[1], string.format('%d', -freed))
        end
        """;
}
