using System.Net;
using System.Text.Json;
using ImapGateway.IntegrationTests.Changes;
using ImapGateway.IntegrationTests.Contract;
using ImapGateway.IntegrationTests.Servers;
using static ImapGateway.IntegrationTests.Changes.SampleChanges;

namespace ImapGateway.IntegrationTests.GraphQL;

/// <summary>WebSockets and server-sent events, judged by public clients.</summary>
public sealed class LiveTransportTests
{
    private const string Follow = "subscription ($after: String) { allChanges(after: $after) { sequence } }";

    [Fact]
    [Trait("Category", "judges")]
    public async Task The_npm_package_graphql_ws_queries_changes_and_subscribes()
    {
        await using var feed = await LiveFeed.Start();
        var anna = await feed.AddAccount("anna");
        await feed.Append(anna, "anna", Many(1, 3));
        var ticket = (await feed.Api.Post("/v1/tickets", new { accounts = new[] { "anna" } })).Text("ticket");
        foreach (var (query, key) in new[] { ("", feed.AdminKey), ($"?ticket={ticket}", "") })
        {
            var output = await Judges.Run("graphql-ws.mjs", Socket(feed) + query, key, Operation("{ account(id: \"anna\") { email } }"), Operation("{ nothing }"), Operation(Follow, new { after = "0" }, 3), Operation("mutation { updateAccount(input: {id: \"anna\", name: \"Anna\"}) { account { name } errors { code } } }"));
            Assert.Equal("""{"connected":null}""", output[0]);
            Assert.Equal("""{"data":{"account":{"email":"anna@example.com"}}}""", output[1]);
            Assert.Equal("""{"complete":true}""", output[2]);
            Assert.Equal("bad_request", JsonElement.Parse(output[3]).GetProperty("failed")[0].Code());
            Assert.Equal(["1", "2", "3"], output.Skip(4).Take(3).Select(line => JsonElement.Parse(line).At("data.allChanges.sequence").GetString()));
            Assert.Equal("""{"data":{"updateAccount":{"account":{"name":"Anna"},"errors":[]}}}""", output[8]);
        }
    }

    [Fact]
    [Trait("Category", "judges")]
    public async Task Whoever_breaks_the_protocol_is_told_by_the_code_that_it_names()
    {
        await using var feed = await LiveFeed.Start(postgres: false, ("GraphQL:InitTime", "2s"));
        var output = await Judges.Run("sockets.mjs", Socket(feed), feed.AdminKey);
        foreach (var line in output)
        {
            TestContext.Current.TestOutputHelper!.WriteLine(line);
        }
        Assert.Equal(
            [
                "a foreign page: status 403",
                "an id twice: 4409 Subscriber for 1 already exists",
                "another subprotocol: 4406 Subprotocol not acceptable",
                "binary: 4400 Invalid message",
                "complete without id: 4400 Invalid message",
                "no JSON: 4400 Invalid message",
                "no init: 4408 Connection initialisation timeout",
                "no key: 4403 Forbidden",
                "no object: 4400 Invalid message",
                "no subprotocol: 4406 Subprotocol not acceptable",
                "no type: 4400 Invalid message",
                "subscribe before init: 4401 Unauthorized",
                "subscribe without id: 4400 Invalid message",
                "subscribe without query: 4400 Invalid message",
                "too large: 1009 A message has at most 131072 bytes",
                "two inits: 4429 Too many initialisation requests",
                "unknown type: 4400 Invalid message",
                "variables that are none: 4400 Invalid message",
                "wrong key in the header: status 401",
                "wrong key: 4403 Forbidden",
            ],
            output.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_ping_is_answered_with_what_it_had_and_an_id_can_be_used_again()
    {
        await using var feed = await LiveFeed.Start(postgres: false, ("GraphQL:MaxOperations", "2"));
        await feed.AddAccount("anna");
        using var socket = await GraphSocket.Open(feed.Address, feed.AdminKey);
        await socket.Send(new { type = "ping", payload = new { at = 7 } });
        Assert.Equal("""{"type":"pong","payload":{"at":7}}""", (await socket.Next())!.Value.GetRawText());
        await socket.Send(new { type = "ping" });
        Assert.Equal("""{"type":"pong"}""", (await socket.Next())!.Value.GetRawText());
        await socket.Subscribe("1", Follow);
        await socket.Subscribe("2", Follow);
        await socket.Subscribe("3", Follow);
        Assert.Equal("rate_limited", await socket.NextError());
        await socket.Send(new { id = "1", type = "complete" });
        await socket.Subscribe("1", "{ __typename }");
        Assert.Equal("""{"id":"1","type":"next","payload":{"data":{"__typename":"Query"}}}""", (await socket.Next())!.Value.GetRawText());
        Assert.Equal("""{"type":"complete","id":"1"}""", (await socket.Next())!.Value.GetRawText());
    }

    [Fact]
    public async Task Pages_of_allowed_origins_and_of_the_gateway_itself_may_connect()
    {
        await using var feed = await LiveFeed.Start(postgres: false, ("Cors:Origins:0", "https://app.example.com"));
        foreach (var (origin, isLetIn) in new[] { ("https://app.example.com", true), ($"http://{feed.Address.Authority}", true), ("https://evil.example.com", false), ("null", false) })
        {
            using var socket = new System.Net.WebSockets.ClientWebSocket();
            socket.Options.AddSubProtocol("graphql-transport-ws");
            socket.Options.SetRequestHeader("Origin", origin);
            var connecting = socket.ConnectAsync(new Uri(Socket(feed)), default);
            Assert.Equal(isLetIn ? null : "WebSocketException", (await Record.ExceptionAsync(() => connecting))?.GetType().Name);
        }
    }

    [Fact]
    [Trait("Category", "judges")]
    public async Task The_npm_package_graphql_sse_queries_and_subscribes_in_distinct_connections()
    {
        await using var feed = await LiveFeed.Start();
        var anna = await feed.AddAccount("anna");
        await feed.Append(anna, "anna", Many(1, 3));
        var output = await Judges.Run(
            "graphql-sse.mjs", new Uri(feed.Address, "/graphql").ToString(), feed.AdminKey, Operation("{ account(id: \"anna\") { email } }"), Operation("{ nothing }"), Operation(Follow, new { after = "0" }, 3), Operation(Follow, new { after = "g_aaaaaaaa_0_7" }));
        Assert.Equal("""{"data":{"account":{"email":"anna@example.com"}}}""", output[0]);
        Assert.Equal("""{"complete":true}""", output[1]);
        Assert.Equal("bad_request", JsonElement.Parse(output[2]).GetProperty("errors")[0].Code());
        Assert.Equal("""{"complete":true}""", output[3]);
        Assert.Equal(["1", "2", "3"], output.Skip(4).Take(3).Select(line => JsonElement.Parse(line).At("data.allChanges.sequence").GetString()));
        Assert.Equal("gone", JsonElement.Parse(output[8]).GetProperty("errors")[0].Code());
    }

    [Fact]
    public async Task An_EventSource_comes_with_a_ticket_and_goes_on_where_it_was()
    {
        await using var feed = await LiveFeed.Start();
        var anna = await feed.AddAccount("anna");
        await feed.Append(anna, "anna", Many(1, 3));
        var ticket = (await feed.Api.Post("/v1/tickets", new { })).Text("ticket");
        var address = $"/graphql?ticket={ticket}&query={Uri.EscapeDataString("subscription { allChanges(after: \"0\") { sequence } }")}";
        await using var events = await EventReader.Open(feed.Client(null), address, accept: "text/event-stream");
        Assert.Equal(("text/event-stream", "no"), (events.ContentHeaders.ContentType!.ToString(), Assert.Single(events.Headers.GetValues("X-Accel-Buffering"))));
        var (first, second) = ((await events.Next())!, (await events.Next())!);
        Assert.Equal(("next", """{"data":{"allChanges":{"sequence":"1"}}}"""), (first.Type, first.Data));
        await using var again = await EventReader.Open(feed.Client(null), address, lastEventId: first.Id, accept: "text/event-stream");
        Assert.Equal(second, await again.Next());
    }

    [Fact]
    [Trait("Category", "judges")]
    public async Task GraphiQL_shows_a_query_and_a_subscription_in_Chromium_and_asks_nobody_else()
    {
        await using var feed = await LiveFeed.Start();
        var anna = await feed.AddAccount("anna");
        using var profile = new TemporaryDirectory();
        await Judges.Ready();
        var page = Judges.Run("graphiql.mjs", profile["profile"], feed.Address.GetLeftPart(UriPartial.Authority), feed.AdminKey);
        for (var n = 1; n <= 2; n++)
        {
            // A browser starts slowly on a busy machine.
            await TestWait.For(() => Task.FromResult(feed.Log.Waiting > 0 || page.IsCompleted), TimeSpan.FromMinutes(2));
            await feed.Append(anna, "anna", Removed(n));
        }
        var seen = JsonElement.Parse((await page)[^1]);
        Assert.Equal("""{"data":{"accounts":{"nodes":[{"id":"anna"}]}}}""", JsonSerializer.Serialize(seen.GetProperty("query")));
        Assert.Equal("2", seen.At("followed.data.allChanges.sequence").GetString());
        Assert.True(seen.GetProperty("documented").GetBoolean());
        Assert.Equal("""{"session":true,"local":false,"cookie":""}""", seen.GetProperty("kept").GetRawText());
        Assert.Empty(seen.GetProperty("errors").EnumerateArray().Select(error => error.GetString()));
        Assert.Empty(seen.GetProperty("elsewhere").EnumerateArray().Select(address => address.GetString()));
    }

    [Fact]
    public async Task The_page_for_people_needs_no_key_and_may_load_nothing_from_elsewhere()
    {
        await using var feed = await LiveFeed.Start();
        foreach (var (file, type) in new[] { ("", "text/html"), ("/app.js", "text/javascript"), ("/graphiql.min.css", "text/css"), ("/NOTICES.txt", "text/plain") })
        {
            using var answer = await feed.Client(null).GetAsync("/graphql/ui" + file);
            Assert.Equal((HttpStatusCode.OK, type), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
            Assert.Contains("default-src 'none'; script-src 'self'; style-src 'self';", Assert.Single(answer.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
            var again = await new ApiClient(feed.Client(null)).Get("/graphql/ui" + file, ("If-None-Match", answer.Headers.ETag!.ToString()));
            Assert.Equal(HttpStatusCode.NotModified, again.Status);
        }
        (await new ApiClient(feed.Client(null)).Get("/graphql/ui/app.ts")).Is(HttpStatusCode.NotFound).IsProblem("not_found");
    }

    private static string Socket(LiveFeed feed) => new UriBuilder(feed.Address) { Scheme = "ws", Path = "/graphql" }.Uri.ToString();

    private static string Operation(string query, object? variables = null, int? take = null) =>
        take is null ? JsonSerializer.Serialize(new { query, variables }) : JsonSerializer.Serialize(new { query, variables, take });
}
