using System.Globalization;
using System.Net;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Cache;

/// <summary>Redis behind a gateway: what is right does not depend on it.</summary>
[Trait("Category", "judges")]
public sealed class RedisThroughHttpTests
{
    [Fact]
    public async Task After_a_restart_a_list_needs_no_headers_from_the_mail_server()
    {
        await using var redis = await RedisServer.Start("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru");
        await using var world = await World.OfItsOwn(null, ("Redis:ConnectionString", redis.ConnectionString));
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        await world.Dovecot.Seed(world.User, 60, i => ScriptedMessage.Text($"m{i + 1}"));
        var account = await world.AddAccount(tap.Port);
        var before = (await account.Items(account.Messages("inbox"))).Select(item => item.GetRawText()).ToList();
        Assert.Equal(50, before.Count);
        await TestWait.For(async () => (await Fields(redis)) >= 50);

        await world.Gateway.Restart();
        tap.Lines.Clear();

        Assert.Equal(before, (await account.Items(account.Messages("inbox"))).Select(item => item.GetRawText()));
        Assert.DoesNotContain(tap.Lines.Entries, line => line.FromClient && line.Text.Contains("BODYSTRUCTURE", StringComparison.Ordinal));
        Assert.DoesNotContain(world.Gateway.Output.Entries, line => line.Contains("maxmemory", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_arrives_is_put_in_what_is_removed_dropped_and_a_removed_account_forgotten()
    {
        await using var redis = await RedisServer.Start();
        await using var world = await World.OfItsOwn(null, ("Redis:ConnectionString", redis.ConnectionString));
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        var account = await world.AddAccount(tap.Port, watch: "all");
        await TestWait.For(async () => (await world.Api.Get(account.Path)).Json.GetProperty("state").GetString() == "connected");
        var (kept, gone) = (await world.Deliver("kept"), await world.Deliver("gone"));
        await TestWait.For(async () => await Fields(redis) == 2);

        tap.Lines.Clear();
        Assert.Equal(["gone", "kept"], (await account.Items(account.Messages("inbox"))).Select(item => item.GetProperty("subject").GetString()));
        Assert.DoesNotContain(tap.Lines.Entries, line => line.FromClient && line.Text.Contains("BODYSTRUCTURE", StringComparison.Ordinal));

        var id = (await account.Newest()).GetProperty("id").GetString()!;
        (await world.Api.Delete(account.Message(id, "?permanent=true"))).Is(HttpStatusCode.NoContent);
        await TestWait.For(async () => await Fields(redis) == 1);

        var archive = (await world.Api.Post(account.Mailboxes, new { path = "Elsewhere" })).Is(HttpStatusCode.Created).Json.GetProperty("id").GetString()!;
        id = (await account.Newest()).GetProperty("id").GetString()!;
        tap.Lines.Clear();
        (await world.Api.Patch(account.Message(id), new { mailboxId = archive })).Is(HttpStatusCode.OK);
        Assert.Equal("kept", (await account.Newest(archive)).GetProperty("subject").GetString());
        Assert.DoesNotContain(tap.Lines.Entries, line => line.FromClient && line.Text.Contains("BODYSTRUCTURE", StringComparison.Ordinal));
        await TestWait.For(async () => await Fields(redis) == 1);

        (await world.Api.Delete(account.Path)).Is(HttpStatusCode.NoContent);
        await TestWait.For(async () => (int)await redis.Execute("DBSIZE") == 0);
        Assert.NotEqual(kept, gone);
    }

    [Fact]
    public async Task An_account_that_is_removed_while_redis_is_away_is_forgotten_when_it_is_back()
    {
        await using var redis = await RedisServer.Start();
        await using var world = await World.OfItsOwn(null, ("Redis:ConnectionString", redis.ConnectionString));
        var account = await world.AddAccount();
        await world.Deliver("one");
        await account.Newest();
        await TestWait.For(async () => await Fields(redis) == 1);

        await redis.Freeze();
        (await world.Api.Delete(account.Path)).Is(HttpStatusCode.NoContent);
        await world.Gateway.Output.First(line => line.Contains("it is tried again", StringComparison.Ordinal));
        await redis.Thaw();
        await world.Gateway.Restart();

        await TestWait.For(async () => (int)await redis.Execute("DBSIZE") == 0);
    }

    /// <summary>A cache of 20 kB in memory: nearly everything is asked of Redis, which is small, stands still, dies and comes back empty.</summary>
    [Fact]
    public async Task Whatever_redis_does_every_list_is_right()
    {
        await using var redis = await RedisServer.Start("--maxmemory-policy", "allkeys-random");
        await using var world = await World.OfItsOwn(null, ("Redis:ConnectionString", redis.ConnectionString), ("Cache:MemoryBytes", "20000"), ("Http:AnswerBytes", "0"));
        await world.Dovecot.Seed(world.User, 3000, i => ScriptedMessage.Text($"m{i + 1}"));
        await FillAt(redis, 700_000);
        var account = await world.AddAccount();
        using var enough = new CancellationTokenSource();
        var lists = 0;
        var readers = Enumerable.Range(0, 4).Select(reader => Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                var first = 3000;
                for (var path = account.Messages("inbox", "?limit=100"); path is not null && !enough.IsCancellationRequested;)
                {
                    var page = (await world.Api.Get(path)).Is(HttpStatusCode.OK).Json;
                    Assert.Equal(Enumerable.Range(first - 99, 100).Reverse().Select(uid => $"m{uid}"), page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("subject").GetString()));
                    first -= 100;
                    Interlocked.Increment(ref lists);
                    path = page.GetProperty("nextCursor").GetString() is { } cursor ? account.Messages("inbox", $"?limit=100&cursor={cursor}") : null;
                }
            }
        })).ToList();
        // One that was wrong, or not answered, ends the test at once.
        Task Until(Func<Task<bool>> condition) => TestWait.For(async () =>
        {
            await (readers.Find(reader => reader.IsFaulted) ?? Task.CompletedTask);
            return await condition();
        });
        Task More() => Volatile.Read(ref lists) is var before ? Until(() => Task.FromResult(Volatile.Read(ref lists) > before + 30)) : Task.CompletedTask;

        await More();
        await Until(async () => !(await redis.Execute("INFO", "stats")).ToString().Contains("evicted_keys:0\r", StringComparison.Ordinal));
        await redis.Freeze();
        await More();
        await redis.Thaw();
        await More();
        await redis.Kill();
        await More();
        await redis.Resume();
        await FillAt(redis, 700_000);
        await More();
        await Until(async () => await Fields(redis) > 0);
        await enough.CancelAsync();
        await Task.WhenAll(readers);
    }

    [Fact]
    public async Task A_redis_that_refuses_writes_when_it_is_full_is_warned_of()
    {
        await using var redis = await RedisServer.Start("--maxmemory", "2mb", "--maxmemory-policy", "noeviction");
        await using var gateway = await GatewayProcess.Start(("Redis:ConnectionString", redis.ConnectionString));

        await gateway.Output.First(line => line.Contains("maxmemory-policy noeviction", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Wrong_settings_are_refused_and_no_secret_is_shown()
    {
        var (code, output) = await GatewayProcess.StartRefused(
            ("Redis:ConnectionString", "localhost:6379,pasword=geheim"), ("Cache:MemoryBytes", "-1"), ("Cache:RedisTtl", "0s"), ("Cache:RedisBytesPerAccount", "1"));

        Assert.Equal(1, code);
        Assert.All(["Redis:ConnectionString", "Cache:MemoryBytes", "Cache:RedisTtl", "Cache:RedisBytesPerAccount"], key => Assert.Contains(key, output, StringComparison.Ordinal));
        Assert.DoesNotContain("geheim", output, StringComparison.Ordinal);
    }

    /// <summary>So many bytes beyond what Redis takes for itself, and it is full.</summary>
    private static async Task FillAt(RedisServer redis, long bytes)
    {
        var used = (await redis.Execute("INFO", "memory")).ToString().Split("used_memory:")[1].Split('\r')[0];
        await redis.Execute("CONFIG", "SET", "maxmemory", long.Parse(used, CultureInfo.InvariantCulture) + bytes);
    }

    /// <summary>Messages whose headers are there.</summary>
    private static async Task<long> Fields(RedisServer redis)
    {
        await using var client = await redis.Client();
        long fields = 0;
        await foreach (var key in client.GetServer(client.GetEndPoints()[0]).KeysAsync(pattern: "imapgateway:headers:1:0:{*}:*:*:*"))
        {
            fields += await client.GetDatabase().HashLengthAsync(key);
        }
        return fields;
    }
}
