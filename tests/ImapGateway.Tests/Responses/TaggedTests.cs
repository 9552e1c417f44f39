using ImapGateway.Access;
using ImapGateway.Mail;
using ImapGateway.OpenApi;
using ImapGateway.Responses;
using ImapGateway.Tests.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace ImapGateway.Tests.Responses;

/// <summary>What the doors make of <see cref="Tagged{T}"/> and <see cref="Conditions"/>.</summary>
public sealed class TaggedTests : IAsyncLifetime
{
    private const string Page = "https://app.example.com";

    private static readonly Thing Known = new("one", "blue");

    private int _changes;
    private TestGateway _gateway = null!;

    public async ValueTask InitializeAsync() => _gateway = await TestGateway.StartAsync(Map, new Dictionary<string, string?> { ["Cors:Origins:0"] = Page, ["Cors:Origins:1"] = "http://localhost:5173" });

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    private void Map(RouteGroupBuilder v1)
    {
        v1.MapGet("/thing", TaggedResult<Thing> (Conditions when, bool? loud) => new(Tagged.Strong(when, Known, "state"))).Requires(Scope.MailRead);
        v1.MapGet("/things", PageResult<Thing> (Conditions when, Fields<Thing> fields) => new(Tagged.Weak(when, new Page<Thing>([Known], null), Known), fields)).Requires(Scope.MailRead);
        v1.MapPatch("/thing", (Conditions when) =>
        {
            when.Demand("state");
            _changes++;
        }).Requires(Scope.MailWrite).TakesIfMatch();
        v1.MapPut("/absent", (Conditions when) =>
        {
            when.Demand(null);
            _changes++;
        }).Requires(Scope.MailWrite).TakesIfMatch();
        v1.MapPatch("/things", () => _changes++).Requires(Scope.MailWrite);
    }

    private sealed record Thing(string Id, string Color);

    [Theory]
    [InlineData("/v1/thing", "\"state.")]
    [InlineData("/v1/things", "W/\"")]
    [InlineData("/v1/things?fields=id", "W/\"")]
    public async Task The_tag_that_was_given_is_304_with_the_same_headers_and_no_body(string path, string start)
    {
        var first = await _gateway.Send("GET", path);
        Assert.StartsWith(start, first.Header("ETag"), StringComparison.Ordinal);
        Assert.Equal(("no-cache, private", "Authorization"), (first.Header("Cache-Control"), first.Header("Vary")));

        var again = await _gateway.Send("GET", path, headers: ("If-None-Match", first.Header("ETag")!));

        Assert.Equal((304, first.Header("ETag"), "no-cache, private", "Authorization", ""), (again.Status, again.Header("ETag"), again.Header("Cache-Control"), again.Header("Vary"), again.Text));
        Assert.Equal(304, (await _gateway.Send("GET", path, headers: ("If-None-Match", "*"))).Status);
        Assert.Equal(200, (await _gateway.Send("GET", path, headers: ("If-None-Match", "\"other\""))).Status);
    }

    [Fact]
    public async Task Another_query_is_another_representation_of_the_same_state()
    {
        var (plain, loud) = ((await _gateway.Send("GET", "/v1/thing")).Header("ETag")!, (await _gateway.Send("GET", "/v1/thing?loud=true")).Header("ETag")!);
        Assert.NotEqual(plain, loud);
        Assert.Equal(200, (await _gateway.Send("GET", "/v1/thing", headers: ("If-None-Match", loud))).Status);
        Assert.Equal(200, (await _gateway.Send("PATCH", "/v1/thing", headers: ("If-Match", loud))).Status);
    }

    [Theory]
    [InlineData("/v1/thing", "If-Match", "\"other.a\"")]
    [InlineData("/v1/thing", "If-Match", "W/\"state.a\"")]
    [InlineData("/v1/thing", "If-Match", "state.a")]
    [InlineData("/v1/thing", "If-None-Match", "*")]
    [InlineData("/v1/things", "If-Match", "\"state.a\"")]
    public async Task What_does_not_hold_is_412_and_changes_nothing(string path, string header, string value)
    {
        var answer = await _gateway.Send("PATCH", path, headers: (header, value));
        Assert.Equal((412, "precondition_failed", 0), (answer.Status, answer.Json.GetProperty("code").GetString(), _changes));
    }

    [Fact]
    public async Task What_is_not_there_can_be_made_if_nothing_matches_but_not_if_something_must()
    {
        Assert.Equal(412, (await _gateway.Send("PUT", "/v1/absent", headers: ("If-Match", "*"))).Status);
        Assert.Equal(200, (await _gateway.Send("PUT", "/v1/absent", headers: ("If-None-Match", "*"))).Status);
    }

    [Fact]
    public async Task A_page_of_another_origin_is_told_that_answers_differ_by_origin_too()
    {
        var answer = await _gateway.Send("GET", "/v1/thing", headers: ("Origin", Page));
        Assert.Equal(["Authorization", "Origin"], answer.Header("Vary")!.Split(',', StringSplitOptions.TrimEntries).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Tags_of_lists_end_with_their_period_and_others_do_not()
    {
        var (now, later) = (Conditions.None with { Period = "1" }, Conditions.None with { Period = "2" });
        Assert.NotEqual(now.Weak("state"), later.Weak("state"));
        Assert.Equal(now.Strong("state"), later.Strong("state"));
    }
}
