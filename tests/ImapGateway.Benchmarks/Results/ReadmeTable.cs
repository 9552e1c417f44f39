using System.Text;

namespace ImapGateway.Benchmarks.Results;

/// <summary>The rows of the last runs as a table in README.md, between two marks.</summary>
public static class ReadmeTable
{
    private const string From = "<!-- ./dev bench readme writes from here -->";
    private const string To = "<!-- to here -->";

    public static async Task WriteAsync(string readme, IReadOnlyList<Result> results)
    {
        var text = await File.ReadAllTextAsync(readme);
        var (from, to) = (text.IndexOf(From, StringComparison.Ordinal), text.IndexOf(To, StringComparison.Ordinal));
        if (from < 0 || to < from)
        {
            throw new InvalidOperationException($"{readme} has no place for the table: {From} and {To}.");
        }
        await File.WriteAllTextAsync(readme, $"{text[..(from + From.Length)]}\n{Render(results)}{text[to..]}");
    }

    public static string Render(IReadOnlyList<Result> results)
    {
        var table = new StringBuilder();
        foreach (var machine in results.GroupBy(result => result.Machine))
        {
            var (first, last) = (machine.Min(result => result.At)!, machine.Max(result => result.At)!);
            table.Append($"\nOn {machine.Key}; load, mail server and gateway on the same machine; medians of {string.Join(" or ", machine.Select(result => result.Rounds).Distinct())} rounds; ")
                .Append(first[..10] == last[..10] ? first[..10] : $"{first[..10]} to {last[..10]}").Append(".\n\n")
                .Append("| what | measured | processor time, allocated | reference | ratio | target |\n| --- | --- | --- | --- | --- | --- |\n");
            foreach (var row in machine.SelectMany(result => result.Rows))
            {
                table.Append($"| {row.What} | {Row.Number(row.Value)} {row.Unit}{(row.P99Milliseconds is { } p99 ? $", p99 {Row.Number(p99)} ms" : "")} | {Cost(row)} | {Reference(row)} | ")
                    .Append($"{(row.Ratio is { } ratio ? Row.Number(ratio) : "")} | {row.Target}{(row.Met ? "" : " **missed**")} |\n");
            }
        }
        return table.Append('\n').ToString();
    }

    private static string Cost(Row row) => row is { CpuMicroseconds: { } cpu, AllocatedBytes: { } allocated } ? $"{Row.Number(cpu)} us, {allocated / 1024:N1} KB" : "";

    private static string Reference(Row row) => row.Reference is null ? row.Remark ?? "" : $"{row.Reference}: {Row.Number(row.ReferenceValue!.Value)} {row.Unit}";
}
