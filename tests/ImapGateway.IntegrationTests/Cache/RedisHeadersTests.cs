using System.Text.Json;
using ImapGateway.Cache;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.Mail;
using StackExchange.Redis;

namespace ImapGateway.IntegrationTests.Cache;

public sealed class RedisHeadersTests
{
    private const string Account = "abcdefgh";

    [Fact]
    public async Task What_one_gateway_has_read_another_finds()
    {
        await using var server = await RedisServer.Start();
        await using var one = await TestCache.At(server);
        await using var other = await TestCache.At(server);
        one.Cache.Put(Account, Messages(1, 50));

        await Stored(server, 50);

        Assert.Equal(Json(Messages(1, 50)), Json(await other.Cache.FindAsync(Account, Keys(1, 50))));
        Assert.Equal(TestCache.Sample(7).Subject, other.Cache.Get(Account, Key(7))?.Subject);
    }

    [Fact]
    public async Task A_page_of_neighbours_is_one_command()
    {
        await using var server = await RedisServer.Start();
        await using var cache = await TestCache.At(server);
        cache.Redis.Put(Account, Messages(5001, 50));
        await Stored(server, 50);

        Assert.Equal(50, (await cache.Redis.GetAsync(Account, Keys(5001, 50))).Count);

        Assert.Contains("cmdstat_hmget:calls=1,", (await server.Execute("INFO", "commandstats")).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_account_keeps_to_its_budget_and_loses_what_was_written_first()
    {
        await using var server = await RedisServer.Start();
        await using var cache = await TestCache.At(server, new CacheOptions { RedisBytesPerAccount = 2_000_000 });
        cache.Redis.Put("another", Messages(1, 10));
        for (var first = 1U; first <= 20_000; first += 1000)
        {
            cache.Redis.Put(Account, Messages(first, 1000));
            await TestWait.For(async () => (await cache.Redis.GetAsync(Account, [Key(first + 999)])).Count == 1);
        }

        Assert.InRange(await Used(server), 500_000, 2_500_000);
        Assert.Equal(1000, (await cache.Redis.GetAsync(Account, Keys(19_001, 1000))).Count);
        Assert.Empty(await cache.Redis.GetAsync(Account, Keys(1, 1000)));
        Assert.Equal(10, (await cache.Redis.GetAsync("another", Keys(1, 10))).Count);
    }

    [Fact]
    public async Task Everything_expires()
    {
        await using var server = await RedisServer.Start();
        await using var cache = await TestCache.At(server, new CacheOptions { RedisTtl = TimeSpan.FromHours(1) });
        cache.Redis.Put(Account, Messages(1, 5000));
        await Stored(server, 5000);
        cache.Redis.Drop(Account, Keys(1, 1000));
        await Stored(server, 4000);

        await using var client = await server.Client();
        foreach (var key in client.GetServer(client.GetEndPoints()[0]).Keys())
        {
            Assert.InRange(await client.GetDatabase().KeyTimeToLiveAsync(key) ?? TimeSpan.MaxValue, TimeSpan.FromMinutes(1), TimeSpan.FromHours(1));
        }
    }

    [Fact]
    public async Task What_has_expired_counts_no_more()
    {
        await using var server = await RedisServer.Start();
        await using var cache = await TestCache.At(server, new CacheOptions { RedisTtl = TimeSpan.FromSeconds(1), RedisBytesPerAccount = 2_000_000 });
        cache.Redis.Put(Account, Messages(1, 3000));
        await Stored(server, 3000);
        await Stored(server, 0);

        cache.Redis.Put(Account, Messages(10_001, 10));

        await Stored(server, 10);
        await using var client = await server.Client();
        Assert.InRange((long)await client.GetDatabase().HashGetAsync($"imapgateway:headers:1:0:{{{Account}}}:sizes", ""), 1, 10_000);
    }

    [Fact]
    public async Task Removed_messages_are_dropped_moved_ones_carried_along_and_an_account_forgotten()
    {
        await using var server = await RedisServer.Start();
        await using var cache = await TestCache.At(server);
        await using var fresh = await TestCache.At(server);
        cache.Cache.Put(Account, Messages(1, 3000));
        cache.Cache.Put("another", Messages(1, 10));
        await Stored(server, 3010);

        cache.Cache.Drop(Account, Keys(1, 2900));
        await Stored(server, 110);
        // The one knows them in memory, the other only from Redis.
        cache.Cache.Move(Account, [(Key(2999), new HeaderKey(2, 1, 7))]);
        fresh.Cache.Move(Account, [(Key(3000), new HeaderKey(2, 1, 8))]);
        await TestWait.For(async () => (await fresh.Redis.GetAsync(Account, [Key(2999), Key(3000), new HeaderKey(2, 1, 7), new HeaderKey(2, 1, 8)])).Select(one => one.Key.Uid).Order().SequenceEqual([7U, 8U]));
        Assert.Equal(TestCache.Sample(3000).Subject, fresh.Cache.Get(Account, new HeaderKey(2, 1, 8))?.Subject);

        Assert.True(await cache.Cache.ClearAsync(Account));
        await Stored(server, 10);
        Assert.Null(cache.Cache.Get(Account, Key(2950)));
    }

    [Fact]
    public async Task What_cannot_be_understood_or_belongs_elsewhere_is_not_there()
    {
        await using var server = await RedisServer.Start();
        await using var cache = await TestCache.At(server);
        cache.Redis.Put(Account, Messages(1, 4));
        await Stored(server, 4);
        await using var client = await server.Client();
        var (database, chunk) = (client.GetDatabase(), $"imapgateway:headers:1:0:{{{Account}}}:1:1:0");
        var whole = (byte[])(await database.HashGetAsync(chunk, 1))!;
        await database.HashSetAsync(chunk, 2, whole);
        await database.HashSetAsync(chunk, 3, "?");
        await database.HashSetAsync(chunk, 4, (byte[])[(byte)(whole[0] + 1), .. whole[1..]]);

        Assert.Equal([1U], (await cache.Redis.GetAsync(Account, Keys(1, 4))).Select(one => one.Key.Uid));
        await database.KeyDeleteAsync(chunk);
        await database.StringSetAsync(chunk, "something else");
        Assert.Empty(await cache.Redis.GetAsync(Account, Keys(1, 4)));
    }

    [Fact]
    public async Task A_full_redis_that_evicts_gives_what_it_has_left_and_nothing_wrong()
    {
        await using var server = await RedisServer.Start("--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru");
        await using var cache = await TestCache.At(server);
        var found = 0;
        for (var account = 0; account < 40; account++)
        {
            cache.Redis.Put($"account{account}", Messages(1, 500, $"Of {account}: "));
            foreach (var (key, headers) in await cache.Redis.GetAsync($"account{account / 2}", Keys(1, 500)))
            {
                Assert.Equal($"Of {account / 2}: {key.Uid}", headers.Subject);
                found++;
            }
        }
        Assert.NotEqual(0, found);
        Assert.DoesNotContain("evicted_keys:0\r", (await server.Execute("INFO", "stats")).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_redis_that_refuses_writes_is_still_read()
    {
        await using var server = await RedisServer.Start("--maxmemory", "3mb", "--maxmemory-policy", "noeviction");
        await using var cache = await TestCache.At(server);
        using var calls = new CallCount(cache.Metrics);
        cache.Redis.Put(Account, Messages(1, 50));
        await Stored(server, 50);
        await TestWait.For(() =>
        {
            cache.Redis.Put("another", Messages(1, 10_000));
            return calls["put", "refused"] > 0;
        });

        Assert.Equal(50, (await cache.Redis.GetAsync(Account, Keys(1, 50))).Count);
    }

    [Fact]
    public async Task While_redis_stands_still_nobody_asks_it_and_then_it_is_found_again()
    {
        await using var server = await RedisServer.Start();
        await using var cache = await TestCache.At(server);
        using var calls = new CallCount(cache.Metrics);
        cache.Redis.Put(Account, Messages(1, 50));
        await Stored(server, 50);

        await server.Freeze();
        for (var request = 0; request < 1000; request++)
        {
            Assert.Empty(await cache.Redis.GetAsync(Account, Keys(1, 50)));
            cache.Redis.Put(Account, Messages(51, 1));
        }
        // No more than a few have waited for it, whatever the time the others came.
        Assert.InRange(calls["get", "timeout"], 1, RedisCircuit.Tolerated + 2);
        Assert.InRange(calls["get", "skipped"], 900, 1000);

        await server.Thaw();
        await TestWait.For(async () => (await cache.Redis.GetAsync(Account, Keys(1, 50))).Count == 50);
    }

    [Fact]
    public async Task A_redis_that_was_away_at_the_start_is_used_when_it_comes()
    {
        await using var server = await RedisServer.Start();
        await server.Kill();
        await using var cache = await TestCache.At(server);
        Assert.Empty(await cache.Redis.GetAsync(Account, Keys(1, 50)));
        Assert.False(await cache.Cache.ClearAsync(Account));

        await server.Resume();

        await TestWait.For(async () =>
        {
            cache.Redis.Put(Account, Messages(1, 50));
            return (await cache.Redis.GetAsync(Account, Keys(1, 50))).Count == 50;
        });
    }

    [Fact]
    public async Task Killed_and_started_again_under_load_it_never_gives_a_wrong_answer()
    {
        await using var server = await RedisServer.Start();
        await using var cache = await TestCache.At(server);
        using var enough = new CancellationTokenSource();
        var found = 0;
        var readers = Enumerable.Range(0, 8).Select(reader => Task.Run(async () =>
        {
            for (var round = 0U; !enough.IsCancellationRequested; round++)
            {
                var first = (round % 20 * 50) + 1;
                foreach (var (key, headers) in await cache.Redis.GetAsync(Account, Keys(first, 50)))
                {
                    Assert.Equal(TestCache.Sample(key.Uid).Subject, headers.Subject);
                    Interlocked.Increment(ref found);
                }
                cache.Redis.Put(Account, Messages(first, 50));
                await Task.Yield();
            }
        })).ToList();
        for (var life = 0; life < 3; life++)
        {
            var before = Volatile.Read(ref found);
            await TestWait.For(() => Volatile.Read(ref found) > before + 1000);
            await server.Kill();
            await server.Resume();
        }
        var last = Volatile.Read(ref found);
        await TestWait.For(() => Volatile.Read(ref found) > last + 1000);
        await enough.CancelAsync();
        await Task.WhenAll(readers);
    }

    private static HeaderKey Key(uint uid) => new(1, 1, uid);

    private static List<HeaderKey> Keys(uint first, int count) => [.. Enumerable.Range((int)first, count).Select(uid => Key((uint)uid))];

    private static List<KeyValuePair<HeaderKey, MessageHeaders>> Messages(uint first, int count, string subject = "Our offer of ") =>
        Keys(first, count).ConvertAll(key => KeyValuePair.Create(key, TestCache.Sample(key.Uid, subject)));

    private static string Json(IEnumerable<KeyValuePair<HeaderKey, MessageHeaders>> messages) => JsonSerializer.Serialize(messages.OrderBy(one => one.Key.Uid));

    /// <summary>Until there are so many messages in Redis.</summary>
    private static async Task Stored(RedisServer server, long messages)
    {
        await using var client = await server.Client();
        await TestWait.For(async () => (await Chunks(client)).Sum(chunk => client.GetDatabase().HashLength(chunk)) == messages);
    }

    /// <summary>Bytes that Redis itself counts for all messages.</summary>
    private static async Task<long> Used(RedisServer server)
    {
        await using var client = await server.Client();
        return (await Chunks(client)).Sum(chunk => (long)client.GetDatabase().Execute("MEMORY", "USAGE", chunk, "SAMPLES", 0));
    }

    private static async Task<List<RedisKey>> Chunks(ConnectionMultiplexer client)
    {
        var keys = new List<RedisKey>();
        await foreach (var key in client.GetServer(client.GetEndPoints()[0]).KeysAsync(pattern: "imapgateway:headers:1:0:{*}:*:*:*"))
        {
            keys.Add(key);
        }
        return keys;
    }
}
