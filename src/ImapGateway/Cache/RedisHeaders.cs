using System.Globalization;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace ImapGateway.Cache;

/// <summary>
/// Stores headers in Redis, where they outlive the gateway and are shared by several instances. A hash contains the messages of a mailbox under a thousand neighbouring uids. A page is one or two
/// hashes and one round trip, and removals delete single fields. When entries must make room (a budget per account, the limit of Redis itself, the lifetime), a thousand messages are removed at a
/// time. A hash per mailbox would be removed as a whole, and a key per message could neither be counted nor found again when its account is removed.
/// </summary>
public sealed class RedisHeaders(RedisLink link, StoreEpoch epoch, IOptions<CacheOptions> options, TimeProvider time)
{
    /// <summary>The prefix of the keys. Another layout of keys needs another name.</summary>
    private const string Name = "imapgateway:headers:1";

    private const int ChunkBits = 10;

    /// <summary>The maximum number of bytes of one message. A larger one would push out thousands of others.</summary>
    private const int Largest = 64 * 1024;

    /// <summary>The maximum number of fields of one call. Redis does nothing else meanwhile.</summary>
    private const int Batch = 250;

    public bool IsConfigured => link.IsConfigured;

    private readonly record struct Chunk(ulong Mailbox, uint UidValidity, uint Number)
    {
        public static Chunk Of(HeaderKey key) => new(key.Mailbox, key.UidValidity, key.Uid >> ChunkBits);

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Mailbox}:{UidValidity}:{Number}");
    }

    /// <returns>The headers that Redis has and that can be trusted. Empty if Redis does not answer in time.</returns>
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

    /// <summary>Removes all data of an account. Chunks that its list has lost disappear at the end of their lifetime.</summary>
    /// <returns>False if Redis is not available and the caller has to try again.</returns>
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

    /// <summary>Returns the prefix of an account's keys, with the epoch. Data stored before the database was restored from a backup may be about other messages than the same names are now.</summary>
    private string Prefix(string incarnation) => $"{Name}:{epoch.Value}:{{{incarnation}}}:";

    private RedisKey ChunkKey(string incarnation, string chunk) => Prefix(incarnation) + chunk;

    private RedisKey[] Keys(string incarnation, string chunk) => [Prefix(incarnation) + "ages", Prefix(incarnation) + "sizes", ChunkKey(incarnation, chunk)];
}
