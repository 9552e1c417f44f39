namespace ImapGateway.Benchmarks.Results;

/// <summary>How often everything is measured, and how long each time.</summary>
public sealed record Rounds(int Count, TimeSpan Each, bool Quick)
{
    public static Rounds Full { get; } = new(5, TimeSpan.FromSeconds(3), Quick: false);

    /// <summary>To see that a benchmark works.</summary>
    public static Rounds Short { get; } = new(2, TimeSpan.FromSeconds(1), Quick: true);

    /// <summary>As many as that, or a tenth in a quick run.</summary>
    public int Of(int full) => Quick ? full / 10 : full;
}
