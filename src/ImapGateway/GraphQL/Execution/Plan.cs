using System.Text.Json;
using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;
using ImapGateway.GraphQL.Fields;

namespace ImapGateway.GraphQL.Execution;

/// <summary>
/// A compiled operation: fields are merged and fragments resolved for every possible type, once, and executed often. Fields that are read from an existing object are written when
/// the response is; only fields that need a request have a slot.
/// </summary>
public sealed record Plan(OperationType Kind, GraphQLDocument Document, GraphQLOperationDefinition Operation, PlanSelection Root, IReadOnlyList<PlanField> Fields);

/// <summary>The fields that are selected of objects of one type.</summary>
public sealed class PlanSelection(IObjectGraphType type)
{
    public IObjectGraphType Type => type;

    public JsonEncodedText TypeName { get; } = JsonEncodedText.Encode(type.Name);

    public IReadOnlyList<PlanField> Fields { get; private set; } = [];

    /// <summary>The fields that are not just read from the object.</summary>
    public IReadOnlyList<PlanField> Slots { get; private set; } = [];

    public void Set(IReadOnlyList<PlanField> fields)
    {
        Fields = fields;
        List<PlanField> slots = [];
        foreach (var field in fields)
        {
            if (!field.IsRead)
            {
                field.Slot = slots.Count;
                slots.Add(field);
            }
        }
        Slots = slots;
    }
}

/// <summary>A selected field, under its name in the response.</summary>
/// <param name="conditions">The conditions; the field is selected if all of one of these lists hold. Null: always.</param>
public sealed class PlanField(int id, string name, FieldType definition, GraphQLField ast, IObjectGraphType parent, IReadOnlyList<IReadOnlyList<Condition>>? conditions)
{
    public int Id => id;

    public string Name => name;

    public JsonEncodedText Key { get; } = JsonEncodedText.Encode(name);

    public FieldType Definition => definition;

    public LeafField? Leaf { get; } = definition as LeafField;

    public PartField? Part { get; } = definition as PartField;

    public GraphQLField Ast => ast;

    public IObjectGraphType Parent => parent;

    public IReadOnlyList<IReadOnlyList<Condition>>? Conditions => conditions;

    public bool IsTypeName { get; } = ast.Name.Value == "__typename";

    /// <summary>The index of the field's value in its object's slots; -1: it is read from its object.</summary>
    public int Slot { get; set; } = -1;

    /// <summary>The selections of objects, by their types; empty for scalars.</summary>
    public IReadOnlyDictionary<IObjectGraphType, PlanSelection> Selections { get; private set; } = new Dictionary<IObjectGraphType, PlanSelection>();

    /// <summary>The selection if the field can have only one type.</summary>
    public PlanSelection? Only { get; private set; }

    /// <summary>True if its value, and all below it, is read from its object.</summary>
    public bool IsRead => IsTypeName || Leaf is not null || Part is not null && Selections.Values.All(selection => selection.Slots.Count == 0);

    public bool IsReadOrHeld => IsTypeName || Leaf is not null || Part is not null || Definition is GraphField { IsHeld: true };

    public void Set(IReadOnlyDictionary<IObjectGraphType, PlanSelection> selections)
    {
        Selections = selections;
        Only = selections.Count == 1 ? selections.Values.Single() : null;
    }

    public PlanSelection SelectionOf(object source) =>
        Only ?? Selections[((IAbstractGraphType)Definition.ResolvedType!.GetNamedType()).ResolveType!(source) ?? throw new InvalidOperationException($"No type of the graph has {source.GetType().Name}.")];
}

/// <summary>A condition of @skip or @include.</summary>
public sealed record Condition(string Variable, bool Holds);
