using System.Text;

namespace ImapGateway.Benchmarks.Results;

/// <summary>Writes the rows of the last runs as tables between two marks: all of them into docs/benchmarks.md, a few into README.md.</summary>
public static class BenchmarkTables
{
    private const string From = "<!-- ./dev bench readme writes from here -->";
    private const string To = "<!-- to here -->";

    private const string OneSession = "one MailKit session";

    /// <summary>The rows of README.md: what is measured, and the reference where there are several.</summary>
    private static readonly (string What, string? Reference)[] Highlights =
    [
        ("newest 50, warm, 16 clients", OneSession),
        ("the same, If-None-Match hit", null),
        ("list of 50, cold (no cache)", OneSession),
        ("GraphQL: 6 fields of them, with variables, warm", null),
        ("100 MB attachment: first byte over the server's own", null),
        ("100 MB attachment: growth of resident memory", null),
        ("IMAP push received to webhook received, p50", null),
        ("IMAP push received to webhook received, p99", null),
        ("start to first answer, empty data directory", null),
        ("memory of each of 10,000 idle accounts, resident", null),
    ];

    public static async Task WriteAsync(string folder, IReadOnlyList<Result> results)
    {
        await ReplaceAsync(Path.Combine(folder, "docs", "benchmarks.md"), Full(results));
        await ReplaceAsync(Path.Combine(folder, "README.md"), Short(results));
    }

    private static async Task ReplaceAsync(string path, string tables)
    {
        var text = await File.ReadAllTextAsync(path);
        var (from, to) = (text.IndexOf(From, StringComparison.Ordinal), text.IndexOf(To, StringComparison.Ordinal));
        if (from < 0 || to < from)
        {
            throw new InvalidOperationException($"{path} has no place for the table: {From} and {To}.");
        }
        await File.WriteAllTextAsync(path, $"{text[..(from + From.Length)]}\n{tables}{text[to..]}");
    }

    private static string Full(IReadOnlyList<Result> results)
    {
        var table = new StringBuilder();
        foreach (var machine in results.GroupBy(result => result.Machine))
        {
            table.Append($"\n{Conditions(machine)}\n\n")
                .Append("| what | measured | processor time, allocated | reference | ratio | target |\n| --- | --- | --- | --- | --- | --- |\n");
            foreach (var row in machine.SelectMany(result => result.Rows))
            {
                table.Append($"| {row.What} | {Measured(row)} | {Cost(row)} | {Reference(row)} | {Ratio(row)} | {row.Target}{(row.Met ? "" : " **missed**")} |\n");
            }
        }
        return table.Append('\n').ToString();
    }

    private static string Short(IReadOnlyList<Result> results)
    {
        var table = new StringBuilder("\n| what | measured | reference | ratio |\n| --- | --- | --- | --- |\n");
        foreach (var (what, reference) in Highlights)
        {
            foreach (var row in results.SelectMany(result => result.Rows).Where(row => row.What == what && (reference is null || row.Reference == reference)))
            {
                table.Append($"| {row.What} | {Measured(row)} | {Reference(row)} | {Ratio(row)} |\n");
            }
        }
        return table.Append('\n').ToString();
    }

    private static string Conditions(IGrouping<string, Result> machine)
    {
        var (first, last) = (machine.Min(result => result.At)![..10], machine.Max(result => result.At)![..10]);
        var rounds = string.Join(" or ", machine.Select(result => result.Rounds).Distinct());
        return $"On {machine.Key}; load, mail server and gateway on the same machine; medians of {rounds} rounds; {(first == last ? first : $"{first} to {last}")}.";
    }

    private static string Measured(Row row) => $"{Row.Number(row.Value)} {row.Unit}{(row.P99Milliseconds is { } p99 ? $", p99 {Row.Number(p99)} ms" : "")}";

    private static string Ratio(Row row) => row.Ratio is { } ratio ? Row.Number(ratio) : "";

    private static string Cost(Row row) => row is { CpuMicroseconds: { } cpu, AllocatedBytes: { } allocated } ? $"{Row.Number(cpu)} us, {allocated / 1024:N1} KB" : "";

    private static string Reference(Row row) => row.Reference is null ? row.Remark ?? "" : $"{row.Reference}: {Row.Number(row.ReferenceValue!.Value)} {row.Unit}";
}
