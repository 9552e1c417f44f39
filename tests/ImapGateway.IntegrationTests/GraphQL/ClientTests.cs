using ImapGateway.IntegrationTests.Contract;

namespace ImapGateway.IntegrationTests.GraphQL;

/// <summary>What public generators make of the published schema.</summary>
[Trait("Category", "judges")]
public sealed class ClientTests
{
    [Fact]
    public async Task A_program_with_generated_types_compiles_strictly_lists_reads_changes_and_is_told_of_it()
    {
        await Judges.Tool("@graphql-codegen/cli", "cjs/bin.js", "--config", "graph-codegen.json");
        await Judges.Tool("typescript", "bin/tsc", "--project", "graph-tsconfig.json");

        var world = await World.WithDovecot();
        for (var i = 1; i <= 5; i++)
        {
            await world.Deliver($"s{i}");
        }
        var account = await world.AddAccount();
        var output = await Judges.Run("out/graph-client.js", world.Gateway.Http.BaseAddress!.GetLeftPart(UriPartial.Authority), world.Gateway.AdminKey, account.Id);
        Assert.Equal(
            [
                "list: s5,s4,s3,s2,s1 false",
                "read: s5 The text of s5. true",
                "flag: $flagged 0",
                "move: Done true",
                "refused: bad_request input/flags/add/0",
                "told: true $flagged $flagged",
                "told: true true true",
            ],
            output);
    }

    [Fact]
    public async Task Relay_compiles_a_list_with_its_pages()
    {
        var artifacts = Path.Combine(Judges.Root, "tests", "judges", "out", "relay");
        Directory.CreateDirectory(artifacts);
        await Judges.Tool("relay-compiler", "cli.js", "relay.json");
        Assert.Contains("Inbox_messages", await File.ReadAllTextAsync(Path.Combine(artifacts, "InboxPageQuery.graphql.js")), StringComparison.Ordinal);
    }
}
