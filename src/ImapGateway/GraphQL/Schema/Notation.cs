using GraphQL.Types;

namespace ImapGateway.GraphQL.Schema;

/// <summary>Types as SDL writes them: <c>[Message!]!</c>. Whichever feature makes the type, its name is enough.</summary>
public static class Notation
{
    public static IGraphType Parse(string text) =>
        text.EndsWith('!') ? new NonNullGraphType(Parse(text[..^1]))
        : text.StartsWith('[') && text.EndsWith(']') ? new ListGraphType(Parse(text[1..^1]))
        : new GraphQLTypeReference(text);
}
