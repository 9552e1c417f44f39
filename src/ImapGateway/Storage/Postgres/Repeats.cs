namespace ImapGateway.Storage.Postgres;

/// <summary>Decides whether and when a failed transaction is run again.</summary>
internal sealed class Repeats
{
    /// <summary>The largest number of conflicts. Of the transactions that conflict on a row one succeeds each time.</summary>
    private const int MostConflicts = 50;

    /// <summary>The largest number of constraint failures. The conflicting row was not visible the first time, and is from then on; only rows that come and go cause more.</summary>
    private const int MostConstraints = 3;

    /// <summary>The largest number of broken connections. A restart of the server leaves a pool of dead ones. The first failure empties it, but others may take from it before that is done.</summary>
    private const int MostBroken = 10;

    private static readonly TimeSpan WhileEmptied = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(50);

    private int _conflicts;
    private int _constraints;
    private int _broken;

    /// <summary>Returns the delay before the next run; null: there is none.</summary>
    public TimeSpan? Next(Exception failure) => PostgresFailure.Classify(failure) switch
    {
        PostgresFault.Conflict when PostgresFailure.IsConstraint(failure) => ++_constraints <= MostConstraints ? TimeSpan.Zero : null,
        PostgresFault.Conflict => ++_conflicts <= MostConflicts ? Pause(_conflicts) : null,
        PostgresFault.Broken => ++_broken <= MostBroken ? WhileEmptied : null,
        _ => null,
    };

    private static TimeSpan Pause(int conflicts) => Random.Shared.NextDouble() * TimeSpan.FromMilliseconds(Math.Min(1 << Math.Min(conflicts, 10), LongestPause.TotalMilliseconds));
}
