using GraphQL.Types;

namespace ImapGateway.GraphQL.Schema;

/// <summary>Parses types as SDL writes them: <c>[Message!]!</c>. The name of a type is enough, whichever feature makes it.</summary>
public static class Notation
{
    public static IGraphType Parse(string text) =>
        text.EndsWith('!') ? new NonNullGraphType(Parse(text[..^1]))
        : text.StartsWith('[') && text.EndsWith(']') ? new ListGraphType(Parse(text[1..^1]))
        : new GraphQLTypeReference(text);
}
