using GraphQL.Types;
using ImapGateway.GraphQL.Fields;

namespace ImapGateway.GraphQL.Execution;

/// <summary>Reports failed fields with their paths, and removes the objects that must not exist without them (GraphQL section 6.4.4).</summary>
public sealed class NullBubbling(Func<PlanField, bool> asks, Action<PlanField, IReadOnlyList<object>, Exception?> tell)
{
    private readonly List<object> _path = [];

    /// <returns>False if nothing is left of the node.</returns>
    public bool Settle(ObjectNode node)
    {
        var stands = true;
        foreach (var field in node.Selection.Slots)
        {
            if (!asks(field))
            {
                continue;
            }
            _path.Add(field.Name);
            var value = Settle(field, field.Definition.ResolvedType!, node.Slots[field.Slot]);
            _path.RemoveAt(_path.Count - 1);
            node.Slots[field.Slot] = value;
            stands &= value is not Bubbled;
        }
        return stands;
    }

    private object? Settle(PlanField field, IGraphType type, object? value)
    {
        if (type is NonNullGraphType required)
        {
            var settled = Settle(field, required.ResolvedType!, value);
            if (settled is null && value is null)
            {
                tell(field, [.. _path], null);
            }
            return settled ?? Bubbled.Instance;
        }
        switch (value)
        {
            case Failed failed:
                tell(field, [.. _path], failed.Reason);
                return null;
            case ObjectNode node:
                return Settle(node) ? node : null;
            case object?[] items when type is ListGraphType list:
                return SettleItems(field, list.ResolvedType!, items) ? items : null;
            default:
                return value;
        }
    }

    private bool SettleItems(PlanField field, IGraphType type, object?[] items)
    {
        var stands = true;
        for (var i = 0; i < items.Length; i++)
        {
            _path.Add(i);
            items[i] = Settle(field, type, items[i]);
            _path.RemoveAt(_path.Count - 1);
            stands &= items[i] is not Bubbled;
        }
        return stands;
    }
}
