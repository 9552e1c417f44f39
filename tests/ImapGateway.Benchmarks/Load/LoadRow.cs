using ImapGateway.Benchmarks.Results;

namespace ImapGateway.Benchmarks.Load;

public static class LoadRow
{
    /// <summary>Requests per second, with the medians of what a request cost.</summary>
    public static Row Of(string what, IReadOnlyList<LoadResult> loads) => new(what, "/s", [.. loads.Select(load => load.Rate)])
    {
        CpuMicroseconds = Row.Median([.. loads.Select(load => load.CpuMicroseconds)]),
        AllocatedBytes = Row.Median([.. loads.Select(load => load.AllocatedBytes)]),
        P99Milliseconds = Row.Median([.. loads.Select(load => load.P99Milliseconds)]),
    };

    public static Row Beside(this Row row, string reference, IEnumerable<LoadResult> loads, Target? target) =>
        row with { Reference = reference, ReferenceValues = [.. loads.Select(load => load.Rate)], Target = target };
}
