using System.Globalization;

namespace ImapGateway.Benchmarks.Results;

/// <summary>What a row is to reach: of its ratio where it has a reference, else of its value.</summary>
public sealed record Target(double Bound, bool AtLeast)
{
    public static Target Least(double bound) => new(bound, AtLeast: true);

    public static Target Most(double bound) => new(bound, AtLeast: false);

    public bool IsMetBy(double measured) => AtLeast ? measured >= Bound : measured <= Bound;

    public override string ToString() => $"{(AtLeast ? ">=" : "<=")} {Bound.ToString("#,0.##", CultureInfo.InvariantCulture)}";
}
