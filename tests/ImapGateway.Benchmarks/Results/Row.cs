using System.Globalization;

namespace ImapGateway.Benchmarks.Results;

/// <summary>One thing that was measured, in every round, and beside it the reference of the same round.</summary>
/// <param name="What">Told in the words of the targets.</param>
/// <param name="Unit">Of the values and of the reference's values: <c>/s</c>, <c>ms</c>, <c>KB</c> ...</param>
/// <param name="Values">One of each round, in the order of the rounds.</param>
public sealed record Row(string What, string Unit, IReadOnlyList<double> Values)
{
    /// <summary>What the reference is; null where there is none.</summary>
    public string? Reference { get; init; }

    public IReadOnlyList<double> ReferenceValues { get; init; } = [];

    public Target? Target { get; init; }

    /// <summary>Processor time of the server under test for one request, median.</summary>
    public double? CpuMicroseconds { get; init; }

    /// <summary>What the server under test allocated for one request, median.</summary>
    public double? AllocatedBytes { get; init; }

    public double? P99Milliseconds { get; init; }

    /// <summary>What else has to be known to read the figures.</summary>
    public string? Remark { get; init; }

    /// <summary>Beside the figure something came out wrong, which the remark tells.</summary>
    public bool Broken { get; init; }

    public double Value => Median(Values);

    public double? ReferenceValue => Reference is null ? null : Median(ReferenceValues);

    /// <summary>The median of the ratios of the rounds: what slowed the machine down in a round was there for both.</summary>
    public double? Ratio => Reference is null ? null : Median([.. Values.Zip(ReferenceValues, (value, reference) => value / reference)]);

    /// <summary>Nothing came out wrong, and the target is reached where there is one.</summary>
    public bool Met => !Broken && Target?.IsMetBy(Ratio ?? Value) != false;

    public static double Median(IReadOnlyList<double> values)
    {
        var sorted = values.Order().ToList();
        var middle = sorted.Count / 2;
        return sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    public override string ToString()
    {
        var text = $"{What,-54} {Number(Value),9} {Unit,-4}";
        text += P99Milliseconds is { } p99 ? $"  p99 {Number(p99)} ms" : "";
        text += CpuMicroseconds is { } cpu ? $"  cpu {Number(cpu)} us" : "";
        text += AllocatedBytes is { } allocated ? $"  {Number(allocated)} B" : "";
        text += Ratio is { } ratio ? $"  = {Number(ratio)} x {Reference} ({Number(ReferenceValue!.Value)} {Unit})" : "";
        text += Target is not null ? $"; target {Target}{(Met ? "" : " MISSED")}" : "";
        return text + (Remark is null ? "" : $"; {Remark}");
    }

    /// <summary>Three figures that mean something.</summary>
    public static string Number(double value) => value.ToString(Math.Abs(value) switch { >= 100 => "#,0", >= 10 => "0.0", _ => "0.00" }, CultureInfo.InvariantCulture);
}
