using System.Text.Json.Nodes;
using ImapGateway.Access;
using ImapGateway.Http;

namespace ImapGateway.Tests.GraphQL;

/// <summary>The plan answers what the engine would, without its engine.</summary>
public sealed class PlanTests : IDisposable
{
    private readonly SampleEngine _sample = new();

    public void Dispose() => _sample.Dispose();

    public static TheoryData<string, string?> Documents => new()
    {
        { "{ person(id: \"p1\") { id name mood age big isChild bornAt nicknames } }", null },
        { "{ person(id: \"none\") { id } nothing __typename }", null },
        { "{ a: person(id: \"p1\") { n: name } b: person(id: \"p2\") { n: name again: name __typename } }", null },
        { "query Q($id: ID!) { person(id: $id) { ...F friend { ...F } } } fragment F on Person { name mood ...G } fragment G on Person { age }", "{\"id\":\"p2\"}" },
        { "{ person(id: \"p2\") { name ... { age } ... on Person { mood } ... on Node { id } } }", null },
        { "{ people { name friends { name friends { name } } } }", null },
        { "{ people(first: 2) { self { self { name parent { name } parents { name friend { name } } } } } }", null },
        { "{ people(filter: { moods: [VERY_HAPPY, SAD] }) { name } some: people(filter: { name: \"Ben\" }) { name } }", null },
        { "query ($f: PersonFilter, $n: Int = 1) { people(first: $n, filter: $f) { name } }", "{\"f\":{\"moods\":[\"SAD\"]}}" },
        { "query ($f: PersonFilter, $n: Int = 1) { people(first: $n, filter: $f) { name } }", "{\"n\":2}" },
        { "{ echo }", null },
        { "{ echo(text: null, number: 3, flag: true, mood: VERY_HAPPY, texts: [\"a\", \"b\"]) }", null },
        { "{ echo(texts: \"single\") }", null },
        { "query ($t: String, $n: Int, $f: Boolean = false, $m: Mood, $l: [String!]) { echo(text: $t, number: $n, flag: $f, mood: $m, texts: $l) }", null },
        { "query ($t: String, $n: Int, $f: Boolean = false, $m: Mood, $l: [String!]) { echo(text: $t, number: $n, flag: $f, mood: $m, texts: $l) }", "{\"t\":\"x\",\"n\":null,\"f\":true,\"m\":\"SAD\",\"l\":[\"q\"]}" },
        { "query ($yes: Boolean!) { person(id: \"p1\") { name @include(if: $yes) age @skip(if: $yes) } }", "{\"yes\":true}" },
        { "query ($yes: Boolean!) { person(id: \"p1\") { name @include(if: $yes) age @skip(if: $yes) } }", "{\"yes\":false}" },
        { "query ($yes: Boolean!) { person(id: \"p1\") { id ...F @include(if: $yes) ... @skip(if: $yes) { mood } friend @include(if: $yes) { name } } } fragment F on Person { name friend { age } }", "{\"yes\":true}" },
        { "query ($yes: Boolean!) { person(id: \"p1\") { id ...F @include(if: $yes) ... @skip(if: $yes) { mood } friend @include(if: $yes) { name } } } fragment F on Person { name friend { age } }", "{\"yes\":false}" },
        { "query ($a: Boolean!, $b: Boolean!) { person(id: \"p1\") @include(if: $a) { name } person(id: \"p1\") @include(if: $b) { age friend { name } } }", "{\"a\":true,\"b\":false}" },
        { "query ($a: Boolean!, $b: Boolean!) { person(id: \"p1\") @include(if: $a) { name } person(id: \"p1\") @include(if: $b) { age friend { name } } }", "{\"a\":false,\"b\":true}" },
        { "query ($a: Boolean!, $b: Boolean!) { person(id: \"p1\") @include(if: $a) { name } person(id: \"p1\") @include(if: $b) { age friend { name } } }", "{\"a\":true,\"b\":true}" },
        { "query ($a: Boolean!, $b: Boolean!) { person(id: \"p1\") @include(if: $a) { name } person(id: \"p1\") @include(if: $b) { age friend { name } } }", "{\"a\":false,\"b\":false}" },
        { "{ person(id: \"p1\") { name @skip(if: true) age @include(if: true) id @include(if: false) } }", null },
        { "{ person(id: \"p1\") { friend { name } friend { age } ... on Person { friend { mood } } } }", null },
        { "{ node(id: \"p1\") { __typename id ... on Person { name } ... on Pet { owner { name } } } other: node(id: \"tp2\") { __typename id ... on Person { name } ... on Pet { owner { name } lateOwner { age } } } }", null },
        { "{ nodes(ids: [\"p2\", \"nobody\", \"tp3\"]) { id ... on Person { friend { name } } ... on Pet { lateOwner { name } } } }", null },
        { "{ people { pet { id lateOwner { pet { owner { name } } } } } }", null },
        { "{ maybePeople { name } }", null },
        { "{ fails nothing person(id: \"p1\") { name } }", null },
        { "{ people { name sad } }", null },
        { "{ people { name sadRequired } }", null },
        { "{ maybePeople { name sadRequired } }", null },
        { "{ person(id: \"p2\") { name friend { name sadRequired } } }", null },
        { "{ person(id: \"p2\") { name friends { name sadRequired } } }", null },
        { "{ nothing nothingRequired }", null },
        { "{ people { loaded friends { loaded } } }", null },
        { "{ __schema { queryType { name } mutationType { name } types { name kind description fields(includeDeprecated: true) { name args { name defaultValue type { name kind ofType { name } } } type { ...T } } inputFields { name type { ...T } } enumValues { name } possibleTypes { name } interfaces { name } } directives { name locations args { name } } } } fragment T on __Type { name kind ofType { name kind ofType { name kind } } }", null },
        { "{ __type(name: \"Person\") { name fields { name } } none: __type(name: \"Nobody\") { name } __typename }", null },
        { "mutation { first: note(text: \"a\") second: note(text: \"b\") __typename }", null },
    };

    [Theory]
    [MemberData(nameof(Documents))]
    public async Task It_answers_what_the_engine_answers(string query, string? variables)
    {
        // Twice: the second time the document is known.
        var engine = await _sample.Engine(query, variables);
        _sample.Graph.Order.Clear();
        var first = Comparable(await _sample.Plan(query, variables));
        _sample.Graph.Order.Clear();
        Assert.Equal(Comparable(engine), first);
        Assert.Equal(first, Comparable(await _sample.Plan(query, variables)));
    }

    /// <summary>Errors may come in any order, and have more to them than the engine's.</summary>
    private static string Comparable(JsonObject answer)
    {
        var errors = (answer["errors"] as JsonArray ?? []).Select(error => $"{error!["path"]?.ToJsonString()} {error["locations"]?.ToJsonString()} {MessageOf(error)}").Order(StringComparer.Ordinal);
        return $"{answer["data"]?.ToJsonString()}\n{string.Join('\n', errors)}";
    }

    private static string MessageOf(JsonNode error) =>
        error["message"]!.ToString() is var message && (message == FrameworkProblems.Unexpected.Detail || message.StartsWith("Error trying to resolve", StringComparison.Ordinal)) ? "fault" : message;

    [Fact]
    public async Task What_is_asked_for_at_the_same_time_is_read_together()
    {
        await _sample.Plan("{ people { loaded again: loaded } }");
        Assert.Equal([3], _sample.Graph.Loads);
    }

    [Fact]
    public async Task A_node_that_cannot_be_read_fails_alone()
    {
        var answer = await _sample.Plan("{ nodes(ids: [\"p1\", \"broken\", \"p2\"]) { id } }");
        Assert.Equal("[{\"id\":\"p1\"},null,{\"id\":\"p2\"}]", answer["data"]!["nodes"]!.ToJsonString());
        var error = Assert.Single(answer["errors"]!.AsArray());
        Assert.Equal("[\"nodes\",1]", error!["path"]!.ToJsonString());
        Assert.Equal("account.unavailable", error["extensions"]!["code"]!.ToString());
    }

    [Fact]
    public async Task What_comes_first_is_known_before_the_others_begin()
    {
        await _sample.Plan("{ after before }");
        Assert.Equal(["before", "after"], _sample.Graph.Order);
    }

    [Theory]
    [InlineData("{ people(first: 3) { name", "Line 1, column")]
    [InlineData("{ nobody }", "Cannot query field 'nobody'")]
    [InlineData("query ($n: Int!) { people(first: $n) { name } }", "n")]
    [InlineData("query A { echo } query B { echo }", "exactly one operation")]
    public async Task What_is_wrong_with_a_document_is_told(string query, string message)
    {
        var answer = await _sample.Plan(query);
        Assert.False(answer.ContainsKey("data"));
        Assert.Contains(message, answer["errors"]![0]!["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Variables_of_a_known_document_are_looked_at_each_time()
    {
        const string query = "query ($n: Int!) { people(first: $n) { name } }";
        Assert.Equal(2, (await _sample.Plan(query, "{\"n\":2}"))["data"]!["people"]!.AsArray().Count);
        Assert.Contains("$n", (await _sample.Plan(query, "{\"n\":\"two\"}"))["errors"]![0]!["message"]!.ToString(), StringComparison.Ordinal);
        Assert.Contains("$n", (await _sample.Plan(query))["errors"]![0]!["message"]!.ToString(), StringComparison.Ordinal);
        Assert.Single((await _sample.Plan(query, "{\"n\":1}"))["data"]!["people"]!.AsArray());
    }

    [Fact]
    public async Task A_field_that_needs_another_scope_is_refused_before_anything_is_read()
    {
        var answer = await _sample.Plan("{ after secret }", scopes: Scope.MailRead);
        Assert.Equal("forbidden", answer["errors"]![0]!["code"]!.ToString());
        Assert.Empty(_sample.Graph.Order);
        Assert.Equal("secret", (await _sample.Plan("{ secret }"))["data"]!["secret"]!.ToString());
    }
}
