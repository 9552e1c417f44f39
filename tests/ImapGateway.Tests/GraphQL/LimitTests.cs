using System.Text;
using ImapGateway.GraphQL;

namespace ImapGateway.Tests.GraphQL;

/// <summary>Documents that were written to be expensive are refused before they are.</summary>
public sealed class LimitTests
{
    private static async Task<string> RefusalOf(string query, GraphQLOptions? limits = null, string? variables = null)
    {
        using var sample = new SampleEngine(limits);
        var answer = await sample.Plan(query, variables);
        Assert.False(answer.ContainsKey("data"), answer.ToJsonString());
        return answer["errors"]![0]!["message"]!.ToString();
    }

    [Fact]
    public async Task Two_thousand_equal_fields_are_refused() =>
        Assert.Contains("too often in one place", await RefusalOf($"{{ {string.Concat(Enumerable.Repeat("nothing ", 2000))} }}"), StringComparison.Ordinal);

    [Fact]
    public async Task Many_fields_are_refused() =>
        Assert.Contains("GraphQL:MaxFields", await RefusalOf($"{{ {string.Concat(Enumerable.Repeat("people { id name mood age big isChild bornAt nicknames } ", 60))} }}"), StringComparison.Ordinal);

    /// <summary>Few enough to be counted, and compared each with each and all their arguments.</summary>
    [Theory]
    [InlineData("echo(text: \"a\", number: 1, flag: true) ", 400)]
    [InlineData("people(first: 3) { name } ", 200)]
    [InlineData("node(id: \"p1\") { ... on Person { friend { id } } } ", 90)]
    [InlineData("nothing ", 400)]
    public async Task Equal_fields_with_arguments_are_refused(string field, int times) =>
        Assert.Contains("too often in one place", await RefusalOf($"{{ {string.Concat(Enumerable.Repeat(field, times))} }}"), StringComparison.Ordinal);

    /// <summary>As programs make them: every component asks for what it needs by a fragment of its own.</summary>
    [Fact]
    public async Task Fragments_that_ask_for_the_same_are_no_attack()
    {
        var fragments = Enumerable.Range(0, 40).Select(i => $"fragment f{i} on Person {{ id name friend {{ id mood }} }}");
        using var sample = new SampleEngine();
        Assert.True((await sample.Plan($"{{ people(first: 2) {{ {string.Concat(Enumerable.Range(0, 40).Select(i => $"...f{i} "))} }} }} {string.Join(' ', fragments)}")).ContainsKey("data"));
    }

    /// <summary>Each uses the one before it twice: 2^23 fields in 900 bytes.</summary>
    [Fact]
    public async Task Fragments_that_double_are_refused()
    {
        var query = new StringBuilder("{ ...f22 ...f22 } fragment f0 on Query { nothing }");
        for (var i = 1; i < 23; i++)
        {
            query.Append($" fragment f{i} on Query {{ ...f{i - 1} ...f{i - 1} }}");
        }
        Assert.Contains("GraphQL:MaxFields", await RefusalOf(query.ToString()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fragment_in_itself_is_told_as_what_it_is() =>
        Assert.Contains("itself", await RefusalOf("{ ...a } fragment a on Query { nothing ...b } fragment b on Query { nothing ...a }"), StringComparison.Ordinal);

    [Fact]
    public async Task Deep_documents_are_refused() =>
        Assert.Contains("GraphQL:MaxDepth", await RefusalOf($"{{ people {string.Concat(Enumerable.Repeat("{ friends ", 20))} {{ name }} {new string('}', 21)}"), StringComparison.Ordinal);

    [Theory]
    [InlineData("{", "}")]
    [InlineData("query q(@a(b:[", "")]
    [InlineData("{ echo(text: [", "")]
    [InlineData("{ ... { ", "")]
    public async Task Documents_of_nothing_but_brackets_are_refused(string open, string close) =>
        Assert.NotEmpty(await RefusalOf(string.Concat(Enumerable.Repeat(open, 20_000)) + string.Concat(Enumerable.Repeat(close, 20_000))));

    /// <summary>None of them is a field, and each would be worth a mistake of its own, or a comparison with all others.</summary>
    [Theory]
    [InlineData("{ nothing ", "@include(if: true) ", "}")]
    [InlineData("query (", "$v: Int ", ") { nothing }")]
    [InlineData("{ echo(", "text: 1 ", ") }")]
    [InlineData("{ echo(texts: [", "\"a\" ", "]) }")]
    [InlineData("{ people(filter: { ", "a: 1 ", "}) { name } }")]
    public async Task Documents_of_many_words_are_refused_before_they_are_parsed(string open, string word, string close) =>
        Assert.Contains("words and signs", await RefusalOf(open + string.Concat(Enumerable.Repeat(word, 6_000)) + close), StringComparison.Ordinal);

    [Fact]
    public async Task Of_many_mistakes_the_first_are_told()
    {
        using var sample = new SampleEngine();
        Assert.Equal(50, (await sample.Plan($"{{ {string.Concat(Enumerable.Range(0, 100).Select(i => $"typo{i} "))} }}"))["errors"]!.AsArray().Count);
    }

    [Fact]
    public async Task Many_aliases_are_refused() =>
        Assert.Contains("GraphQL:MaxAliases", await RefusalOf($"{{ {string.Concat(Enumerable.Range(0, 51).Select(i => $"a{i}: nothing "))} }}"), StringComparison.Ordinal);

    [Fact]
    public async Task Pages_within_pages_multiply()
    {
        const string query = "query ($n: Int!) { people(first: $n) { friends { name } } again: people(first: $n) { name } }";
        using var sample = new SampleEngine(new GraphQLOptions { MaxCost = 100 });
        Assert.True((await sample.Plan(query, "{\"n\":40}")).ContainsKey("data"));
        Assert.Contains("GraphQL:MaxCost", await RefusalOf(query, new GraphQLOptions { MaxCost = 100 }, "{\"n\":200}"), StringComparison.Ordinal);
        // What is not asked for costs nothing.
        Assert.True((await sample.Plan("query ($n: Int!, $no: Boolean = false) { people(first: $n) @include(if: $no) { friends { name } } nothing }", "{\"n\":200}")).ContainsKey("data"));
    }

    [Fact]
    public async Task Introspection_can_be_switched_off()
    {
        Assert.Contains("ntrospection", await RefusalOf("{ __schema { types { name } } }", new GraphQLOptions { Introspection = false }), StringComparison.Ordinal);
        using var sample = new SampleEngine(new GraphQLOptions { Introspection = false });
        Assert.Equal("Query", (await sample.Plan("{ __typename }"))["data"]!["__typename"]!.ToString());
    }

    [Fact]
    public async Task What_is_not_known_in_time_is_told_as_failed_and_the_rest_is_there()
    {
        using var sample = new SampleEngine(new GraphQLOptions { RequestTime = TimeSpan.FromSeconds(1) });
        var answer = await sample.Plan("{ slow person(id: \"p1\") { name friend { name } } }");
        Assert.Null(answer["data"]!["slow"]);
        Assert.Equal("Ben", answer["data"]!["person"]!["friend"]!["name"]!.ToString());
        var error = Assert.Single(answer["errors"]!.AsArray());
        Assert.Equal("[\"slow\"]", error!["path"]!.ToJsonString());
        Assert.Equal("unavailable", error["extensions"]!["code"]!.ToString());
    }

    [Fact]
    public async Task Nobody_waits_for_what_stands_beside_it()
    {
        using var sample = new SampleEngine();
        var answer = sample.Plan("{ slow people { loaded friends { loaded } } }");
        await TestWait(() => sample.Graph.Loads.Sum() >= 3);
        Assert.False(answer.IsCompleted);
        sample.Graph.Slow.SetResult();
        Assert.Equal("1", (await answer)["data"]!["slow"]!.ToString());
    }

    [Fact]
    public async Task A_client_that_has_gone_is_not_answered()
    {
        using var sample = new SampleEngine();
        using var client = new CancellationTokenSource();
        var answer = sample.Plan("{ slow }", cancel: client.Token);
        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
    }

    private static async Task TestWait(Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!holds())
        {
            await Task.Delay(5, patience.Token);
        }
    }
}
