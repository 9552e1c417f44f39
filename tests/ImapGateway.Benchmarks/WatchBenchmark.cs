using System.Diagnostics;
using ImapGateway.Benchmarks.Load;
using ImapGateway.Benchmarks.Results;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.Benchmarks;

/// <summary>What a thousand watched accounts cost: the time until all are watched after a start, next to as many logins one after the other, and the memory of each.</summary>
public static class WatchBenchmark
{
    private const int Messages = 5_000;

    public static async Task RunAsync(Report report)
    {
        var all = report.Rounds.Of(1_000);
        var first = all / 10; // They are there for what a gateway takes anyhow, as soon as it does anything.
        await using var dovecot = await DovecotServer.Start(new DovecotOptions { Tls = false });
        await using var gateway = await MeasuredGateway.Start();
        await WatchedAccounts.SeedAsync(dovecot, Messages);
        var accounts = new WatchedAccounts(gateway, _ => dovecot.Port);
        await accounts.GrowAsync(first);
        var few = (await accounts.RestartAsync()).Resident;
        var fewLive = await gateway.Cost.LiveBytes();
        await accounts.GrowAsync(all);
        var (logins, watched, memory, live) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < report.Rounds.Count; round++)
        {
            logins.Add((await LoginsAsync(dovecot, all)).TotalSeconds);
            var (taken, resident) = await accounts.RestartAsync();
            watched.Add(taken.TotalSeconds);
            memory.Add((resident - few) / 1024.0 / (all - first));
            live.Add((await gateway.Cost.LiveBytes() - fewLive) / 1024.0 / (all - first));
        }
        report.Add(new Row($"{all:N0} accounts: start to all watched", "s", watched)
        {
            Target = Target.Most(30),
            Remark = $"{all:N0} logins one after the other take {Row.Number(Row.Median(logins))} s; the gateway spreads them (Watch:RampLogins)",
        });
        report.Add(new Row($"idle watched account, {Messages:N0} messages, resident", "KB", memory) { Target = Target.Most(150) });
        report.Add(new Row($"idle watched account, {Messages:N0} messages, live on the heap", "KB", live));
    }

    private static async Task<TimeSpan> LoginsAsync(DovecotServer dovecot, int logins)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < logins; i++)
        {
            await using var imap = await dovecot.RawClient(WatchedAccounts.User);
        }
        return Stopwatch.GetElapsedTime(start);
    }
}
