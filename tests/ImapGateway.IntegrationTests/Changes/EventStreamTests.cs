using System.Net;
using static ImapGateway.IntegrationTests.Changes.SampleChanges;

namespace ImapGateway.IntegrationTests.Changes;

public sealed class SqliteEventStreamTests : EventStreamTests
{
    protected override Task<LiveFeed> Start(params (string Name, string Value)[] settings) => LiveFeed.Start(postgres: false, settings);
}

public sealed class PostgresEventStreamTests : EventStreamTests
{
    protected override Task<LiveFeed> Start(params (string Name, string Value)[] settings) => LiveFeed.Start(postgres: true, settings);
}

/// <summary>The feed as server-sent events, read line by line.</summary>
public abstract class EventStreamTests
{
    private static readonly string[] Paths = ["/v1/accounts/anna/events", "/v1/events"];

    protected abstract Task<LiveFeed> Start(params (string Name, string Value)[] settings);

    [Fact]
    public async Task Events_are_the_changes_of_the_feed_with_positions_as_their_ids()
    {
        await using var feed = await Start();
        var anna = await feed.AddAccount("anna");
        await feed.Append(anna, "anna", Removed(1));
        foreach (var path in Paths)
        {
            await using var events = await EventReader.Open(feed.Client(feed.AdminKey), path);
            Assert.Equal(("text/event-stream", "no", "no-store"), (events.ContentHeaders.ContentType!.ToString(), Assert.Single(events.Headers.GetValues("X-Accel-Buffering")), events.Headers.CacheControl!.ToString()));
            var begin = (await events.NextBlock())!;
            var list = path.Replace("/events", "/changes", StringComparison.Ordinal);
            Assert.Equal(((await feed.Api.Get($"{list}?after=latest")).Text("nextAfter"), ""), (begin.Id, begin.Type));
            await feed.Append(anna, "anna", Added(2), Mailbox(3));
            var (first, second) = ((await events.Next())!, (await events.Next())!);
            Assert.Equal(("message.added", "mailbox.added"), (first.Type, second.Type));
            var items = (await feed.Api.Get($"{list}?after={begin.Id}")).Json.GetProperty("items");
            Assert.Equal((items[0].GetRawText(), items[1].GetRawText()), (first.Data, second.Data));

            await using var again = await EventReader.Open(feed.Client(feed.AdminKey), $"{path}?after=0", lastEventId: first.Id);
            Assert.Equal(second, await again.Next());
            await using var after = await EventReader.Open(feed.Client(feed.AdminKey), $"{path}?after={first.Id}&types=mailbox.*");
            Assert.Equal(second, await after.Next());
        }
    }

    [Fact]
    public async Task What_cannot_be_continued_begins_with_a_reset_and_goes_on_from_now()
    {
        await using var feed = await Start();
        var anna = await feed.AddAccount("anna");
        await feed.Append(anna, "anna", Removed(1));
        foreach (var (path, lost) in new[] { (Paths[0], "a_aaaaaaaa_7"), (Paths[0], $"a_{anna}_77"), (Paths[1], "g_aaaaaaaa_0_7") })
        {
            await using var events = await EventReader.Open(feed.Client(feed.AdminKey), path, lastEventId: lost);
            var reset = (await events.Next())!;
            Assert.Equal(("reset", "gone", reset.Id), (reset.Type, reset.Json.GetProperty("code").GetString(), reset.Json.GetProperty("feedPosition").GetString()));
            Assert.Contains("List", reset.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
            await feed.Append(anna, "anna", Removed(2));
            var next = (await events.Next())!;
            Assert.Equal("message.removed", next.Type);
            await using var again = await EventReader.Open(feed.Client(feed.AdminKey), path, lastEventId: reset.Id);
            Assert.Equal(next, await again.Next());
        }
        foreach (var (path, wrong) in new[] { (Paths[0], "g_aaaaaaaa_0_7"), (Paths[1], $"a_{anna}_1"), (Paths[1], "yesterday") })
        {
            (await feed.Api.Get(path, ("Last-Event-ID", wrong))).Is(HttpStatusCode.BadRequest).IsProblem("bad_request");
            (await feed.Api.Get($"{path}?after={wrong}")).Is(HttpStatusCode.BadRequest).IsProblem("bad_request");
        }
    }

    [Fact]
    public async Task A_stream_shows_what_its_key_may_see_at_each_moment_and_ends_with_it()
    {
        await using var feed = await Start();
        var (anna, bert) = (await feed.AddAccount("anna"), await feed.AddAccount("bert"));
        var key = await feed.NewKey(["mail.read", "mail.write"]);
        await using var all = await EventReader.Open(feed.Client(key.Value), "/v1/events");
        await using var one = await EventReader.Open(feed.Client(key.Value), "/v1/accounts/bert/events");
        await all.NextBlock();
        await one.NextBlock();
        await feed.Append(anna, "anna", Added(1));
        Assert.Contains("\"message\":", (await all.Next())!.Data, StringComparison.Ordinal);

        (await feed.Api.Patch($"/v1/keys/{key.Id}", new { scopes = new[] { "mail.write" }, accounts = new[] { "anna" } })).Is(HttpStatusCode.OK);
        await feed.Append(bert, "bert", Added(2));
        await feed.Append(anna, "anna", Added(3));
        var narrowed = (await all.Next())!;
        Assert.Equal("""{"id":"m_3","mailboxId":"b_abcdefghb"}""", narrowed.Json.GetProperty("data").GetRawText());
        Assert.Null(await one.Next());

        (await feed.Api.Delete($"/v1/keys/{key.Id}")).Is(HttpStatusCode.NoContent);
        Assert.Null(await all.Next());
    }

    [Fact]
    public async Task The_end_of_an_account_is_the_last_event_of_its_stream()
    {
        await using var feed = await Start();
        var anna = await feed.AddAccount("anna");
        await using var one = await EventReader.Open(feed.Client(feed.AdminKey), Paths[0]);
        await using var all = await EventReader.Open(feed.Client(feed.AdminKey), Paths[1]);
        await one.NextBlock();
        await all.NextBlock();
        await feed.Append(anna, "anna", Removed(1));
        (await feed.Api.Delete("/v1/accounts/anna")).Is(HttpStatusCode.NoContent);
        foreach (var events in new[] { one, all })
        {
            Assert.Equal("message.removed", (await events.Next())!.Type);
            Assert.Equal("account.removed", (await events.Next())!.Type);
        }
        Assert.Null(await one.Next());
        await feed.Append(await feed.AddAccount("bert"), "bert", Removed(2));
        Assert.Equal("bert", (await all.Next())!.Json.GetProperty("account").GetString());
    }

    [Fact]
    public async Task Streams_end_when_the_gateway_stops()
    {
        await using var feed = await Start();
        await feed.AddAccount("anna");
        await using var one = await EventReader.Open(feed.Client(feed.AdminKey), Paths[0]);
        await using var all = await EventReader.Open(feed.Client(feed.AdminKey), Paths[1]);
        var stopped = feed.Stop();
        Assert.Null(await one.Next());
        Assert.Null(await all.Next());
        await stopped;
    }

    [Fact]
    public async Task A_ticket_opens_streams_and_nothing_else_and_ends_with_its_key()
    {
        await using var feed = await Start();
        var (anna, bert) = (await feed.AddAccount("anna"), await feed.AddAccount("bert"));
        var key = await feed.NewKey(["mail.read", "mail.write"]);
        var made = (await key.Api.Post("/v1/tickets", new { scopes = new[] { "mail.readBasic" }, accounts = new[] { "anna" } })).Is(HttpStatusCode.OK);
        var ticket = made.Text("ticket");
        var nobody = feed.Client(null);
        await using var events = await EventReader.Open(nobody, $"/v1/events?ticket={ticket}");
        await events.NextBlock();
        await feed.Append(bert, "bert", Added(1));
        await feed.Append(anna, "anna", Added(2));
        Assert.Contains("\"message\":", (await events.Next())!.Data, StringComparison.Ordinal);

        var stranger = new ApiClient(nobody);
        (await stranger.Get($"/v1/accounts/bert/events?ticket={ticket}")).Is(HttpStatusCode.NotFound);
        (await stranger.Get("/v1/accounts/bert/events?ticket=igt_made_up")).Is(HttpStatusCode.Unauthorized);
        (await stranger.Get($"/v1/changes?ticket={ticket}")).Is(HttpStatusCode.Unauthorized);
        (await stranger.Post($"/v1/tickets?ticket={ticket}", new { })).Is(HttpStatusCode.Unauthorized);
        (await new ApiClient(feed.Client(ticket)).Get("/v1/changes")).Is(HttpStatusCode.Unauthorized);

        (await feed.Api.Delete($"/v1/keys/{key.Id}")).Is(HttpStatusCode.NoContent);
        await feed.Append(anna, "anna", Added(3));
        Assert.Null(await events.Next());
        (await stranger.Get($"/v1/events?ticket={ticket}")).Is(HttpStatusCode.Unauthorized);
    }
}
