using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using static ImapGateway.IntegrationTests.Changes.SampleChanges;

namespace ImapGateway.IntegrationTests.Changes;

/// <summary>On PostgreSQL transactions commit in another order than they begin: the feed of all accounts skips none.</summary>
public class LateCommitTests
{
    [Fact]
    public async Task A_transaction_that_commits_late_is_waited_for_and_skipped_by_nobody()
    {
        await using var feed = await LiveFeed.Start(postgres: true);
        var (late, early) = (await feed.AddAccount("late"), await feed.AddAccount("early"));
        var begin = (await feed.Api.Get("/v1/changes?after=latest")).Text("nextAfter");
        await using var events = await EventReader.Open(feed.Client(feed.AdminKey), "/v1/events");
        await events.NextBlock();

        var (written, mayCommit) = (new TaskCompletionSource(), new TaskCompletionSource());
        var commit = feed.Database.WriteAsync(
            async (db, cancel) =>
            {
                await LiveFeed.Write(db, late, "late", [Removed(1)], cancel);
                written.TrySetResult();
                await mayCommit.Task;
                return true;
            },
            default);
        await TestWait.For(written.Task);
        await feed.Append(early, "early", Removed(2));
        await feed.Append(early, "early", Removed(3));

        // Nobody else has to wait: the feed of the account has them.
        Assert.Equal(2, (await feed.Api.Get("/v1/accounts/early/changes")).Json.GetProperty("items").GetArrayLength());
        var meanwhile = (await feed.Api.Get($"/v1/changes?after={begin}&wait=1")).Is(HttpStatusCode.OK);
        Assert.Equal((0, begin), (meanwhile.Json.GetProperty("items").GetArrayLength(), meanwhile.Text("nextAfter")));
        Assert.Equal(begin, (await feed.Api.Get("/v1/changes?after=latest")).Text("nextAfter"));
        Assert.Equal(begin, (await feed.Api.Get("/v1/accounts")).Text("feedPosition"));

        mayCommit.SetResult();
        await commit;
        feed.Log.Appended(late);
        var items = (await feed.Api.Get($"/v1/changes?after={begin}&wait=30")).Json.GetProperty("items").EnumerateArray();
        Assert.Equal(["late 1", "early 1", "early 2"], items.Select(Name));
        foreach (var expected in new[] { "late 1", "early 1", "early 2" })
        {
            Assert.Equal(expected, Name((await events.Next())!.Json));
        }
    }

    [Fact]
    public async Task A_transaction_of_another_database_on_the_same_server_delays_nobody()
    {
        await using var feed = await LiveFeed.Start(postgres: true);
        await using var other = await LiveFeed.Start(postgres: true);
        var (anna, bert) = (await feed.AddAccount("anna"), await other.AddAccount("bert"));
        var (written, mayCommit) = (new TaskCompletionSource(), new TaskCompletionSource());
        var commit = other.Database.WriteAsync(
            async (db, cancel) =>
            {
                await LiveFeed.Write(db, bert, "bert", [Removed(1)], cancel);
                written.TrySetResult();
                await mayCommit.Task;
                return true;
            },
            default);
        await TestWait.For(written.Task);
        await feed.Append(anna, "anna", Removed(1));
        var page = (await feed.Api.Get("/v1/changes?after=0")).Is(HttpStatusCode.OK);
        Assert.Equal("anna 1", Name(Assert.Single(page.Json.GetProperty("items").EnumerateArray())));
        Assert.False(commit.IsCompleted);
        mayCommit.SetResult();
        await commit;
    }

    [Fact]
    public async Task Writers_side_by_side_of_which_some_are_slow_and_some_give_up_are_all_read_once_and_in_their_order()
    {
        const int Writers = 8;
        const int Each = 40;
        await using var feed = await LiveFeed.Start(postgres: true);
        var accounts = new List<string>();
        for (var n = 0; n < Writers; n++)
        {
            accounts.Add(await feed.AddAccount($"a{n}"));
        }
        var (begin, writing) = ((await feed.Api.Get("/v1/changes?after=latest")).Text("nextAfter"), true);

        async Task<List<string>> Follow()
        {
            var (seen, after) = (new List<string>(), begin);
            while (true)
            {
                var over = !Volatile.Read(ref writing);
                var page = (await feed.Api.Get($"/v1/changes?after={after}&limit=7&wait=1")).Is(HttpStatusCode.OK);
                seen.AddRange(page.Json.GetProperty("items").EnumerateArray().Select(Name));
                after = page.Text("nextAfter");
                if (over && page.Json.GetProperty("items").GetArrayLength() == 0)
                {
                    return seen;
                }
            }
        }

        async Task Write(int n)
        {
            var random = new Random(n);
            for (var i = 1; i <= Each; i++)
            {
                // Some hold their transaction open while others commit, some end it without a trace.
                var (pause, fails) = (random.Next(4) == 0 ? random.Next(30) : 0, random.Next(8) == 0);
                try
                {
                    await feed.Database.WriteAsync(
                        async (db, cancel) =>
                        {
                            await LiveFeed.Write(db, accounts[n], $"a{n}", [Removed(i)], cancel);
                            await db.Database.ExecuteSqlAsync($"SELECT pg_sleep({pause / 1000.0})", cancel);
                            return fails ? throw new OperationCanceledException() : true;
                        },
                        default);
                    feed.Log.Appended(accounts[n]);
                }
                catch (OperationCanceledException)
                {
                    i--;
                }
            }
        }

        var followers = Enumerable.Range(0, 3).Select(_ => Follow()).ToArray();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(Write));
        Volatile.Write(ref writing, false);
        foreach (var seen in await Task.WhenAll(followers))
        {
            Assert.Equal(Writers * Each, seen.Count);
            for (var n = 0; n < Writers; n++)
            {
                Assert.Equal(Enumerable.Range(1, Each).Select(i => $"a{n} {i}"), seen.Where(name => name.StartsWith($"a{n} ", StringComparison.Ordinal)));
            }
        }
    }

    private static string Name(JsonElement change) => $"{change.GetProperty("account").GetString()} {change.GetProperty("sequence").GetString()}";
}
