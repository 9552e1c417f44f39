using GraphQL;
using GraphQL.Types;
using GraphQL.Utilities;
using Microsoft.Extensions.DependencyInjection;

namespace ImapGateway.Tests.GraphQL;

public class SchemaTests
{
    /// <summary>What generated clients are made of: it changes with intent or not at all.</summary>
    [Fact]
    [Trait("Category", "golden")]
    public async Task The_published_schema_is_the_one_that_runs()
    {
        await using var gateway = Program.Build([]);
        Golden.Verify("schema.graphql", Sdl(gateway.Services.GetRequiredService<ISchema>()));
    }

    private static string Sdl(ISchema schema) =>
        schema.Print(new PrintOptions { IncludeDescriptions = true, IncludeDeprecationReasons = true, StringComparison = StringComparison.Ordinal }).ReplaceLineEndings("\n");

    [Fact]
    public async Task Everything_in_the_graph_is_described()
    {
        await using var gateway = Program.Build([]);
        var schema = gateway.Services.GetRequiredService<ISchema>();
        var types = schema.AllTypes.Where(type => !type.Name.StartsWith("__", StringComparison.Ordinal) && type.Name is not ("String" or "Int" or "Float" or "Boolean" or "ID")).ToList();
        Assert.NotEmpty(types);
        Assert.Empty(types.SelectMany(Undescribed));
    }

    private static IEnumerable<string> Undescribed(IGraphType type)
    {
        if (string.IsNullOrWhiteSpace(type.Description))
        {
            yield return type.Name;
        }
        foreach (var field in (type as IComplexGraphType)?.Fields.ToList() ?? [])
        {
            if (string.IsNullOrWhiteSpace(field.Description))
            {
                yield return $"{type.Name}.{field.Name}";
            }
            foreach (var argument in field.Arguments?.Where(argument => string.IsNullOrWhiteSpace(argument.Description)) ?? [])
            {
                yield return $"{type.Name}.{field.Name}({argument.Name})";
            }
        }
        foreach (var value in (type as EnumerationGraphType)?.Values.Where(value => string.IsNullOrWhiteSpace(value.Description)) ?? [])
        {
            yield return $"{type.Name}.{value.Name}";
        }
    }
}
