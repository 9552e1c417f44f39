namespace ImapGateway.Changes;

/// <summary>A place in the feed of all accounts. What commits later is always behind it.</summary>
public readonly record struct GlobalPosition(long Transaction, long Row) : IComparable<GlobalPosition>
{
    public int CompareTo(GlobalPosition other) => (Transaction, Row).CompareTo((other.Transaction, other.Row));

    public static bool operator <(GlobalPosition left, GlobalPosition right) => left.CompareTo(right) < 0;

    public static bool operator >(GlobalPosition left, GlobalPosition right) => left.CompareTo(right) > 0;

    public static bool operator <=(GlobalPosition left, GlobalPosition right) => left.CompareTo(right) <= 0;

    public static bool operator >=(GlobalPosition left, GlobalPosition right) => left.CompareTo(right) >= 0;
}
