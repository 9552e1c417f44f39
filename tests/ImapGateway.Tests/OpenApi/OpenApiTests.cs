using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using ImapGateway.Access;
using ImapGateway.Http;
using ImapGateway.Mail;
using ImapGateway.OpenApi;
using ImapGateway.Responses;
using ImapGateway.Tests.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace ImapGateway.Tests.OpenApi;

/// <summary>What becomes of a route's types and metadata in the document.</summary>
public class OpenApiTests
{
    /// <summary>A thing as it is shown.</summary>
    public sealed record Gadget(string Id, string? Note, Role? Role, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Extra, uint Count);

    public sealed record GadgetPatch(Optional<string> Name = default, Optional<string?> Note = default, Optional<ImmutableArray<string>?> Tags = default, Optional<Role> Role = default);

    private static async Task<JsonNode> Document(Action<RouteGroupBuilder> map)
    {
        await using var gateway = await TestGateway.StartAsync(map);
        return JsonNode.Parse(gateway.Services.GetRequiredService<OpenApiText>().Json.Span)!;
    }

    private static JsonNode Operation(JsonNode document, string path, string method) => document["paths"]![path]![method]!;

    private static string Json(JsonNode? node) => node?.ToJsonString() ?? "nothing";

    private static IEnumerable<string> Statuses(JsonNode operation) => operation["responses"]!.AsObject().Select(response => response.Key);

    [Fact]
    public async Task An_answer_always_has_what_is_required_and_null_only_where_it_is_said()
    {
        var document = await Document(v1 => v1.MapGet("/gadgets/{id}", Ok<Gadget> (string id) => TypedResults.Ok(new Gadget(id, null, null, null, 0))).Requires(Scope.MailRead).WithName("getGadget"));

        var gadget = document["components"]!["schemas"]!["Gadget"]!;
        Assert.Equal("""["count","id","note","role"]""", Json(gadget["required"]));
        Assert.Equal("\"string\"", Json(gadget["properties"]!["id"]!["type"]));
        Assert.Equal("""["null","string"]""", Json(gadget["properties"]!["note"]!["type"]));
        Assert.Equal("\"string\"", Json(gadget["properties"]!["extra"]!["type"]));
        Assert.Equal("""[{"$ref":"#/components/schemas/Role"},{"type":"null"}]""", Json(gadget["properties"]!["role"]!["anyOf"]));
        Assert.Equal("4294967295", Json(gadget["properties"]!["count"]!["maximum"]));
        Assert.Null(gadget["additionalProperties"]);
        Assert.Equal("inbox", (string?)document["components"]!["schemas"]!["Role"]!["enum"]![0]);
    }

    [Fact]
    public async Task A_patch_demands_nothing_takes_null_where_that_removes_and_is_closed()
    {
        var document = await Document(v1 => v1.MapPatch("/gadgets/{id}", NoContent (string id, GadgetPatch patch) => TypedResults.NoContent()).Requires(Scope.MailWrite).WithName("patchGadget"));

        var patch = document["components"]!["schemas"]!["GadgetPatch"]!;
        Assert.Null(patch["required"]);
        Assert.False((bool)patch["additionalProperties"]!);
        Assert.Equal("\"string\"", Json(patch["properties"]!["name"]!["type"]));
        Assert.Equal("""["null","string"]""", Json(patch["properties"]!["note"]!["type"]));
        Assert.Equal("""["null","array"]""", Json(patch["properties"]!["tags"]!["type"]));
        Assert.Equal("#/components/schemas/Role", (string?)patch["properties"]!["role"]!["$ref"]);
        Assert.Equal(["204", "400", "401", "403", "404", "413", "415", "500", "503"], Statuses(Operation(document, "/v1/gadgets/{id}", "patch")));
    }

    [Fact]
    public async Task Either_of_two_scopes_is_an_alternative()
    {
        var document = await Document(v1 => v1.MapGet("/gadgets", () => TypedResults.Ok("")).Requires(Scope.MailRead | Scope.Accounts).WithName("listGadgets").WithSummary("List").WithDescription("Them all."));

        var operation = Operation(document, "/v1/gadgets", "get");
        Assert.Equal("""[{"key":["mail.read"]},{"key":["accounts"]}]""", Json(operation["security"]));
        Assert.Equal("Them all.\n\nNeeds the scope `mail.read` or `accounts`.", (string?)operation["description"]);
    }

    [Fact]
    public async Task Errors_of_one_status_stand_together_each_with_an_example()
    {
        var document = await Document(v1 => v1.MapGet("/gadgets", () => TypedResults.Ok("")).Requires(Scope.MailRead).WithName("listGadgets").AsksMailServer().CanFail(ErrorCode.Gone));

        var operation = Operation(document, "/v1/gadgets", "get");
        Assert.Equal(["200", "400", "401", "403", "410", "422", "424", "429", "500", "502", "503", "504"], Statuses(operation));
        Assert.Equal("#/components/responses/UnavailableOrStorageCorruptOrAccountUnavailableOrAccountSuspectedOrAccountCredentialUnreadableOrAccountDamaged", (string?)operation["responses"]!["503"]!["$ref"]);
        var response = document["components"]!["responses"]!["UnavailableOrStorageCorruptOrAccountUnavailableOrAccountSuspectedOrAccountCredentialUnreadableOrAccountDamaged"]!;
        var examples = response["content"]!["application/problem+json"]!["examples"]!.AsObject();
        Assert.Equal(["unavailable", "storage_corrupt", "account.unavailable", "account.suspected", "account.credential_unreadable", "account.damaged"], examples.Select(example => example.Key));
        Assert.All(examples, example => Assert.Equal(example.Key, (string?)example.Value!["value"]!["code"]));
        Assert.NotNull(response["headers"]!["Retry-After"]);
    }

    [Fact]
    public async Task Octets_can_be_had_in_parts_and_their_head_is_an_operation_of_its_own()
    {
        var document = await Document(v1 => v1.MapMethods("/gadgets/{id}/raw", ["GET", "HEAD"], (string id) => TypedResults.Bytes([1])).Requires(Scope.MailRead).WithName("getRawGadget")
            .AnswersOctets("message/rfc822"));

        var get = Operation(document, "/v1/gadgets/{id}/raw", "get");
        Assert.Equal(["200", "206", "304", "400", "401", "403", "404", "412", "416", "500", "503"], Statuses(get));
        Assert.NotNull(get["responses"]!["206"]!["content"]!["message/rfc822"]);
        Assert.Equal(["Accept-Ranges", "Content-Disposition", "Content-Range", "Content-Security-Policy", "ETag"], get["responses"]!["206"]!["headers"]!.AsObject().Select(header => header.Key));
        Assert.Equal(["id", "If-Match", "If-None-Match", "If-Range", "Range"], get["parameters"]!.AsArray().Select(parameter => (string)parameter!["name"]!).Order(StringComparer.OrdinalIgnoreCase));
        var head = Operation(document, "/v1/gadgets/{id}/raw", "head");
        Assert.Equal("headRawGadget", (string?)head["operationId"]);
        Assert.Null(head["responses"]!["200"]!["content"]);
    }

    [Fact]
    public async Task Fields_are_the_members_there_are_and_a_creation_can_be_repeated()
    {
        var document = await Document(v1 =>
        {
            v1.MapGet("/gadgets", PageResult<Gadget> ([AsParameters] Paging page, Fields<Gadget> fields) => new(new Page<Gadget>([], null), fields)).Requires(Scope.MailRead).WithName("listGadgets");
            v1.MapPost("/gadgets", Created<Gadget> (GadgetPatch body) => TypedResults.Created("/x", new Gadget("1", null, null, null, 0))).Requires(Scope.MailWrite).Idempotent().WithName("createGadget");
        });

        var parameters = Operation(document, "/v1/gadgets", "get")["parameters"]!.AsArray();
        Assert.Equal(["limit", "cursor", "fields"], parameters.Select(parameter => (string)parameter!["name"]!));
        Assert.Equal("""{"maximum":500,"minimum":1,"type":"integer","format":"int32","default":50}""", Json(parameters[0]!["schema"]));
        Assert.Equal("""["id","note","role","extra","count"]""", Json(parameters[2]!["schema"]!["items"]!["enum"]));
        Assert.NotNull(Operation(document, "/v1/gadgets", "get")["responses"]!["200"]!["headers"]!["Link"]);
        var post = Operation(document, "/v1/gadgets", "post");
        Assert.Equal("Idempotency-Key", (string?)post["parameters"]![0]!["name"]);
        Assert.Equal(["Idempotency-Replayed", "Location"], post["responses"]!["201"]!["headers"]!.AsObject().Select(header => header.Key));
        Assert.Superset(new HashSet<string> { "409", "422" }, Statuses(post).ToHashSet());
    }

    [Fact]
    public async Task A_route_without_a_name_does_not_get_by()
    {
        await using var gateway = await TestGateway.StartAsync(v1 => v1.MapGet("/gadgets", () => TypedResults.Ok("")).Requires(Scope.MailRead));

        var refusal = Assert.ThrowsAny<Exception>(() => gateway.Services.GetRequiredService<OpenApiText>().Json);
        Assert.Contains("The route GET v1/gadgets has no name", refusal.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/swagger")]
    [InlineData("/swagger/index.html")]
    [InlineData("/swagger/swagger-ui-bundle.js")]
    public async Task The_page_runs_nothing_but_its_own_scripts(string path)
    {
        await using var gateway = await TestGateway.StartAsync();

        var answer = await gateway.Send("GET", path, key: null);

        Assert.Equal(200, answer.Status);
        Assert.Contains("script-src 'self';", answer.Header("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.Equal(404, (await gateway.Send("GET", "/swagger/nothing", key: null)).Status);
    }
}
