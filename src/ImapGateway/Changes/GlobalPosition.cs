namespace ImapGateway.Changes;

/// <summary>A place in a feed. What commits later is always behind it.</summary>
/// <param name="Epoch">Of the database. It comes first: a server that was restored may count its transactions from a smaller number.</param>
public readonly record struct GlobalPosition(long Transaction, long Row, long Epoch = 0) : IComparable<GlobalPosition>
{
    public int CompareTo(GlobalPosition other) => (Epoch, Transaction, Row).CompareTo((other.Epoch, other.Transaction, other.Row));

    public static bool operator <(GlobalPosition left, GlobalPosition right) => left.CompareTo(right) < 0;

    public static bool operator >(GlobalPosition left, GlobalPosition right) => left.CompareTo(right) > 0;

    public static bool operator <=(GlobalPosition left, GlobalPosition right) => left.CompareTo(right) <= 0;

    public static bool operator >=(GlobalPosition left, GlobalPosition right) => left.CompareTo(right) >= 0;
}
