using System.Net;
using ImapGateway.Background;
using ImapGateway.Changes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using static ImapGateway.IntegrationTests.Changes.SampleChanges;

namespace ImapGateway.IntegrationTests.Changes;

public sealed class SqliteRetentionTests : RetentionTests
{
    protected override bool IsPostgres => false;
}

public sealed class PostgresRetentionTests : RetentionTests
{
    protected override bool IsPostgres => true;
}

/// <summary>What is old goes, a few rows at a time, and everybody who has missed something is told so.</summary>
public abstract class RetentionTests
{
    protected abstract bool IsPostgres { get; }

    [Fact]
    public async Task Positions_before_what_is_kept_are_gone_and_those_at_its_edge_are_not()
    {
        await using var feed = await LiveFeed.Start(IsPostgres, ("Changes:Retention", "1h"), ("Changes:MaxRetention", "2h"));
        var (anna, bert) = (await feed.AddAccount("anna"), await feed.AddAccount("bert"));
        await feed.Append(anna, "anna", Many(1, 1000));
        await feed.Append(bert, "bert", Removed(1));
        async Task<string> Global(int limit) => (await feed.Api.Get($"/v1/changes?limit={limit}")).Text("nextAfter");
        var (early, edge) = (await Global(200), (await feed.Api.Get("/v1/changes?after=latest")).Text("nextAfter"));
        await Age(feed, TimeSpan.FromHours(1.5));
        await feed.Append(anna, "anna", Removed(1001), Removed(1002));

        await Purge(feed, () => Count(feed, 2));
        var kept = (await feed.Api.Get("/v1/accounts/anna/changes?after=0")).Is(HttpStatusCode.OK);
        Assert.Equal(["1001", "1002"], kept.Json.GetProperty("items").EnumerateArray().Select(change => change.GetProperty("sequence").GetString()));
        (await feed.Api.Get($"/v1/accounts/anna/changes?after=a_{anna}_1000")).Is(HttpStatusCode.OK);
        (await feed.Api.Get($"/v1/accounts/anna/changes?after=a_{anna}_999")).Is(HttpStatusCode.Gone).IsProblem("gone");
        (await feed.Api.Get($"/v1/changes?after={edge}")).Is(HttpStatusCode.OK);
        (await feed.Api.Get($"/v1/changes?after={early}")).Is(HttpStatusCode.Gone).IsProblem("gone");
        Assert.Equal(2, (await feed.Api.Get("/v1/changes?after=0")).Json.GetProperty("items").GetArrayLength());

        // A log that has become empty still has an end.
        var empty = (await feed.Api.Get("/v1/accounts/bert/changes?after=0")).Is(HttpStatusCode.OK);
        Assert.Equal($"a_{bert}_1", empty.Text("nextAfter"));
        (await feed.Api.Get($"/v1/accounts/bert/changes?after=a_{bert}_0")).Is(HttpStatusCode.Gone);
        (await feed.Api.Get($"/v1/accounts/bert/changes?after=a_{bert}_1")).Is(HttpStatusCode.OK);
        (await feed.Api.Get($"/v1/accounts/bert/changes?after=a_{bert}_2")).Is(HttpStatusCode.Gone);
        await using var late = await EventReader.Open(feed.Client(feed.AdminKey), "/v1/events", lastEventId: early);
        Assert.Equal("reset", (await late.Next())!.Type);

        // The position of all goes on behind what was deleted.
        var before = (await feed.Api.Get("/v1/changes?after=latest")).Text("nextAfter");
        await Age(feed, TimeSpan.FromHours(1.5));
        await Purge(feed, () => Count(feed, 0));
        Assert.Equal(before, (await feed.Api.Get("/v1/changes?after=latest")).Text("nextAfter"));
        await feed.Append(bert, "bert", Removed(2));
        Assert.Equal("2", Assert.Single((await feed.Api.Get($"/v1/changes?after={before}")).Json.GetProperty("items").EnumerateArray()).GetProperty("sequence").GetString());
    }

    [Fact]
    public async Task What_somebody_still_has_to_be_told_of_stays_but_not_for_ever()
    {
        var hold = new Hold();
        await using var feed = await LiveFeed.Start(IsPostgres, ("Changes:Retention", "1h"), ("Changes:MaxRetention", "2h"));
        var (anna, bert) = (await feed.AddAccount("anna"), await feed.AddAccount("bert"));
        await feed.Append(anna, "anna", Many(1, 5));
        await feed.Append(bert, "bert", Many(1, 5));
        hold.Lowest[anna] = 4;
        await Age(feed, TimeSpan.FromHours(1.5));
        await Purge(feed, () => Count(feed, 2), hold);
        Assert.Equal(["4", "5"], (await feed.Api.Get("/v1/accounts/anna/changes?after=0")).Json.GetProperty("items").EnumerateArray().Select(change => change.GetProperty("sequence").GetString()));
        (await feed.Api.Get($"/v1/accounts/anna/changes?after=a_{anna}_2")).Is(HttpStatusCode.Gone);
        await Age(feed, TimeSpan.FromHours(1));
        await Purge(feed, () => Count(feed, 0), hold);
    }

    [Fact]
    public async Task The_log_of_a_removed_account_goes_too()
    {
        await using var feed = await LiveFeed.Start(IsPostgres, ("Changes:Retention", "1h"), ("Changes:MaxRetention", "2h"));
        var anna = await feed.AddAccount("anna");
        await feed.Append(anna, "anna", Many(1, 3));
        (await feed.Api.Delete("/v1/accounts/anna")).Is(HttpStatusCode.NoContent);
        Assert.Equal(4, (await feed.Api.Get("/v1/changes")).Json.GetProperty("items").GetArrayLength());
        await Age(feed, TimeSpan.FromHours(1.5));
        await Purge(feed, () => Count(feed, 0));
        Assert.Equal(0, (await feed.Api.Get("/v1/changes")).Is(HttpStatusCode.OK).Json.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task The_gateway_does_it_by_itself()
    {
        await using var feed = await LiveFeed.Start(IsPostgres, ("Changes:Retention", "1s"), ("Changes:MaxRetention", "1s"));
        var anna = await feed.AddAccount("anna");
        await feed.Append(anna, "anna", Many(1, 450));
        await TestWait.For(() => Count(feed, 0));
        (await feed.Api.Get($"/v1/accounts/anna/changes?after=a_{anna}_1")).Is(HttpStatusCode.Gone);
    }

    private sealed class Hold : IRetentionHold
    {
        public Dictionary<string, long> Lowest { get; } = [];

        public Task<IReadOnlyDictionary<string, long>> LowestAsync(CancellationToken cancel) => Task.FromResult<IReadOnlyDictionary<string, long>>(Lowest);
    }

    private static Task<bool> Count(LiveFeed feed, int expected) => feed.Database.ReadAsync(async (db, cancel) => await db.Set<ChangeEntity>().CountAsync(cancel) == expected, default);

    /// <summary>All that is in the log becomes this much older.</summary>
    private static Task<bool> Age(LiveFeed feed, TimeSpan by) => feed.Database.WriteAsync(
        async (db, cancel) =>
        {
            var rows = await db.Set<ChangeEntity>().Select(change => new { change.Row, change.Timestamp }).ToListAsync(cancel);
            foreach (var same in rows.GroupBy(row => row.Timestamp))
            {
                var (older, ids) = (same.Key - by, same.Select(row => row.Row).ToList());
                await db.Set<ChangeEntity>().Where(change => ids.Contains(change.Row)).ExecuteUpdateAsync(change => change.SetProperty(each => each.Timestamp, older), cancel);
            }
            return true;
        },
        default);

    /// <summary>One round of retention.</summary>
    private static async Task Purge(LiveFeed feed, Func<Task<bool>> isDone, params IRetentionHold[] holds)
    {
        using var loops = new Loops(TimeProvider.System, NullLogger<Loops>.Instance);
        await new RetentionWorker(feed.Database, holds, feed.Options, loops).PurgeAsync(default);
        Assert.True(await isDone());
    }
}
