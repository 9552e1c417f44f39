using System.Net;
using System.Text.Json;
using ImapGateway.Changes;
using ImapGateway.IntegrationTests.Changes;
using ImapGateway.Mail;
using static ImapGateway.IntegrationTests.Changes.SampleChanges;

namespace ImapGateway.IntegrationTests.GraphQL;

public sealed class SqliteSubscriptionTests : SubscriptionTests
{
    protected override Task<LiveFeed> Start(params (string Name, string Value)[] settings) => LiveFeed.Start(postgres: false, settings);
}

public sealed class PostgresSubscriptionTests : SubscriptionTests
{
    protected override Task<LiveFeed> Start(params (string Name, string Value)[] settings) => LiveFeed.Start(postgres: true, settings);
}

/// <summary>The feed as subscriptions, message by message.</summary>
public abstract class SubscriptionTests
{
    private const string Fields = """
        __typename id type timestamp accountId metadata { key value } sequence position objectId
        ... on MessageAdded { mailboxId message { id subject preview from { address } } truncated }
        ... on MessageFlagsChanged { mailboxId added removed flags }
        ... on MessageMoved { mailboxId fromMailboxId flags message { subject } truncated }
        ... on MessageRemoved { mailboxId message { subject } }
        ... on MailboxAdded { path role } ... on MailboxRenamed { path oldPath role } ... on MailboxRemoved { path role } ... on MailboxReset { path role why: reason }
        ... on AccountChanged { reason detail }
        """;

    private static readonly string One = $"subscription ($after: String, $mailboxes: [ID!], $types: [ChangeType!]) {{ changes(account: \"anna\", after: $after, mailboxes: $mailboxes, types: $types) {{ {Fields} }} }}";
    private static readonly string All = $"subscription ($after: String) {{ allChanges(after: $after) {{ {Fields} }} }}";

    protected abstract Task<LiveFeed> Start(params (string Name, string Value)[] settings);

    [Fact]
    public async Task Whatever_the_feed_tells_is_told_with_its_type_and_place()
    {
        await using var feed = await Start();
        var anna = await feed.AddAccount("anna");
        var crowd = Enumerable.Range(0, 150).Select(n => new EmailAddress(null, $"a{n}@example.com"));
        await feed.Append(
            anna, "anna",
            Added(1),
            new MessageAdded("m_2", "b_1") { Message = Summary("m_2", "many") with { To = [.. crowd], Preview = "Dear all" } },
            Flagged(1),
            new MessageMoved("m_1", "b_2", "b_1", Flags.Of("$seen", "own")) { Message = Summary("m_1", "moved") },
            new MessageMoved("m_2", "b_2", "b_1", Flags.None),
            Removed(1),
            new MailboxAdded("b_4", "Sent", Role.Sent),
            new MailboxRenamed("b_4", "Gesendet", "Sent", Role.Sent),
            new MailboxReset("b_4", "Gesendet", Role.Sent, "index_lost"),
            new MailboxRemoved("b_4", "Gesendet", null),
            new AccountChanged(ChangeType.AccountSynced, null, null),
            new AccountChanged(ChangeType.AccountAuthFailed, "account.auth_failed", "no"));
        using var socket = await GraphSocket.Open(feed.Address, feed.AdminKey);
        foreach (var (document, path) in new[] { (One, "/v1/accounts/anna/changes"), (All, "/v1/changes") })
        {
            await socket.Subscribe(path, document, new { after = "0" });
            foreach (var expected in (await feed.Api.Get($"{path}?after=0&limit=500")).Json.GetProperty("items").EnumerateArray())
            {
                var shown = await socket.NextItem();
                foreach (var member in new[] { "id", "timestamp", "sequence" })
                {
                    Assert.Equal(expected.GetProperty(member).GetRawText(), shown.GetProperty(member).GetRawText());
                }
                var data = expected.GetProperty("data");
                Assert.Equal("anna", shown.GetProperty("accountId").GetString());
                Assert.Equal("4711", shown.At("metadata.0.value").GetString());
                Assert.Equal(expected.GetProperty("type").GetString()!.Replace('.', '_').ToUpperInvariant(), shown.GetProperty("type").GetString());
                Assert.Equal(data.TryGetProperty("id", out var id) ? id.GetString() : null, shown.GetProperty("objectId").GetString());
                foreach (var member in shown.EnumerateObject().Where(member => member.Name is "mailboxId" or "fromMailboxId" or "added" or "removed" or "flags" or "path" or "oldPath" or "reason" or "detail" or "truncated"))
                {
                    Assert.Equal(data.TryGetProperty(member.Name, out var own) ? own.GetRawText() : member.Name == "truncated" ? "[]" : "null", member.Value.GetRawText());
                }
                if (shown.TryGetProperty("message", out var message))
                {
                    Assert.Equal(data.TryGetProperty("message", out var summary) ? summary.GetProperty("subject").GetString() : null, message.ValueKind == JsonValueKind.Null ? null : message.GetProperty("subject").GetString());
                }
                // The page that begins after it begins with the next one.
                var after = (await feed.Api.Get($"{path}?after={shown.GetProperty("position").GetString()}&limit=1")).Json.GetProperty("items");
                Assert.Equal((long.Parse(shown.GetProperty("sequence").GetString()!, null) + 1).ToString(), after.GetArrayLength() == 0 ? "13" : after[0].GetProperty("sequence").GetString());
            }
            await socket.Send(new { id = path, type = "complete" });
        }
    }

    [Fact]
    public async Task Who_comes_back_with_a_position_misses_and_repeats_nothing()
    {
        await using var feed = await Start();
        var anna = await feed.AddAccount("anna");
        var begin = (await feed.Api.Get("/v1/accounts/anna")).Text("feedPosition");
        foreach (var (document, after) in new[] { (One, begin), (All, "0") })
        {
            var (place, seen) = (after, new List<string>());
            for (var n = 0; n < 3; n++)
            {
                using var socket = await GraphSocket.Open(feed.Address, feed.AdminKey);
                await socket.Subscribe("1", document, new { after = place });
                await feed.Append(anna, "anna", Many(n * 10, 10));
                for (var i = 0; i < 5; i++)
                {
                    var change = await socket.NextItem();
                    place = change.GetProperty("position").GetString()!;
                    seen.Add(change.GetProperty("sequence").GetString()!);
                }
            }
            Assert.Equal(Enumerable.Range(1, 15).Select(n => n.ToString()), seen);
        }
    }

    [Fact]
    public async Task What_cannot_be_followed_is_an_error_with_its_code()
    {
        await using var feed = await Start();
        var (anna, bert) = (await feed.AddAccount("anna"), await feed.AddAccount("bert"));
        var key = await feed.NewKey(["mail.read"], ["anna"]);
        using var socket = await GraphSocket.Open(feed.Address, key.Value);
        await Fails(One, new { after = "a_aaaaaaaa_7" }, "gone");
        await Fails(One, new { after = $"a_{anna}_7" }, "gone");
        await Fails(All, new { after = "g_aaaaaaaa_0_7" }, "gone");
        await Fails(All, new { after = $"a_{anna}_0" }, "bad_request");
        await Fails(One, new { after = "yesterday" }, "bad_request");
        await Fails(One, new { mailboxes = new[] { "inbox" } }, "bad_request");
        await Fails(One, new { mailboxes = new[] { ObjectId.Format(ObjectId.Mailbox, bert, 1) } }, "gone");
        await Fails("subscription { changes(account: \"bert\") { id } }", null, "not_found");
        await Fails("subscription { changes(account: \"nobody\") { id } }", null, "not_found");
        await Fails("subscription { nothing { id } }", null, "bad_request");
        await Fails("subscription { allChanges { id } changes(account: \"anna\") { id } }", null, "bad_request");

        async Task Fails(string document, object? variables, string code)
        {
            await socket.Subscribe("1", document, variables);
            Assert.Equal(code, await socket.NextError());
        }
    }

    [Theory]
    [InlineData("{ __typename }", "next complete")]
    [InlineData("subscription { changes(account: \"nobody\") { id } }", "error")]
    [InlineData("{ nothing }", "error")]
    public async Task An_id_can_be_used_again_as_soon_as_the_end_of_its_operation_has_arrived(string document, string messages)
    {
        await using var feed = await Start();
        using var socket = await GraphSocket.Open(feed.Address, feed.AdminKey);
        for (var round = 0; round < 1000; round++)
        {
            await socket.Subscribe("1", document);
            foreach (var expected in messages.Split(' '))
            {
                Assert.Equal((expected, null), ((await socket.Next())?.GetProperty("type").GetString(), socket.Closed));
            }
        }
    }

    [Fact]
    public async Task Types_and_mailboxes_choose_what_is_told_a_move_on_either_side()
    {
        await using var feed = await Start();
        var anna = await feed.AddAccount("anna");
        Change moved = new MessageMoved("m_5", "b_2", "b_1", Flags.None) { At = new ChangePlace(2, null), From = new ChangePlace(1, null) };
        await feed.Append(anna, "anna", Mailbox(2), Removed(1), Flagged(2), moved, Added(3), new AccountChanged(ChangeType.AccountConnected, null, null), Mailbox(9), Removed(4), moved);
        Assert.Equal("2 3 5 8", await Sequences(new { after = "0", types = new[] { "MESSAGE_REMOVED", "MESSAGE_FLAGS_CHANGED", "MESSAGE_ADDED" } }, 4));
        Assert.Equal("2 3 4 5 8 9", await Sequences(new { after = "0", mailboxes = new[] { ObjectId.Format(ObjectId.Mailbox, anna, 1) } }, 6));
        Assert.Equal("1 4 9", await Sequences(new { after = "0", mailboxes = new[] { ObjectId.Format(ObjectId.Mailbox, anna, 2) } }, 3));
        Assert.Equal("4 9", await Sequences(new { after = "0", types = new[] { "MESSAGE_MOVED" }, mailboxes = new[] { ObjectId.Format(ObjectId.Mailbox, anna, 2) } }, 2));

        async Task<string> Sequences(object variables, int count)
        {
            using var socket = await GraphSocket.Open(feed.Address, feed.AdminKey);
            await socket.Subscribe("1", One, variables);
            var seen = new List<string>();
            for (var i = 0; i < count; i++)
            {
                seen.Add((await socket.NextItem()).GetProperty("sequence").GetString()!);
            }
            return string.Join(' ', seen);
        }
    }

    [Fact]
    public async Task A_subscription_shows_what_its_key_may_see_at_each_moment_and_ends_with_it()
    {
        await using var feed = await Start();
        var (anna, bert) = (await feed.AddAccount("anna"), await feed.AddAccount("bert"));
        var key = await feed.NewKey(["mail.read", "mail.write"]);
        using var socket = await GraphSocket.Open(feed.Address, key.Value);
        await socket.Subscribe("subjects", "subscription { allChanges(after: \"0\") { accountId objectId ... on MessageAdded { message { subject preview } } } }");
        await socket.Subscribe("ids", "subscription { allChanges(after: \"0\") { accountId id: objectId } }");
        Change added = new MessageAdded("m_1", "b_1") { Message = Summary("m_1", "secret") with { Preview = "Psst" } };
        await feed.Append(anna, "anna", added);
        Assert.Equal(["ids m_1 -", "subjects m_1 secret/Psst"], (await Two()).Order(StringComparer.Ordinal));

        (await feed.Api.Patch($"/v1/keys/{key.Id}", new { scopes = new[] { "mail.readBasic" }, accounts = new[] { "anna" } })).Is(HttpStatusCode.OK);
        await feed.Append(bert, "bert", added);
        await feed.Append(anna, "anna", added);
        Assert.Equal(["ids m_1 -", "subjects m_1 secret/"], (await Two()).Order(StringComparer.Ordinal));

        (await feed.Api.Patch($"/v1/keys/{key.Id}", new { scopes = new[] { "mail.write" } })).Is(HttpStatusCode.OK);
        await feed.Append(anna, "anna", added);
        Assert.Equal(["ids m_1 -", "subjects forbidden"], (await Two()).Order(StringComparer.Ordinal));
        await socket.Subscribe("again", "subscription { allChanges { ... on MessageAdded { message { subject } } } }");
        Assert.Equal("forbidden", await socket.NextError());

        (await feed.Api.Delete($"/v1/keys/{key.Id}")).Is(HttpStatusCode.NoContent);
        Assert.Null(await socket.Next());
        Assert.Equal(4403, socket.Closed);

        async Task<string[]> Two() => [Read((await socket.Next())!.Value), Read((await socket.Next())!.Value)];

        static string Read(JsonElement message) => message.GetProperty("type").GetString() == "error"
            ? $"{message.GetProperty("id")} {message.GetProperty("payload")[0].Code()}"
            : message.At("payload.data.allChanges") is var change && change.TryGetProperty("message", out var mail)
                ? $"{message.GetProperty("id")} {change.GetProperty("objectId")} {mail.GetProperty("subject")}/{mail.GetProperty("preview")}"
                : $"{message.GetProperty("id")} {change.GetProperty("id")} -";
    }

    [Fact]
    public async Task A_key_that_expires_takes_its_subscriptions_along()
    {
        await using var feed = await Start();
        var key = await feed.NewKey(["mail.read"]);
        using var socket = await GraphSocket.Open(feed.Address, key.Value);
        await socket.Subscribe("1", All);
        await using var events = await EventReader.Open(feed.Client(key.Value), "/graphql?query=" + Uri.EscapeDataString("subscription { allChanges { id } }"), accept: "text/event-stream");
        // On a busy machine the instant may have passed before the request is answered.
        await TestWait.For(async () => (await feed.Api.Patch($"/v1/keys/{key.Id}", new { expiresAt = DateTimeOffset.UtcNow.AddSeconds(1) })).Status == HttpStatusCode.OK);
        Assert.Null(await socket.Next());
        Assert.Equal(4403, socket.Closed);
        while (await events.NextBlock() is not null)
        {
            // Heartbeats, and perhaps the reason.
        }
    }

    [Fact]
    public async Task The_end_of_an_account_is_the_end_of_its_subscription()
    {
        await using var feed = await Start();
        var anna = await feed.AddAccount("anna");
        using var socket = await GraphSocket.Open(feed.Address, feed.AdminKey);
        await socket.Subscribe("1", One, new { after = "0" });
        await feed.Append(anna, "anna", Removed(1));
        // The subscription has begun.
        Assert.Equal("MESSAGE_REMOVED", (await socket.NextItem()).GetProperty("type").GetString());
        (await feed.Api.Delete("/v1/accounts/anna")).Is(HttpStatusCode.NoContent);
        Assert.Equal("ACCOUNT_REMOVED", (await socket.NextItem()).GetProperty("type").GetString());
        Assert.Equal("complete", (await socket.Next())!.Value.GetProperty("type").GetString());
    }

    [Fact]
    public async Task When_the_gateway_stops_connections_end_with_a_word()
    {
        await using var feed = await Start();
        await feed.AddAccount("anna");
        using var socket = await GraphSocket.Open(feed.Address, feed.AdminKey);
        await socket.Subscribe("1", One);
        await using var events = await EventReader.Open(feed.Client(feed.AdminKey), "/graphql?query=" + Uri.EscapeDataString("subscription { allChanges { id } }"), accept: "text/event-stream");
        await events.NextBlock();
        var stopped = feed.Stop();
        Assert.Null(await socket.Next());
        Assert.Equal(1001, socket.Closed);
        Assert.Null(await events.NextBlock());
        await stopped;
    }
}
