using ImapGateway.IntegrationTests.Contract;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.GraphQL;

/// <summary>The published schema, judged by a public tool: it is the one that runs, and whatever would break a client is found.</summary>
[Trait("Category", "judges")]
public sealed class ContractTests
{
    private static readonly string Golden = Path.Combine(Judges.Root, "schema", "schema.graphql");

    private static Task<(int Code, IReadOnlyList<string> Output)> Diff(string old, string now, params string[] options) =>
        Judges.Outcome("@graphql-inspector/cli", "cjs/index.js", ["diff", old, now, .. options]);

    [Fact]
    public async Task The_published_schema_is_the_one_that_runs()
    {
        var gateway = await SharedServers.Gateway;
        var (code, output) = await Diff(Golden, new Uri(gateway.Http.BaseAddress!, "/graphql").ToString(), "--header", $"Authorization: Bearer {gateway.AdminKey}");
        Assert.True(code == 0 && output.Any(line => line.Contains("No changes detected", StringComparison.Ordinal)), string.Join('\n', output));
    }

    [Theory]
    [InlineData("  subject: String\n", "", "Field subject was removed from object type Message")]
    [InlineData("  flags: [String!]!\n", "  flags: [String!]\n", "Field Message.flags changed type from [String!]! to [String!]")]
    [InlineData("    first: Int,\n", "    first: Int!,\n", "Type for argument first on field")]
    [InlineData("  INBOX\n", "", "Enum value INBOX was removed from enum Role")]
    public async Task What_would_break_a_client_is_found(string before, string after, string finding)
    {
        using var folder = new TemporaryDirectory();
        var text = await File.ReadAllTextAsync(Golden);
        var at = text.IndexOf(before, StringComparison.Ordinal);
        Assert.True(at >= 0, before);
        // With its description, which would be left alone.
        var from = after.Length == 0 ? text.LastIndexOf("\n  \"", at, StringComparison.Ordinal) + 1 : at;
        await File.WriteAllTextAsync(folder["broken.graphql"], text[..from] + after + text[(at + before.Length)..]);
        var (code, output) = await Diff(Golden, folder["broken.graphql"]);
        Assert.Equal(1, code);
        Assert.Contains(output, line => line.Contains(finding, StringComparison.Ordinal));
    }
}
