using GraphQL;
using GraphQL.Types;
using GraphQLParser;
using GraphQLParser.AST;

namespace ImapGateway.GraphQL.Execution;

/// <summary>Compiles an operation of a valid document (GraphQL section 6.3.2, CollectFields). Conditions of @skip and @include stay with the fields, since variables decide them.</summary>
public sealed class PlanCompiler
{
    private readonly ISchema _schema;
    private readonly GraphQLDocument _document;
    private readonly List<PlanField> _fields = [];

    private sealed record Occurrence(GraphQLField Ast, IReadOnlyList<Condition> When);

    private PlanCompiler(ISchema schema, GraphQLDocument document) => (_schema, _document) = (schema, document);

    public static Plan Compile(ISchema schema, GraphQLDocument document, GraphQLOperationDefinition operation)
    {
        var compiler = new PlanCompiler(schema, document);
        var root = operation.Operation switch
        {
            OperationType.Mutation => schema.Mutation,
            OperationType.Subscription => schema.Subscription,
            _ => schema.Query,
        };
        var selection = compiler.Select(root!, [(operation.SelectionSet, [])]);
        return new Plan(operation.Operation, document, operation, selection, compiler._fields);
    }

    private PlanSelection Select(IObjectGraphType type, IEnumerable<(GraphQLSelectionSet Set, IReadOnlyList<Condition> When)> sets)
    {
        var found = new Dictionary<string, List<Occurrence>>(StringComparer.Ordinal);
        var order = new List<string>();
        var visited = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (set, when) in sets)
        {
            Collect(type, set, when, found, order, visited);
        }
        var selection = new PlanSelection(type);
        selection.Set([.. order.Select(name => Field(type, name, found[name]))]);
        return selection;
    }

    private void Collect(IObjectGraphType type, GraphQLSelectionSet set, IReadOnlyList<Condition> when, Dictionary<string, List<Occurrence>> found, List<string> order, HashSet<string> visited)
    {
        foreach (var node in set.Selections)
        {
            if (Conditions(((IHasDirectivesNode)node).Directives, when) is not { } now)
            {
                continue;
            }
            switch (node)
            {
                case GraphQLField field:
                    var name = (field.Alias?.Name ?? field.Name).StringValue;
                    if (!found.TryGetValue(name, out var occurrences))
                    {
                        found[name] = occurrences = [];
                        order.Add(name);
                    }
                    occurrences.Add(new Occurrence(field, now));
                    break;
                case GraphQLFragmentSpread spread when visited.Add($"{spread.FragmentName.Name.StringValue} {string.Join(' ', now)}"):
                    var fragment = _document.FindFragmentDefinition(spread.FragmentName.Name.Value)!;
                    if (Applies(fragment.TypeCondition, type))
                    {
                        Collect(type, fragment.SelectionSet, now, found, order, visited);
                    }
                    break;
                case GraphQLInlineFragment inline when Applies(inline.TypeCondition, type):
                    Collect(type, inline.SelectionSet, now, found, order, visited);
                    break;
            }
        }
    }

    private PlanField Field(IObjectGraphType parent, string name, List<Occurrence> occurrences)
    {
        var ast = occurrences[0].Ast;
        var definition = Definition(parent, ast.Name.Value);
        var conditions = occurrences.Exists(one => one.When.Count == 0) ? null : occurrences.ConvertAll(one => one.When);
        var field = new PlanField(_fields.Count, name, definition, ast, parent, conditions);
        _fields.Add(field);
        var named = definition.ResolvedType!.GetNamedType();
        if (named is IObjectGraphType or IAbstractGraphType)
        {
            // With one occurrence, the fields below are selected wherever the field is; with several, each occurrence has its own fields below.
            var sets = occurrences.Select(one => (one.Ast.SelectionSet!, occurrences.Count == 1 ? [] : one.When)).ToList();
            IEnumerable<IObjectGraphType> types = named is IObjectGraphType one ? [one] : ((IAbstractGraphType)named).PossibleTypes;
            field.Set(types.ToDictionary(type => type, type => Select(type, sets)));
        }
        return field;
    }

    private FieldType Definition(IObjectGraphType parent, ROM name)
    {
        if (name == _schema.TypeNameMetaFieldType.Name)
        {
            return _schema.TypeNameMetaFieldType;
        }
        if (parent == _schema.Query && (name == _schema.SchemaMetaFieldType.Name || name == _schema.TypeMetaFieldType.Name))
        {
            return name == _schema.SchemaMetaFieldType.Name ? _schema.SchemaMetaFieldType : _schema.TypeMetaFieldType;
        }
        return parent.GetField(name) ?? throw new InvalidOperationException("The document is not valid.");
    }

    private bool Applies(GraphQLTypeCondition? condition, IObjectGraphType type)
    {
        if (condition is null)
        {
            return true;
        }
        var named = _schema.AllTypes[condition.Type.Name.Value];
        return named == type || named is IAbstractGraphType @abstract && @abstract.PossibleTypes.Contains(type);
    }

    /// <summary>Returns the conditions; null: the field is never selected.</summary>
    private static IReadOnlyList<Condition>? Conditions(GraphQLDirectives? directives, IReadOnlyList<Condition> above)
    {
        if (directives is null)
        {
            return above;
        }
        List<Condition> all = [.. above];
        foreach (var directive in directives)
        {
            var isSkip = directive.Name.Value == "skip";
            if (!isSkip && directive.Name.Value != "include")
            {
                continue;
            }
            switch (directive.Arguments!.ValueFor("if"))
            {
                case GraphQLBooleanValue constant:
                    if (constant is GraphQLTrueBooleanValue == isSkip)
                    {
                        return null;
                    }
                    break;
                case GraphQLVariable variable:
                    all.Add(new Condition(variable.Name.StringValue, !isSkip));
                    break;
            }
        }
        return all;
    }
}
