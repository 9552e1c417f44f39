using ImapGateway.GraphQL.Fields;


namespace ImapGateway.GraphQL.Execution;

/// <summary>Computes how many objects a response can have at most. Expensive ones count more than once; the sizes of pages within pages multiply.</summary>
public static class Cost
{
    public static long Of(PlanRun run, PlanSelection selection)
    {
        double sum = 0;
        foreach (var field in selection.Fields)
        {
            if (run.Asks(field) && field.Definition is GraphField known and not LeafField)
            {
                var below = field.Selections.Count == 0 ? 0 : field.Selections.Values.Max(one => Of(run, one));
                sum += known.Price + (double)Math.Max(1, known.Count?.Invoke(run.CallOf(field)) ?? 1) * below;
            }
        }
        return (long)Math.Min(sum, long.MaxValue / 2);
    }
}
