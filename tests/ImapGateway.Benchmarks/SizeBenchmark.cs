using System.Net.Http.Json;
using System.Text.Json;
using ImapGateway.Benchmarks.Load;
using ImapGateway.Benchmarks.Results;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.Benchmarks;

/// <summary>How the cost of a list grows with its mailbox: 1,000, 10,000 and 100,000 messages, watched; the newest 50, and 50 from the middle.</summary>
public static class SizeBenchmark
{
    private const int Clients = 16;
    private const int LongestPage = 500;

    private static readonly int[] Sizes = [1_000, 10_000, 100_000];

    public static async Task RunAsync(Report report)
    {
        await using var dovecot = await DovecotServer.Start(new DovecotOptions { Tls = false });
        await using var gateway = await MeasuredGateway.Start();
        var lists = new List<(int Size, string Where, string Path, List<LoadResult> Loads)>();
        foreach (var size in Sizes)
        {
            await dovecot.Seed($"of{size}@example.com", size, ListBenchmark.Message);
            await gateway.AddAsync($"of{size}", dovecot.Port, $"of{size}@example.com");
            lists.Add((size, "newest 50", ListBenchmark.ListOf($"of{size}"), []));
            lists.Add((size, "50 from the middle", $"{ListBenchmark.ListOf($"of{size}")}&cursor={await MiddleAsync(gateway, $"of{size}", size)}", []));
        }
        await gateway.Cost.QuietAsync();
        for (var round = -1; round < report.Rounds.Count; round++)
        {
            foreach (var (_, _, path, loads) in lists)
            {
                var load = await Wrk.RunAsync(gateway.Address(path), Clients, report.Rounds.Each, gateway.Cost, [gateway.Authorization]);
                if (round >= 0)
                {
                    loads.Add(load);
                }
            }
        }
        foreach (var (size, where, _, loads) in lists)
        {
            report.Add(LoadRow.Of($"{where} of {size:N0} messages", loads));
        }
        foreach (var of in lists.GroupBy(list => list.Where))
        {
            // A tenth more is what rounds differ by anyhow.
            report.Add(new Row($"processor time: {of.Key} of {Sizes[^1]:N0} messages", "us", Cpu(of.Last().Loads))
            {
                Reference = $"of {Sizes[0]:N0}",
                ReferenceValues = Cpu(of.First().Loads),
                Target = Target.Most(1.1),
            });
        }
    }

    private static List<double> Cpu(List<LoadResult> loads) => [.. loads.Select(load => load.CpuMicroseconds)];

    private static async Task<string> MiddleAsync(MeasuredGateway gateway, string account, int size)
    {
        var cursor = "";
        for (var seen = 0; seen < size / 2; seen += LongestPage)
        {
            var path = $"/v1/accounts/{account}/mailboxes/inbox/messages?limit={LongestPage}{(cursor.Length > 0 ? "&cursor=" + cursor : "")}";
            cursor = (await gateway.Http.GetFromJsonAsync<JsonElement>(gateway.Address(path))).GetProperty("nextCursor").GetString()!;
        }
        return cursor;
    }
}
