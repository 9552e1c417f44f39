using System.Net;
using ImapGateway.Accounts;
using ImapGateway.Changes;
using ImapGateway.IntegrationTests.Storage;
using ImapGateway.Mail;
using Microsoft.AspNetCore.Http;

namespace ImapGateway.IntegrationTests.Webhooks;

public sealed class SqliteDeliveryTests : DeliveryTests
{
    protected override Task<StoreUnderTest> Store() => StoreUnderTest.Sqlite();
}

public sealed class PostgresDeliveryTests : DeliveryTests
{
    protected override Task<StoreUnderTest> Store() => StoreUnderTest.Postgres();
}

/// <summary>Changes on their way from the log to a real receiver.</summary>
public abstract class DeliveryTests
{
    private static readonly (string, string)[] Fast =
    [
        ("Webhooks:RetrySchedule:0", "50ms"), ("Webhooks:RetrySchedule:1", "100ms"), ("Webhooks:RetrySchedule:2", "200ms"), ("Webhooks:RetrySchedule:3", "400ms"), ("Webhooks:RetrySchedule:4", "30s"),
        ("Webhooks:OrderHold", "300ms"),
    ];

    protected abstract Task<StoreUnderTest> Store();

    private async Task<WebhookWorld> World(params (string, string)[] settings) => await WebhookWorld.On(await Store(), settings);

    private static Task Status(HttpResponse response, int status)
    {
        response.StatusCode = status;
        return Task.CompletedTask;
    }

    private static string[] Ids(AccountUnderTest account, params int[] sequences) => [.. sequences.Select(sequence => account.IdOf(sequence))];

    [Fact]
    public async Task Changes_arrive_in_order_each_with_its_own_id_and_their_outcomes_are_kept()
    {
        await using var world = await World();
        var anna = await world.Account("anna");
        await anna.Arrive(3);
        var webhook = await world.Webhook();
        await anna.Arrive(100);
        var later = await world.Account("later");
        await later.Arrive(50);

        await world.Receiver.Has(150);
        Assert.Equal(Enumerable.Range(4, 100).Select(n => anna.IdOf(n)), world.Receiver.Calls.Where(call => call.Json.GetProperty("account").GetString() == "anna").Select(call => call.Id));
        Assert.Equal(Enumerable.Range(1, 50).Select(n => later.IdOf(n)), world.Receiver.Calls.Where(call => call.Json.GetProperty("account").GetString() == "later").Select(call => call.Id));
        Assert.All(world.Receiver.Calls, call => Assert.Equal(call.Id, call.Json.GetProperty("id").GetString()));
        await TestWait.For(async () => (await webhook.Deliveries("?state=delivered&limit=500")).Length == 150);
        Assert.Equal([anna.IdOf(103)], (await webhook.Deliveries($"?state=delivered&account=anna&limit=1")).Select(delivery => delivery.Id));
        Assert.Empty(world.Faults);
        Assert.Equal(150, world.Receiver.Count);
    }

    [Fact]
    public async Task A_failed_call_is_repeated_with_the_same_id_and_bytes_and_those_behind_it_wait()
    {
        await using var world = await World(Fast);
        var anna = await world.Account("anna");
        var webhook = await world.Webhook();
        var failures = 2;
        world.Receiver.Answer = (_, response) => Status(response, Interlocked.Decrement(ref failures) >= 0 ? 503 : 200);
        await anna.Arrive(2);

        await world.Receiver.Has(4);
        Assert.Equal(Ids(anna, 1, 1, 1, 2), world.Receiver.Calls.Select(call => call.Id));
        Assert.Single(world.Receiver.Calls.Take(3).Select(call => Convert.ToHexString(call.Body)).Distinct());
        await TestWait.For(async () => (await webhook.Deliveries("?state=delivered")).Length == 2);
        var first = (await world.Api.Get($"{webhook.Path}/deliveries/{anna.IdOf(1)}")).Is(HttpStatusCode.OK).Json;
        Assert.Equal([503, 503, 200], first.GetProperty("attempts").EnumerateArray().Select(attempt => attempt.GetProperty("status").GetInt32()));
        Assert.Empty(world.Faults);
    }

    [Fact]
    public async Task A_poison_message_is_set_apart_after_the_hold_and_stops_nobody_else()
    {
        await using var world = await World(Fast);
        var (anna, berta) = (await world.Account("anna"), await world.Account("berta"));
        var webhook = await world.Webhook();
        var poison = anna.IdOf(2);
        world.Receiver.Answer = (call, response) => Status(response, call.Id == poison ? 500 : 200);
        await anna.Arrive(5);
        await berta.Arrive(5);

        await TestWait.For(() => world.Receiver.Calls.Select(call => call.Id).Distinct().Count() == 10);
        Assert.Equal(Ids(anna, 1, 3, 4, 5), world.Receiver.Calls.Where(call => call.Id != poison && call.Json.GetProperty("account").GetString() == "anna").Select(call => call.Id));
        await TestWait.For(async () => (await webhook.Deliveries("?state=retrying")) is [var apart] && apart.Id == poison);
        Assert.Equal("active", await webhook.State());
        Assert.Empty(await webhook.Deliveries("?state=pending"));

        world.Receiver.Answer = (_, response) => Status(response, 200);
        (await webhook.Post($"deliveries/{poison}/redeliver")).Is(HttpStatusCode.Accepted);
        await TestWait.For(async () => (await webhook.Deliveries("?state=delivered")).Length == 10);
        Assert.Single(world.Receiver.Calls.Where(call => call.Id == poison).Select(call => Convert.ToHexString(call.Body)).Distinct());
        Assert.Empty(world.Faults);
    }

    [Fact]
    public async Task A_dead_endpoint_skips_nothing_and_goes_on_where_it_stopped_when_it_is_resumed()
    {
        await using var world = await World([.. Fast[..4], ("Webhooks:OrderHold", "300ms")]);
        var (anna, berta) = (await world.Account("anna"), await world.Account("berta"));
        var webhook = await world.Webhook();
        world.Receiver.Answer = (_, response) => Status(response, 500);
        await anna.Arrive(20);
        await berta.Arrive(20);
        await webhook.Is("failing");
        await webhook.Is("disabled");
        Assert.Equal("exhausted", (await world.Api.Get(webhook.Path)).Text("reason"));
        Assert.Equal(40, (await webhook.Deliveries("?state=pending&limit=100")).Length);
        Assert.Equal(40, (await webhook.Deliveries("?limit=100")).Length);

        var calls = world.Receiver.Count;
        world.Receiver.Answer = (_, response) => Status(response, 200);
        world.Receiver.Forget();
        (await webhook.Post("resume")).Is(HttpStatusCode.OK);
        await world.Receiver.Has(40);
        Assert.InRange(calls, 2, 60);
        foreach (var account in new[] { anna, berta })
        {
            Assert.Equal(Enumerable.Range(1, 20).Select(n => account.IdOf(n)), world.Receiver.Calls.Where(call => call.Json.GetProperty("account").GetString() == account.Id).Select(call => call.Id));
        }
        await webhook.Is("active");
        Assert.Empty(world.Faults);
    }

    [Fact]
    public async Task An_endpoint_that_hangs_keeps_no_other_one_waiting()
    {
        await using var world = await World(("Webhooks:Timeout", "20s"));
        var anna = await world.Account("anna");
        await world.Webhook(path: "slow");
        await world.Webhook(path: "quick");
        using var ended = new CancellationTokenSource();
        world.Receiver.Answer = (call, _) => call.Path == "/slow" ? Task.Delay(Timeout.Infinite, ended.Token) : Task.CompletedTask;
        await anna.Arrive(50);
        await world.Receiver.Has("quick", 50);
        await world.Receiver.Has("slow", 1);
        Assert.Single(world.Receiver.At("slow"));
        await ended.CancelAsync();
    }

    [Fact]
    public async Task A_receiver_that_hangs_times_out_and_one_that_redirects_has_failed()
    {
        await using var world = await World([.. Fast, ("Webhooks:Timeout", "300ms")]);
        var anna = await world.Account("anna");
        var webhook = await world.Webhook();
        var calls = 0;
        world.Receiver.Answer = async (_, response) =>
        {
            switch (Interlocked.Increment(ref calls))
            {
                case 1:
                    await Task.Delay(Timeout.Infinite, response.HttpContext.RequestAborted);
                    break;
                case 2:
                    response.Redirect(world.Receiver.Url("elsewhere"));
                    break;
                default:
                    await response.WriteAsync(new string('x', 2000));
                    break;
            }
        };
        await anna.Arrive();
        await TestWait.For(async () => (await webhook.Deliveries("?state=delivered")).Length == 1);
        var delivery = (await world.Api.Get($"{webhook.Path}/deliveries/{anna.IdOf(1)}")).Json;
        Assert.Equal(["timeout", null, null], delivery.GetProperty("attempts").EnumerateArray().Select(attempt => attempt.GetProperty("error").GetString()));
        Assert.Equal(302, delivery.GetProperty("attempts")[1].GetProperty("status").GetInt32());
        Assert.Equal(512, delivery.GetProperty("answer").GetString()!.Length);
        Assert.Empty(world.Receiver.At("elsewhere"));
    }

    [Fact]
    public async Task A_receiver_that_names_a_time_is_not_called_earlier()
    {
        await using var world = await World(Fast);
        var anna = await world.Account("anna");
        await world.Webhook();
        var calls = 0;
        world.Receiver.Answer = (_, response) =>
        {
            response.Headers.RetryAfter = "2";
            return Status(response, Interlocked.Increment(ref calls) == 1 ? 429 : 200);
        };
        await anna.Arrive();
        await world.Receiver.Has(2);
        Assert.True(world.Receiver.Calls[1].At - world.Receiver.Calls[0].At >= TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task A_receiver_that_is_gone_is_disabled_and_called_no_more_until_it_is_resumed()
    {
        await using var world = await World(Fast);
        var anna = await world.Account("anna");
        var webhook = await world.Webhook();
        world.Receiver.Answer = (_, response) => Status(response, 410);
        await anna.Arrive(3);
        await webhook.Is("disabled");
        Assert.Equal("gone", (await world.Api.Get(webhook.Path)).Text("reason"));
        Assert.Equal(1, world.Receiver.Count);
        world.Receiver.Answer = (_, response) => Status(response, 200);
        (await webhook.Post("resume")).Is(HttpStatusCode.OK);
        await world.Receiver.Has(4);
        Assert.Equal(Ids(anna, 1, 1, 2, 3), world.Receiver.Calls.Select(call => call.Id));
    }

    [Fact]
    public async Task Pausing_keeps_the_cursor_and_a_restart_repeats_nothing_that_was_written()
    {
        await using var world = await World();
        var anna = await world.Account("anna");
        var webhook = await world.Webhook();
        await anna.Arrive(10);
        await world.Receiver.Has(10);
        (await webhook.Post("pause")).Is(HttpStatusCode.OK);
        await anna.Arrive(10);
        // What the receiver has taken is written a moment later.
        await TestWait.For(async () => (await webhook.Deliveries("?state=pending")).Length == 10);
        await world.Stop();
        await world.Start();
        Assert.Equal("paused", (await world.Api.Get(webhook.Path)).Text("state"));
        Assert.Equal(10, world.Receiver.Count);
        (await world.Api.Post($"{webhook.Path}/resume")).Is(HttpStatusCode.OK);
        await world.Receiver.Has(20);
        Assert.Equal(Enumerable.Range(1, 20).Select(n => anna.IdOf(n)), world.Receiver.Calls.Select(call => call.Id));
    }

    [Fact]
    public async Task Without_order_a_slow_one_holds_up_nobody()
    {
        await using var world = await World();
        var anna = await world.Account("anna");
        var webhook = await world.Webhook(new { order = "none" });
        using var ended = new CancellationTokenSource();
        var slow = anna.IdOf(1);
        world.Receiver.Answer = (call, _) => call.Id == slow ? Task.Delay(Timeout.Infinite, ended.Token).ContinueWith(_ => { }, TaskScheduler.Default) : Task.CompletedTask;
        await anna.Arrive(100);
        await world.Receiver.Has(100);
        await TestWait.For(async () => (await webhook.Deliveries("?state=delivered&limit=200")).Length == 99);
        Assert.Equal([slow], (await webhook.Deliveries("?state=pending")).Select(delivery => delivery.Id));
        await ended.CancelAsync();
        await TestWait.For(async () => (await webhook.Deliveries("?state=delivered&limit=200")).Length == 100);
    }

    [Fact]
    public async Task A_removed_account_is_told_of_and_its_lane_ends_with_that()
    {
        await using var world = await World();
        var anna = await world.Account("anna");
        var webhook = await world.Webhook(new { types = new[] { "account.*" } });
        await anna.Arrive(5);
        await world.Remove("anna");
        await world.Receiver.Has(1);
        Assert.Equal(("account.removed", "6"), (world.Receiver.Calls[0].Json.GetProperty("type").GetString(), world.Receiver.Calls[0].Json.GetProperty("sequence").GetString()));
        await TestWait.For(async () => await world.LaneCount(webhook.Id) == 0);
        Assert.Empty(world.Faults);
    }

    [Fact]
    public async Task A_replay_delivers_again_from_a_position_with_the_same_ids_and_bytes()
    {
        await using var world = await World();
        var anna = await world.Account("anna");
        var webhook = await world.Webhook();
        await anna.Arrive(20);
        await world.Receiver.Has(20);
        var before = world.Receiver.Calls.ToDictionary(call => call.Id, call => Convert.ToHexString(call.Body));
        world.Receiver.Forget();
        var replay = (await webhook.Post("replay", new { account = "anna", after = FeedPosition.OfAccount(anna.Incarnation, 5) })).Is(HttpStatusCode.Accepted);
        Assert.Equal(("6", "20"), (replay.Text("from"), replay.Text("through")));
        await world.Receiver.Has(15);
        Assert.Equal(Enumerable.Range(6, 15).Select(n => anna.IdOf(n)), world.Receiver.Calls.Select(call => call.Id));
        Assert.All(world.Receiver.Calls, call => Assert.Equal(before[call.Id], Convert.ToHexString(call.Body)));
        await TestWait.For(async () => await world.LaneCount(webhook.Id) == 1);
        Assert.Equal(2, (await webhook.Deliveries($"?state=delivered&limit=1")).Single().Attempts);
        (await webhook.Post("replay", new { account = "anna", after = "g_abcdefgh_0_1" })).IsProblem("bad_request");
        (await webhook.Post("replay", new { account = "anna", after = "a_abcdefgh_1" })).IsProblem("gone");
        (await webhook.Post("replay", new { account = "nobody", after = "0" })).IsProblem("bad_request");
    }

    [Fact]
    public async Task Filters_admit_what_they_name_and_either_side_of_a_move()
    {
        await using var world = await World();
        var (anna, berta) = (await world.Account("anna"), await world.Account("berta"));
        await world.Webhook(new { types = new[] { "message.*" }, roles = new[] { "archive" } }, "role");
        await world.Webhook(new { accounts = new[] { "berta" } }, "account");
        await world.Webhook(new { mailboxes = new[] { anna.Mailbox(1) }, types = new[] { "message.moved" } }, "mailbox");
        await anna.Write(
            anna.Arrival(),
            new MessageMoved("m_1", anna.Mailbox(2), anna.Mailbox(1), Flags.None) { At = new ChangePlace(2, null), From = new ChangePlace(1, Role.Inbox) },
            new MessageMoved("m_1", anna.Mailbox(3), anna.Mailbox(2), Flags.None) { At = new ChangePlace(3, Role.Archive), From = new ChangePlace(2, null) },
            new AccountChanged(ChangeType.AccountUnavailable, "account.timeout", null));
        await berta.Arrive();
        await world.Receiver.Has(3);
        Assert.Equal(Ids(anna, 3), world.Receiver.At("role").Select(call => call.Id));
        Assert.Equal(Ids(anna, 2), world.Receiver.At("mailbox").Select(call => call.Id));
        Assert.Equal(Ids(berta, 1), world.Receiver.At("account").Select(call => call.Id));
    }

    [Fact]
    public async Task A_text_is_added_and_kept_so_that_later_attempts_send_the_same()
    {
        await using var world = await World(Fast);
        var anna = await world.Account("anna");
        var webhook = await world.Webhook(new { include = "body" });
        var texts = 0;
        world.Texts.ByMessage[ObjectId.Format(ObjectId.Message, anna.Incarnation, 1)] = () => new MessageText($"text {++texts}", false);
        var failures = 2;
        world.Receiver.Answer = (_, response) => Status(response, Interlocked.Decrement(ref failures) >= 0 ? 500 : 200);
        await anna.Arrive(2);
        await world.Receiver.Has(4);
        Assert.Single(world.Receiver.Calls.Take(3).Select(call => Convert.ToHexString(call.Body)).Distinct());
        var message = world.Receiver.Calls[0].Json.GetProperty("data").GetProperty("message");
        Assert.Equal("""{"text":"text 1","truncated":false}""", message.GetProperty("body").GetRawText());
        Assert.Equal("null", world.Receiver.Calls[3].Json.GetProperty("data").GetProperty("message").GetProperty("body").GetRawText());
        await TestWait.For(async () => (await webhook.Deliveries("?state=delivered")).Length == 2);
        (await webhook.Post($"deliveries/{anna.IdOf(1)}/redeliver")).Is(HttpStatusCode.Accepted);
        await world.Receiver.Has(5);
        Assert.Equal(world.Receiver.Calls[0].Body, world.Receiver.Calls[4].Body);
    }

    [Fact]
    public async Task Retention_gives_deliveries_up_only_when_it_must_and_says_so()
    {
        await using var world = await World(("Changes:Retention", "1s"), ("Changes:MaxRetention", "3s"));
        var anna = await world.Account("anna");
        var webhook = await world.Webhook();
        (await webhook.Post("pause")).Is(HttpStatusCode.OK);
        await anna.Arrive(3);
        await TestWait.For(async () => (await webhook.Deliveries("?state=expired")).Length == 3);
        Assert.NotNull((await world.Api.Get(webhook.Path)).Text("lastExpiredAt"));
        await TestWait.For(async () => (await world.Log.RangeAsync(anna.Incarnation, default)).Oldest == 4);
        await world.Stop();
        await world.Start();
        (await world.Api.Post($"{webhook.Path}/deliveries/{anna.IdOf(1)}/redeliver")).IsProblem("gone");
        (await world.Api.Post($"{webhook.Path}/resume")).Is(HttpStatusCode.OK);
        await anna.Arrive(1);
        await world.Receiver.Has(1);
        Assert.Equal(Ids(anna, 4), world.Receiver.Calls.Select(call => call.Id));
    }

    [Fact]
    public async Task Somebody_elses_lane_cannot_be_moved()
    {
        await using var world = await World();
        var anna = await world.Account("anna");
        var webhook = await world.Webhook();
        await anna.Arrive(1);
        await world.Receiver.Has(1);
        await TestWait.For(async () => (await world.Lanes(webhook.Id)) is [{ Cursor: 1 }]);
        var (stale, cursor) = Assert.Single(await world.Claim(webhook.Id));
        var (owner, _) = Assert.Single(await world.Claim(webhook.Id));
        Assert.Equal(1, cursor);
        Assert.Equal([stale], await world.Move(stale, 5));
        Assert.Equal(1, (await world.Lanes(webhook.Id))[0].Cursor);
        Assert.Empty(await world.Move(owner, 7));
        Assert.Empty(await world.Move(owner, 6));
        Assert.Equal(7, (await world.Lanes(webhook.Id))[0].Cursor);
    }
}
