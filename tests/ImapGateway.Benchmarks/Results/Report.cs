using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace ImapGateway.Benchmarks.Results;

/// <summary>The rows of one benchmark: printed as they come, and kept as <c>artifacts/bench/NAME.json</c> until the next run.</summary>
public sealed class Report(string name, Rounds rounds)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly List<Row> _rows = [];

    /// <summary>How often, and how long, everything is measured.</summary>
    public Rounds Rounds { get; } = rounds;

    public void Add(Row row)
    {
        _rows.Add(row);
        Console.WriteLine(row);
    }

    /// <returns>The file; null for a quick run, whose figures say nothing.</returns>
    public async Task<string?> SaveAsync(string folder)
    {
        if (Rounds.Quick)
        {
            return null;
        }
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, $"{name}.json");
        var result = new Result(name, DateTimeOffset.UtcNow.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture), Machine, Rounds.Count, _rows);
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(result, Json));
        return file;
    }

    /// <summary>The last results of these benchmarks, in this order.</summary>
    public static async Task<IReadOnlyList<Result>> ReadAsync(string folder, IEnumerable<string> names)
    {
        var results = new List<Result>();
        foreach (var file in names.Select(name => Path.Combine(folder, $"{name}.json")).Where(File.Exists))
        {
            results.Add(JsonSerializer.Deserialize<Result>(await File.ReadAllTextAsync(file), Json)!);
        }
        return results;
    }

    private static string Machine =>
        $"{Environment.ProcessorCount} cores, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GB, {RuntimeInformation.RuntimeIdentifier}, {RuntimeInformation.FrameworkDescription}";
}

/// <summary>What one benchmark has found.</summary>
/// <param name="At">UTC.</param>
public sealed record Result(string Name, string At, string Machine, int Rounds, IReadOnlyList<Row> Rows);
