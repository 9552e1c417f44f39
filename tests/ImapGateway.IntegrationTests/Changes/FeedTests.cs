using System.Net;
using System.Text.Json;
using static ImapGateway.IntegrationTests.Changes.SampleChanges;

namespace ImapGateway.IntegrationTests.Changes;

public sealed class SqliteFeedTests : FeedTests
{
    protected override Task<LiveFeed> Start(params (string Name, string Value)[] settings) => LiveFeed.Start(postgres: false, settings);
}

public sealed class PostgresFeedTests : FeedTests
{
    protected override Task<LiveFeed> Start(params (string Name, string Value)[] settings) => LiveFeed.Start(postgres: true, settings);
}

/// <summary>Pages of the feed of one account and of all.</summary>
public abstract class FeedTests
{
    protected abstract Task<LiveFeed> Start(params (string Name, string Value)[] settings);

    [Fact]
    public async Task Pages_follow_each_other_until_there_is_nothing_new()
    {
        await using var feed = await Start();
        var anna = await feed.AddAccount("anna");
        await feed.Append(anna, "anna", [Added(1), .. Many(2, 9)]);
        foreach (var path in new[] { "/v1/accounts/anna/changes", "/v1/changes" })
        {
            var seen = new List<JsonElement>();
            var after = "0";
            for (var page = 1; page <= 4; page++)
            {
                var answer = (await feed.Api.Get($"{path}?after={after}&limit=3")).Is(HttpStatusCode.OK);
                seen.AddRange(answer.Json.GetProperty("items").EnumerateArray());
                after = answer.Text("nextAfter");
            }
            Assert.Equal(Enumerable.Range(1, 10).Select(n => $"{n}"), seen.Select(change => change.GetProperty("sequence").GetString()));
            var end = (await feed.Api.Get($"{path}?after={after}")).Is(HttpStatusCode.OK);
            Assert.Equal((0, after), (end.Json.GetProperty("items").GetArrayLength(), end.Text("nextAfter")));
            Assert.Equal(after, (await feed.Api.Get($"{path}?after=latest")).Is(HttpStatusCode.OK).Text("nextAfter"));
        }
    }

    [Fact]
    public async Task A_change_tells_what_happened_and_who_may_not_read_mail_sees_ids_only()
    {
        await using var feed = await Start();
        var anna = await feed.AddAccount("anna");
        await feed.Append(anna, "anna", Added(1, "größer"), Mailbox(2), Flagged(3));
        var whole = (await feed.Api.Get("/v1/accounts/anna/changes")).Is(HttpStatusCode.OK).Json.GetProperty("items")[0];
        Assert.Equal(["id", "type", "timestamp", "account", "metadata", "sequence", "data"], whole.EnumerateObject().Select(member => member.Name));
        Assert.Equal(("message.added", "anna", "4711", "1"), (whole.GetProperty("type").GetString(), whole.GetProperty("account").GetString(), whole.GetProperty("metadata").GetProperty("customer").GetString(), whole.GetProperty("sequence").GetString()));
        Assert.Equal("größer", whole.GetProperty("data").GetProperty("message").GetProperty("subject").GetString());

        var basic = await feed.NewKey(["mail.readBasic"]);
        Assert.Equal(whole.GetRawText(), (await basic.Api.Get("/v1/changes")).Is(HttpStatusCode.OK).Json.GetProperty("items")[0].GetRawText());
        foreach (var scope in new[] { "mail.write", "mail.send", "accounts", "webhooks" })
        {
            var key = await feed.NewKey([scope]);
            foreach (var path in new[] { "/v1/accounts/anna/changes", "/v1/changes" })
            {
                var items = (await key.Api.Get(path)).Is(HttpStatusCode.OK).Json.GetProperty("items");
                Assert.Equal("""{"id":"m_1","mailboxId":"b_abcdefghb"}""", items[0].GetProperty("data").GetRawText());
                // Neither a path nor flags.
                Assert.Equal(["id"], items[1].GetProperty("data").EnumerateObject().Select(member => member.Name));
                Assert.Equal(["id", "mailboxId"], items[2].GetProperty("data").EnumerateObject().Select(member => member.Name));
            }
        }
    }

    [Fact]
    public async Task Types_are_chosen_by_name_and_by_kind_and_the_position_passes_the_others()
    {
        await using var feed = await Start();
        var anna = await feed.AddAccount("anna");
        await feed.Append(anna, "anna", [Added(1), Mailbox(2), Removed(1), Flagged(3), .. Many(4, 300)]);
        async Task<string> Read(string types) => string.Join(' ', (await feed.Api.Get($"/v1/accounts/anna/changes?limit=3&types={types}")).Is(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray().Select(change => change.GetProperty("sequence").GetString()));
        Assert.Equal("1 2 3", await Read("*"));
        Assert.Equal("2", await Read("mailbox.*"));
        Assert.Equal("1 4", await Read("message.added,message.flags_changed"));
        Assert.Equal("2", await Read("account.*,mailbox.added"));
        var none = (await feed.Api.Get("/v1/accounts/anna/changes?types=account.*")).Is(HttpStatusCode.OK);
        Assert.Equal((0, $"a_{anna}_304"), (none.Json.GetProperty("items").GetArrayLength(), none.Text("nextAfter")));
        foreach (var wrong in new[] { "message", "message.", "message.read", "*.added", "message.*,", "" })
        {
            (await feed.Api.Get($"/v1/changes?types={wrong}")).Is(HttpStatusCode.BadRequest).IsProblem("bad_request");
        }
    }

    [Fact]
    public async Task A_position_is_good_for_the_feed_it_came_from()
    {
        await using var feed = await Start();
        var (anna, bert) = (await feed.AddAccount("anna"), await feed.AddAccount("bert"));
        await feed.Append(anna, "anna", Removed(1), Removed(2));
        await feed.Append(bert, "bert", Removed(1));
        var ofAnna = (await feed.Api.Get("/v1/accounts/anna/changes")).Text("nextAfter");
        var ofAll = (await feed.Api.Get("/v1/changes?limit=2")).Text("nextAfter");
        Assert.Equal("bert", (await feed.Api.Get($"/v1/changes?after={ofAll}")).Json.GetProperty("items")[0].GetProperty("account").GetString());

        (await feed.Api.Get($"/v1/accounts/anna/changes?after={ofAll}")).Is(HttpStatusCode.BadRequest).IsProblem("bad_request");
        (await feed.Api.Get($"/v1/changes?after={ofAnna}")).Is(HttpStatusCode.BadRequest).IsProblem("bad_request");
        foreach (var garbled in new[] { "", "1", "-1", "now", $"{ofAnna}x", $"a_{anna}_01", $"a_{anna}_99999999999999999999", "g_aaaaaaaa_1" })
        {
            (await feed.Api.Get($"/v1/accounts/anna/changes?after={Uri.EscapeDataString(garbled)}")).Is(HttpStatusCode.BadRequest).IsProblem("bad_request");
        }
        foreach (var (path, lost) in new[]
        {
            ("/v1/accounts/bert/changes", ofAnna), ("/v1/accounts/anna/changes", "a_aaaaaaaa_1"), ("/v1/accounts/anna/changes", $"a_{anna}_3"),
            ("/v1/changes", "g_aaaaaaaa_0_1"), ("/v1/changes", ofAll[..10] + "_999999999999_1"),
        })
        {
            var gone = (await feed.Api.Get($"{path}?after={lost}")).Is(HttpStatusCode.Gone).IsProblem("gone");
            Assert.Contains("feedPosition", gone.Text("detail"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_key_reads_only_of_the_accounts_it_may_see()
    {
        await using var feed = await Start();
        var (anna, bert) = (await feed.AddAccount("anna"), await feed.AddAccount("bert"));
        await feed.Append(anna, "anna", Removed(1));
        await feed.Append(bert, "bert", Removed(2));
        await feed.Append(anna, "anna", Removed(3));
        var key = await feed.NewKey(["mail.read"], ["bert"]);
        var page = (await key.Api.Get("/v1/changes")).Is(HttpStatusCode.OK);
        Assert.Equal("m_2", Assert.Single(page.Json.GetProperty("items").EnumerateArray()).GetProperty("data").GetProperty("id").GetString());
        Assert.Equal((await feed.Api.Get("/v1/changes?after=latest")).Text("nextAfter"), page.Text("nextAfter"));
        (await key.Api.Get("/v1/accounts/anna/changes")).Is(HttpStatusCode.NotFound);
        (await key.Api.Get("/v1/accounts/nobody/changes")).Is(HttpStatusCode.NotFound);
        (await feed.Api.Get("/v1/accounts/nobody/changes")).Is(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_long_poll_answers_when_something_happens_and_empty_when_nothing_does()
    {
        await using var feed = await Start();
        var anna = await feed.AddAccount("anna");
        foreach (var path in new[] { "/v1/accounts/anna/changes", "/v1/changes" })
        {
            var waiting = feed.Api.Get($"{path}?after=latest&wait=60&types=message.added");
            await TestWait.For(() => feed.Log.Waiting > 0);
            await feed.Append(anna, "anna", Removed(1));
            await feed.Append(anna, "anna", Added(2));
            Assert.Equal("m_2", (await waiting).Is(HttpStatusCode.OK).Json.GetProperty("items")[0].GetProperty("data").GetProperty("id").GetString());
            var quiet = (await feed.Api.Get($"{path}?after=latest&wait=1")).Is(HttpStatusCode.OK);
            Assert.Equal(0, quiet.Json.GetProperty("items").GetArrayLength());
        }
        (await feed.Api.Get("/v1/changes?wait=61")).Is(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_long_poll_ends_when_the_gateway_stops_and_when_its_key_does()
    {
        await using var feed = await Start();
        await feed.AddAccount("anna");
        var key = await feed.NewKey(["mail.read"]);
        var revoked = key.Api.Get("/v1/accounts/anna/changes?wait=60");
        await TestWait.For(() => feed.Log.Waiting > 0);
        (await feed.Api.Delete($"/v1/keys/{key.Id}")).Is(HttpStatusCode.NoContent);
        (await revoked).Is(HttpStatusCode.Unauthorized);

        var waiting = feed.Api.Get("/v1/changes?after=latest&wait=60");
        await TestWait.For(() => feed.Log.Waiting > 0);
        await feed.Stop();
        Assert.Equal(0, (await waiting).Is(HttpStatusCode.OK).Json.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task A_removed_account_is_gone_and_its_end_is_in_the_feed_of_all()
    {
        await using var feed = await Start();
        var anna = await feed.AddAccount("anna");
        await feed.Append(anna, "anna", Removed(1));
        var position = (await feed.Api.Get("/v1/accounts/anna/changes")).Text("nextAfter");
        (await feed.Api.Delete("/v1/accounts/anna")).Is(HttpStatusCode.NoContent);
        (await feed.Api.Get("/v1/accounts/anna/changes")).Is(HttpStatusCode.NotFound);
        var items = (await feed.Api.Get("/v1/changes")).Is(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(["1 message.removed", "2 account.removed"], items.Select(change => $"{change.GetProperty("sequence").GetString()} {change.GetProperty("type").GetString()}"));

        await feed.AddAccount("anna");
        (await feed.Api.Get($"/v1/accounts/anna/changes?after={position}")).Is(HttpStatusCode.Gone);
    }
}
