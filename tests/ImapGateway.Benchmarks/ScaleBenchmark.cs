using System.Globalization;
using ImapGateway.Benchmarks.Load;
using ImapGateway.Benchmarks.Results;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.Benchmarks;

/// <summary>How the cost of a list grows with the number of accounts: 10, 100, 1,000 of them with 500 messages each, all watched, lists of the newest 50 at random ones.</summary>
public static class ScaleBenchmark
{
    private const int Messages = 500;
    private const int Clients = 16;

    public static async Task RunAsync(Report report)
    {
        int[] steps = report.Rounds.Quick ? [10, 100] : [10, 100, 1_000];
        await using var dovecot = await DovecotServer.Start(new DovecotOptions { Tls = false });
        // Room for the headers of all lists that are asked for: what is compared is the way to them.
        await using var gateway = await MeasuredGateway.Start(("Cache:MemoryBytes", (256 << 20).ToString(CultureInfo.InvariantCulture)));
        await WatchedAccounts.SeedAsync(dovecot, Messages);
        var accounts = new WatchedAccounts(gateway, _ => dovecot.Port);
        using var folder = new TemporaryDirectory();
        (int Accounts, long Resident) before = default;
        List<double> few = [];
        foreach (var count in steps)
        {
            await accounts.GrowAsync(count);
            var (watched, resident) = await accounts.RestartAsync();
            report.Add(new Row($"{count:N0} accounts x {Messages}: start to all watched", "s", [watched.TotalSeconds]));
            if (count == steps[^1])
            {
                report.Add(new Row($"memory of each of {count:N0} accounts x {Messages}", "KB", [(resident - before.Resident) / 1024.0 / (count - before.Accounts)]));
            }
            before = (count, resident);
            var loads = await ListsAsync(report.Rounds, gateway, count, folder["paths"]);
            few = few.Count > 0 ? few : [.. loads.Select(load => load.CpuMicroseconds)];
            report.Add(LoadRow.Of($"newest 50 of a random one of {count:N0} accounts", loads));
            report.Add(new Row($"processor time of such a list, {count:N0} accounts", "us", [.. loads.Select(load => load.CpuMicroseconds)]) { Reference = $"with {steps[0]} accounts", ReferenceValues = few });
        }
    }

    private static async Task<List<LoadResult>> ListsAsync(Rounds rounds, MeasuredGateway gateway, int accounts, string pathsFile)
    {
        var paths = Enumerable.Range(0, accounts).Select(number => ListBenchmark.ListOf(WatchedAccounts.Id(number))).ToList();
        await File.WriteAllLinesAsync(pathsFile, paths);
        await Parallel.ForEachAsync(paths, async (path, cancel) => await gateway.Http.GetByteArrayAsync(gateway.Address(path), cancel));
        var loads = new List<LoadResult>();
        for (var round = -1; round < rounds.Count; round++)
        {
            var load = await Wrk.RunAsync(gateway.Address(paths[0]), Clients, rounds.Each, gateway.Cost, [gateway.Authorization], pathsFile);
            if (round >= 0)
            {
                loads.Add(load);
            }
        }
        return loads;
    }
}
