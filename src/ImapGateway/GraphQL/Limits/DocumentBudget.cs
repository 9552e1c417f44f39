using GraphQLParser;
using GraphQLParser.AST;
using ImapGateway.Mail;

namespace ImapGateway.GraphQL.Limits;

/// <summary>
/// Counts what a document asks for before it is validated: some of the rules take time that grows with the square of equal fields, or doubles with every fragment. Fragments count each
/// time they are used, and the count ends where it is exceeded.
/// </summary>
public sealed class DocumentBudget(GraphQLDocument document, GraphQLOptions limits)
{
    private readonly Dictionary<ROM, GraphQLFragmentDefinition> _fragments = [];
    private readonly HashSet<ROM> _open = [];
    private int _fields;
    private int _aliases;

    /// <exception cref="ProblemException">400 with the limit that is exceeded.</exception>
    public void Demand()
    {
        foreach (var fragment in document.Definitions.OfType<GraphQLFragmentDefinition>())
        {
            _fragments.TryAdd(fragment.FragmentName.Name.Value, fragment);
        }
        foreach (var definition in document.Definitions)
        {
            switch (definition)
            {
                case GraphQLOperationDefinition operation:
                    Walk(operation.SelectionSet, 1);
                    break;
                case GraphQLFragmentDefinition fragment:
                    Walk(fragment.SelectionSet, 1);
                    break;
            }
        }
    }

    private void Walk(GraphQLSelectionSet? set, int depth)
    {
        if (set is null)
        {
            return;
        }
        Hold(depth, limits.MaxDepth, "deep", nameof(limits.MaxDepth));
        foreach (var node in set.Selections)
        {
            Hold(++_fields, limits.MaxFields, "fields long, with those of its fragments each time they are used", nameof(limits.MaxFields));
            switch (node)
            {
                case GraphQLField field:
                    if (field.Alias is not null)
                    {
                        Hold(++_aliases, limits.MaxAliases, "aliases long", nameof(limits.MaxAliases));
                    }
                    Walk(field.SelectionSet, depth + 1);
                    break;
                case GraphQLInlineFragment inline:
                    Walk(inline.SelectionSet, depth);
                    break;
                // One that is in itself is for validation to tell.
                case GraphQLFragmentSpread spread when _fragments.TryGetValue(spread.FragmentName.Name.Value, out var fragment) && _open.Add(spread.FragmentName.Name.Value):
                    Walk(fragment.SelectionSet, depth);
                    _open.Remove(spread.FragmentName.Name.Value);
                    break;
            }
        }
    }

    private static void Hold(int count, int most, string what, string setting)
    {
        if (count > most)
        {
            throw new ProblemException(ErrorCode.BadRequest, $"The document is more than {most} {what}: ask for less at once (GraphQL:{setting}).");
        }
    }
}
