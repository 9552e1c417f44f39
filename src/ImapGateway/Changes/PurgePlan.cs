using System.Collections.Immutable;

namespace ImapGateway.Changes;

/// <summary>What retention has to know of a row.</summary>
public readonly record struct AgedChange(GlobalPosition Position, string Incarnation, long Sequence, DateTimeOffset Timestamp);

/// <summary>Which rows retention may delete. Of each account it deletes the oldest ones and leaves no hole, whatever the clock has done when they were written.</summary>
/// <param name="Delete">In the order given.</param>
/// <param name="Held">Incarnations of which a row was kept: so are all later ones.</param>
/// <param name="Done">A row was met that is young enough to stay for itself.</param>
public sealed record PurgePlan(ImmutableArray<AgedChange> Delete, ImmutableHashSet<string> Held, bool Done)
{
    public static readonly PurgePlan Start = new([], [], Done: false);

    /// <param name="rows">The next ones, in the order in which they were written.</param>
    /// <param name="keep">Rows from this instant on stay.</param>
    /// <param name="hold">Rows from this instant on stay where they are needed.</param>
    /// <param name="needed">The lowest sequence by incarnation.</param>
    public PurgePlan Next(IEnumerable<AgedChange> rows, DateTimeOffset keep, DateTimeOffset hold, IReadOnlyDictionary<string, long> needed)
    {
        var delete = ImmutableArray.CreateBuilder<AgedChange>();
        var held = Held;
        foreach (var row in rows)
        {
            if (row.Timestamp >= keep)
            {
                return new PurgePlan(delete.ToImmutable(), held, Done: true);
            }
            var isNeeded = row.Timestamp >= hold && needed.TryGetValue(row.Incarnation, out var lowest) && row.Sequence >= lowest;
            if (isNeeded || held.Contains(row.Incarnation))
            {
                held = held.Add(row.Incarnation);
                continue;
            }
            delete.Add(row);
        }
        return new PurgePlan(delete.ToImmutable(), held, Done: false);
    }
}
