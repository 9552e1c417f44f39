using ImapGateway.Access;
using ImapGateway.Http;
using ImapGateway.Mail;
using ImapGateway.Responses;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace ImapGateway.Tests.Http;

public sealed class StrictInputTests : IAsyncLifetime
{
    private TestGateway _gateway = null!;

    public async ValueTask InitializeAsync() => _gateway = await TestGateway.StartAsync(Map);

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    private static void Map(RouteGroupBuilder v1)
    {
        var routes = v1.MapGroup("").Requires(Scope.MailRead);
        routes.MapPost("/things", (Thing thing) => thing);
        routes.MapPatch("/things", (Thing thing) => thing);
        routes.MapPost("/large", (Thing thing) => thing.Name.Length).WithMetadata(new RequestSizeLimitAttribute(3 * 1024 * 1024));
        routes.MapGet("/query", (
            Caller caller, string? text, bool? unseen, int? number, long? size, DateTimeOffset? since, Guid? other, [FromQuery(Name = "x-name")] string? named,
            string[]? many, [AsParameters] Paging page, [FromHeader(Name = "If-Match")] string? match, CancellationToken cancel) =>
            new { text, unseen, number, size, since, other, named, many, page.Limit, page.Cursor, match, cancel.IsCancellationRequested, caller.KeyId });
        routes.MapGet("/required", (int must) => must);
        routes.MapGet("/open", (HttpContext context) => context.Request.Query["metadata.crm"].ToString()).TakesQueryPrefix("metadata.");
        routes.MapGet("/items/{id}", (string id) => id);
        v1.MapGet("/accounts/{account}/ids/{id}", (string account, string id) => account + id).Requires(Scope.MailRead);
    }

    [Theory]
    [InlineData("""{"name":"a","extra":1}""", "/extra", "Unknown member.")]
    [InlineData("""{"Name":"a"}""", "/Name", "Unknown member.")]
    [InlineData("""{"name":"a","inner":{"name":"b","a/b~c":1}}""", "/inner/a~1b~0c", "Unknown member.")]
    [InlineData("""{"name":"a","inner":{"name":"b","x.y":1}}""", "/inner/x.y", "Unknown member.")]
    [InlineData("""{"name":"a","name":"b"}""", "/name", "The member is given more than once.")]
    [InlineData("""{"number":1}""", "/name", "The member is required.")]
    [InlineData("""{"name":"a","inner":{}}""", "/inner/name", "The member is required.")]
    [InlineData("""{"name":1}""", "/name", "A string is expected.")]
    [InlineData("""{"name":null}""", "/name", "A string is expected.")]
    [InlineData("""{"name":"a","number":"1"}""", "/number", "A whole number is expected.")]
    [InlineData("""{"name":"a","number":1.5}""", "/number", "A whole number is expected.")]
    [InlineData("""{"name":"a","yes":"true"}""", "/yes", "true or false is expected.")]
    [InlineData("""{"name":"a","inner":[]}""", "/inner", "An object is expected, with a value of the right type for each member.")]
    [InlineData("""{"name":"a","list":{}}""", "/list", "An array is expected.")]
    [InlineData("""{"name":"a","list":[{"name":"b"},{"name":"c","number":[]}]}""", "/list/1/number", "A whole number is expected.")]
    [InlineData("""{"name":"a","map":{"k":"v"}}""", "/map/k", "A whole number is expected.")]
    [InlineData("""{"name":"a","at":"yesterday"}""", "/at", "A date and time as in 2026-05-31T13:45:00Z is expected.")]
    [InlineData("""{"name":"a","role":"boss"}""", "/role", "One of inbox, sent, drafts, trash, junk, archive, all, flagged, important is expected.")]
    [InlineData("""{"name":"a","patch":5}""", "/patch", "A string is expected.")]
    [InlineData("""{"name":"a","numbers":["x"]}""", "/numbers", "An array is expected.")]
    [InlineData("""[1]""", "", "An object is expected, with a value of the right type for each member.")]
    [InlineData("""{"name":"a",}""", "", "The body is not valid JSON: line 1, byte 13.")]
    [InlineData("""{"name":""", "/name", "The body is not valid JSON: line 1, byte 9.")]
    public async Task A_wrong_member_is_pointed_at_in_words_without_types(string json, string pointer, string detail)
    {
        var answer = await _gateway.Send("POST", "/v1/things", json);

        Assert.Equal((400, "bad_request"), (answer.Status, answer.Code));
        Assert.Equal(KeyValuePair.Create(pointer, detail), Assert.Single(answer.Errors));
        Assert.DoesNotContain("System.", answer.Text);
        Assert.DoesNotContain("ImapGateway.Tests", answer.Text);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("")]
    public async Task A_missing_body_is_asked_for(string json)
    {
        var answer = await _gateway.Send("POST", "/v1/things", json);

        Assert.Equal((400, "bad_request"), (answer.Status, answer.Code));
        Assert.Contains("body is required", answer.Json.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task A_body_nested_too_deep_is_a_bad_request()
    {
        var answer = await _gateway.Send("POST", "/v1/things", string.Concat(Enumerable.Repeat("""{"name":"a","inner":""", 40)) + "null" + new string('}', 40));

        Assert.Equal((400, "bad_request"), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task A_route_may_take_larger_bodies()
    {
        var answer = await _gateway.Send("POST", "/v1/large", "{\"name\":\"" + new string('x', 2 * 1024 * 1024) + "\"}");

        Assert.Equal((200, "2097152"), (answer.Status, answer.Text));
    }

    [Fact]
    public async Task A_merge_patch_tells_absent_from_null()
    {
        var absent = await _gateway.Send("PATCH", "/v1/things", """{"name":"a"}""", headers: ("Content-Type", "application/merge-patch+json"));
        var removed = Json<Optional<string?>>("null");
        var given = Json<Optional<int[]>>("[1,2]");

        Assert.Equal(200, absent.Status);
        Assert.False(default(Optional<string?>).IsGiven);
        Assert.Equal(new Optional<string?>(true, null), removed);
        Assert.Equal("kept", default(Optional<string?>).Or("kept"));
        Assert.Null(removed.Or("kept"));
        Assert.Equal([1, 2], given.Value);
    }

    private static T Json<T>(string text) => System.Text.Json.JsonSerializer.Deserialize<T>(text)!;

    [Fact]
    public async Task Other_scripts_are_not_escaped()
    {
        var answer = await _gateway.Send("POST", "/v1/things", """{"name":"Grüße <日本>"}""");
        var problem = await _gateway.Send("GET", "/v1/query?größe=1");

        Assert.Contains("Grüße <日本>", answer.Text);
        Assert.Contains("größe", problem.Text);
    }

    [Fact]
    public async Task Instants_leave_in_UTC_with_Z()
    {
        var answer = await _gateway.Send("POST", "/v1/things", """{"name":"a","at":"2026-05-31T13:45:00+02:00"}""");

        Assert.Equal("2026-05-31T11:45:00Z", answer.Json.GetProperty("at").GetString());
    }

    [Fact]
    public async Task Every_kind_of_parameter_is_read()
    {
        var answer = await _gateway.Send(
            "GET", "/v1/query?text=a%20b&unseen=true&number=-5&size=9000000000&since=2026-01-01&other=6f9619ff-8b86-d011-b42d-00cf4fc964ff&x-name=n&many=1&many=2&limit=500&cursor=c", headers: ("If-Match", "\"e\""));

        Assert.True(answer.Status == 200, answer.Text);
        Assert.Equal("a b", answer.Json.GetProperty("text").GetString());
        Assert.Equal("2026-01-01T00:00:00Z", answer.Json.GetProperty("since").GetString());
        Assert.Equal("6f9619ff-8b86-d011-b42d-00cf4fc964ff", answer.Json.GetProperty("other").GetString());
        Assert.Equal(2, answer.Json.GetProperty("many").GetArrayLength());
        Assert.Equal(500, answer.Json.GetProperty("limit").GetInt32());
        Assert.Equal("\"e\"", answer.Json.GetProperty("match").GetString());
    }

    [Fact]
    public async Task All_wrong_parameters_are_named_at_once()
    {
        var answer = await _gateway.Send(
            "GET", "/v1/query?textt=a&unseen=yes&number=1.5&size=x&since=31.5.2026&other=3&x-name=a&x-name=b&limit=501&Cursor=c&text=%00&match=1&keyId=2&caller=3");

        Assert.Equal((400, "bad_request"), (answer.Status, answer.Code));
        Assert.Equal(
            new SortedDictionary<string, string>
            {
                ["textt"] = "Unknown parameter.",
                ["unseen"] = "true or false is expected.",
                ["number"] = "A whole number is expected.",
                ["size"] = "A whole number is expected.",
                ["since"] = "A date and time as in 2026-05-31T13:45:00Z is expected.",
                ["other"] = "The value does not fit here.",
                ["x-name"] = "The parameter is given more than once.",
                ["limit"] = "A whole number from 1 to 500 is expected.",
                ["Cursor"] = "Unknown parameter.",
                ["text"] = InputText.Expectation,
                ["match"] = "Unknown parameter.",
                ["keyId"] = "Unknown parameter.",
                ["caller"] = "Unknown parameter.",
            },
            new SortedDictionary<string, string>(answer.Errors));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("99999999999999999999")]
    [InlineData("")]
    [InlineData("1e2")]
    public async Task A_limit_outside_its_range_is_refused(string limit)
    {
        var answer = await _gateway.Send("GET", $"/v1/query?limit={limit}");

        Assert.Equal("A whole number from 1 to 500 is expected.", answer.Errors["limit"]);
    }

    [Fact]
    public async Task A_missing_parameter_is_named()
    {
        var answer = await _gateway.Send("GET", "/v1/required");

        Assert.Equal("The parameter is required.", answer.Errors["must"]);
    }

    [Fact]
    public async Task An_open_set_of_parameters_is_taken_where_declared()
    {
        var answer = await _gateway.Send("GET", "/v1/open?metadata.crm=42");
        var wrong = await _gateway.Send("GET", "/v1/open?metadata.=42&meta=1");

        Assert.Equal("42", answer.Text);
        Assert.Equal(["meta", "metadata."], wrong.Errors.Keys.Order());
    }

    [Theory]
    [InlineData("/v1/items/a%0Ab", 404)]
    [InlineData("/v1/items/a%7Fb", 404)]
    [InlineData("/v1/accounts/a%01/ids/x", 404)]
    [InlineData("/v1/items/%C3%A4", 200)]
    [InlineData("/v1/items/%FF", 200)]
    public async Task Control_characters_in_a_path_are_not_found(string path, int status) => Assert.Equal(status, (await _gateway.Send("GET", path)).Status);

    [Fact]
    public void Mistakes_are_collected_and_thrown_together()
    {
        var errors = new RequestErrors();
        errors.ThrowIfAny();
        errors.Range("limit", 0, 1, 500);
        errors.Range("limit", 500, 1, 500);
        errors.Range("limit", null, 1, 500);
        errors.Member("/a", "Wrong.");

        var problem = Assert.Throws<ProblemException>(() => errors.ThrowIfAny()).Problem;
        Assert.Equal([new ProblemError("A whole number from 1 to 500 is expected.", Parameter: "limit"), new ProblemError("Wrong.", "/a")], problem.Errors);
    }
}
