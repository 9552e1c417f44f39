using GraphQLParser;
using GraphQLParser.AST;
using ImapGateway.Mail;

namespace ImapGateway.GraphQL.Execution;

/// <summary>
/// Counts the fields of a document before it is validated: some rules take time that grows with the square of equal fields, or doubles with every fragment. Fragments count each
/// time they are used, and the count ends when it is exceeded.
/// </summary>
public sealed class DocumentBudget(GraphQLDocument document, GraphQLOptions limits)
{
    /// <summary>
    /// The largest number of comparisons. Validation compares fields of one name in one place, each with each and with all its arguments (GraphQL section 5.3.2). Some hundred of these units take a
    /// millisecond.
    /// </summary>
    private const int MostComparisons = 20_000;

    private const int ArgumentsPerUnit = 2;

    private const int MostTokens = 5_000;

    private readonly Dictionary<ROM, GraphQLFragmentDefinition> _fragments = [];
    private readonly HashSet<ROM> _open = [];
    private int _fields;
    private int _aliases;
    private long _comparisons;

    /// <summary>The fields of one place in the response, from anywhere in the document.</summary>
    private sealed class Place
    {
        public Dictionary<ROM, (int Count, Place Below)> Fields { get; } = [];
    }

    /// <summary>
    /// Checks the tokens before parsing: directives, variables and arguments are not fields, and each of them can cause an error of validation. Strings follow the rule of variables.
    /// </summary>
    /// <exception cref="ProblemException">400 for more tokens than a request can need, and for strings with control characters.</exception>
    public static void DemandTokens(string text)
    {
        var tokens = 0;
        for (var token = Lexer.Lex(text); token.Kind is not TokenKind.EOF; token = Lexer.Lex(text, token.End))
        {
            if (++tokens > MostTokens)
            {
                throw new ProblemException(ErrorCode.BadRequest, $"The document has more than {MostTokens} words and signs: lists and objects are better sent as variables.");
            }
            if (token.Kind is TokenKind.STRING && !InputText.IsPlain(token.Value))
            {
                throw new ProblemException(ErrorCode.BadRequest, $"The document has a string that no argument takes. {InputText.Expectation}");
            }
        }
    }

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
                    Walk(operation.SelectionSet, 1, new Place());
                    break;
                case GraphQLFragmentDefinition fragment:
                    Walk(fragment.SelectionSet, 1, new Place());
                    break;
            }
        }
    }

    private void Walk(GraphQLSelectionSet? set, int depth, Place place)
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
                    Walk(field.SelectionSet, depth + 1, Compared(place, field));
                    break;
                case GraphQLInlineFragment inline:
                    Walk(inline.SelectionSet, depth, place);
                    break;
                // Validation reports a fragment that contains itself.
                case GraphQLFragmentSpread spread when _fragments.TryGetValue(spread.FragmentName.Name.Value, out var fragment) && _open.Add(spread.FragmentName.Name.Value):
                    Walk(fragment.SelectionSet, depth, place);
                    _open.Remove(spread.FragmentName.Name.Value);
                    break;
            }
        }
    }

    private Place Compared(Place place, GraphQLField field)
    {
        var name = (field.Alias?.Name ?? field.Name).Value;
        var (count, below) = place.Fields.TryGetValue(name, out var known) ? known : (0, new Place());
        place.Fields[name] = (count + 1, below);
        var arguments = field.Arguments is { } given ? given.Location.End - given.Location.Start : 0;
        _comparisons += (long)count * (1 + arguments / ArgumentsPerUnit);
        return _comparisons <= MostComparisons ? below : throw new ProblemException(ErrorCode.BadRequest, $"The document asks for {name} too often in one place: give each an alias, or ask for it once.");
    }

    private static void Hold(int count, int most, string what, string setting)
    {
        if (count > most)
        {
            throw new ProblemException(ErrorCode.BadRequest, $"The document is more than {most} {what}: ask for less at once (GraphQL:{setting}).");
        }
    }
}
