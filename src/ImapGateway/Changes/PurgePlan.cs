using System.Collections.Immutable;

namespace ImapGateway.Changes;

/// <summary>The values of a row that retention needs.</summary>
public readonly record struct AgedChange(GlobalPosition Position, string Incarnation, long Sequence, DateTimeOffset Timestamp);

/// <summary>The rows that retention may delete. For each account it deletes the oldest ones and leaves no gap, even if the clock has jumped while they were written.</summary>
/// <param name="Delete">The rows to delete, in the given order.</param>
/// <param name="Held">The incarnations of which a row was kept: all their later rows are kept too.</param>
/// <param name="Done">True if a row was found that is young enough to be kept.</param>
public sealed record PurgePlan(ImmutableArray<AgedChange> Delete, ImmutableHashSet<string> Held, bool Done)
{
    public static readonly PurgePlan Start = new([], [], Done: false);

    /// <param name="rows">The next rows, in the order in which they were written.</param>
    /// <param name="keep">The time from which rows are kept.</param>
    /// <param name="hold">The time from which rows are kept if they are needed.</param>
    /// <param name="needed">The lowest needed sequence number by incarnation.</param>
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
