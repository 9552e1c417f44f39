using ImapGateway.Benchmarks.Load;
using ImapGateway.Benchmarks.Results;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.Benchmarks;

/// <summary>
/// Ten thousand accounts that wait for news of their inbox: memory of each, and what they cost while nothing happens. Their servers are in memory: idle connections of Dovecot hibernate
/// only with an inotify instance for each, of which Linux allows a user 128.
/// </summary>
public static class IdleBenchmark
{
    private const int Messages = 100;
    private const int AccountsOfAServer = 100; // Each tells all of its connections of every change.

    public static async Task RunAsync(Report report)
    {
        await WaitingBenchmark.RunAsync(report);
        var all = report.Rounds.Of(10_000);
        var first = all / 10;
        var servers = Enumerable.Range(0, all / AccountsOfAServer).Select(_ => Server()).ToList();
        try
        {
            await MeasureAsync(report, all, first, servers);
        }
        finally
        {
            await Task.WhenAll(servers.Select(server => server.DisposeAsync().AsTask()));
        }
    }

    private static async Task MeasureAsync(Report report, int all, int first, List<ScriptedImapServer> servers)
    {
        await using var gateway = await MeasuredGateway.Start(("Watch:RampLogins", "200"));
        var accounts = new WatchedAccounts(gateway, number => servers[number / AccountsOfAServer].Port, watch: "inbox");
        await accounts.GrowAsync(first);
        var few = (await accounts.RestartAsync()).Resident;
        var fewLive = await gateway.Cost.LiveBytes();
        await accounts.GrowAsync(all);
        var (watched, resident) = await accounts.RestartAsync();
        var live = await gateway.Cost.LiveBytes();
        report.Add(new Row($"{all:N0} idle accounts: start to all watched", "s", [watched.TotalSeconds]) { Remark = "Watch:RampLogins=200" });
        report.Add(new Row($"memory of each of {all:N0} idle accounts, resident", "KB", [(resident - few) / 1024.0 / (all - first)]) { Remark = $"{resident >> 20:N0} MB in all" });
        report.Add(new Row($"memory of each of {all:N0} idle accounts, live on the heap", "KB", [(live - fewLive) / 1024.0 / (all - first)]));
        report.Add(new Row($"processor time of {all:N0} idle accounts", "ms/s", await IdleAsync(report.Rounds, gateway)));
    }

    private static ScriptedImapServer Server()
    {
        var server = ScriptedImapServer.Start(new ScriptedOptions { Capabilities = ScriptedOptions.Modest + " ENABLE CONDSTORE" });
        for (var i = 0; i < Messages; i++)
        {
            server.Inbox.Add($"m{i}");
        }
        return server;
    }

    private static async Task<List<double>> IdleAsync(Rounds rounds, MeasuredGateway gateway)
    {
        var spent = new List<double>();
        for (var round = 0; round < rounds.Count; round++)
        {
            var cpu = gateway.Cost.CpuTime;
            await Task.Delay(rounds.Each);
            spent.Add((gateway.Cost.CpuTime - cpu).TotalMilliseconds / rounds.Each.TotalSeconds);
        }
        return spent;
    }
}
