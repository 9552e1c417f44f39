using System.Globalization;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace ImapGateway.Cache;

/// <summary>
/// Headers in Redis, which outlive the gateway and are shared by several. A hash holds what lies in a mailbox under a thousand neighbouring uids: a page is one or two of them
/// and one round trip, what is removed are fields, and what has to make room (a budget per account, the limit of Redis itself, the lifetime) goes a thousand messages at a time, where a hash
/// per mailbox would go as a whole and a key per message could neither be counted nor found again when its account is removed.
/// </summary>
public sealed class RedisHeaders(RedisLink link, StoreEpoch epoch, IOptions<CacheOptions> options, TimeProvider time)
{
    /// <summary>Another layout of keys needs another name.</summary>
    private const string Name = "imapgateway:headers:1";

    private const int ChunkBits = 10;

    /// <summary>A message that is larger would push out thousands of others.</summary>
    private const int Largest = 64 * 1024;

    /// <summary>Fields of one call: Redis does nothing else meanwhile.</summary>
    private const int Batch = 250;

    public bool IsConfigured => link.IsConfigured;

    private readonly record struct Chunk(ulong Mailbox, uint UidValidity, uint Number)
    {
        public static Chunk Of(HeaderKey key) => new(key.Mailbox, key.UidValidity, key.Uid >> ChunkBits);

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Mailbox}:{UidValidity}:{Number}");
    }

    /// <returns>What is there and can be trusted. Empty where Redis has no answer in time.</returns>
    public async Task<IReadOnlyList<KeyValuePair<HeaderKey, MessageHeaders>>> GetAsync(string incarnation, IReadOnlyCollection<HeaderKey> keys)
    {
        var chunks = keys.GroupBy(Chunk.Of).Select(chunk => (Key: ChunkKey(incarnation, chunk.Key.ToString()), Keys: chunk.ToArray())).ToList();
        var answers = await link.AskAsync("get", database => Task.WhenAll(chunks.Select(chunk => database.HashGetAsync(chunk.Key, Array.ConvertAll(chunk.Keys, FieldOf)))));
        var found = new List<KeyValuePair<HeaderKey, MessageHeaders>>();
        foreach (var (values, asked) in (answers ?? []).Zip(chunks, (values, chunk) => (values, chunk.Keys)))
        {
            for (var at = 0; at < values.Length; at++)
            {
                if (!values[at].IsNull && HeaderCodec.Decode(asked[at], (byte[])values[at]!) is { } headers)
                {
                    found.Add(new(asked[at], headers));
                }
            }
        }
        return found;
    }

    public void Put(string incarnation, IEnumerable<KeyValuePair<HeaderKey, MessageHeaders>> headers)
    {
        foreach (var chunk in headers.GroupBy(one => Chunk.Of(one.Key)))
        {
            var (name, now) = (chunk.Key.ToString(), time.GetUtcNow().ToUnixTimeMilliseconds());
            foreach (var some in chunk.Chunk(Batch))
            {
                var (bytes, values) = (0, new List<RedisValue> { Prefix(incarnation), name, now, (long)options.Value.RedisTtl.TotalMilliseconds, options.Value.RedisBytesPerAccount });
                foreach (var (key, one) in some)
                {
                    if (HeaderCodec.Encode(key, one) is { Length: <= Largest } encoded)
                    {
                        values.AddRange([FieldOf(key), encoded]);
                        bytes += encoded.Length;
                    }
                }
                if (bytes > 0)
                {
                    link.Tell("put", bytes, database => database.ScriptEvaluateAsync(RedisScripts.Put, Keys(incarnation, name), [.. values]));
                }
            }
        }
    }

    public void Drop(string incarnation, IEnumerable<HeaderKey> keys)
    {
        foreach (var chunk in keys.GroupBy(Chunk.Of))
        {
            var name = chunk.Key.ToString();
            foreach (var some in chunk.Chunk(Batch))
            {
                RedisValue[] values = [name, .. some.Select(FieldOf)];
                link.Tell("drop", values.Length * sizeof(long), database => database.ScriptEvaluateAsync(RedisScripts.Drop, Keys(incarnation, name), values));
            }
        }
    }

    /// <summary>Forgets an account. What its list of chunks has lost goes with its lifetime.</summary>
    /// <returns>False: Redis is away, it has to be tried again.</returns>
    public Task<bool> ClearAsync(string incarnation) =>
        !link.IsConfigured ? Task.FromResult(true) : link.TryAsync("clear", async database =>
        {
            foreach (var some in (await database.SortedSetRangeByRankAsync(Keys(incarnation, "")[0])).Chunk(Batch))
            {
                await database.KeyDeleteAsync([.. some.Select(name => ChunkKey(incarnation, name.ToString()))]);
            }
            await database.KeyDeleteAsync(Keys(incarnation, "")[..2]);
        });

    private static RedisValue FieldOf(HeaderKey key) => key.Uid;

    /// <summary>With the epoch: what was kept before the database was restored from a backup may be about other messages than the same names are now.</summary>
    private string Prefix(string incarnation) => $"{Name}:{epoch.Value}:{{{incarnation}}}:";

    private RedisKey ChunkKey(string incarnation, string chunk) => Prefix(incarnation) + chunk;

    private RedisKey[] Keys(string incarnation, string chunk) => [Prefix(incarnation) + "ages", Prefix(incarnation) + "sizes", ChunkKey(incarnation, chunk)];
}
