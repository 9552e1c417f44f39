using ImapGateway.Storage;

namespace ImapGateway.Changes;

/// <summary>A position in a feed. What commits later always comes after it.</summary>
/// <param name="Epoch">The epoch of the database. It comes first: a restored server may count its transactions from a smaller number.</param>
public readonly record struct GlobalPosition(long Transaction, long Row, long Epoch = 0) : IComparable<GlobalPosition>
{
    /// <summary>Returns true if a row can have this position in a database with the given epoch.</summary>
    public bool IsPossibleIn(long epoch) => Epoch >= 0 && Epoch <= epoch && Transaction is >= 0 and <= UsableNumbers.Last && Row is >= 0 and <= UsableNumbers.Last;

    public int CompareTo(GlobalPosition other) => (Epoch, Transaction, Row).CompareTo((other.Epoch, other.Transaction, other.Row));

    public static bool operator <(GlobalPosition left, GlobalPosition right) => left.CompareTo(right) < 0;

    public static bool operator >(GlobalPosition left, GlobalPosition right) => left.CompareTo(right) > 0;

    public static bool operator <=(GlobalPosition left, GlobalPosition right) => left.CompareTo(right) <= 0;

    public static bool operator >=(GlobalPosition left, GlobalPosition right) => left.CompareTo(right) >= 0;
}
