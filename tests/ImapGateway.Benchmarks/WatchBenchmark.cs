using System.Diagnostics;
using ImapGateway.Benchmarks.Load;
using ImapGateway.Benchmarks.Results;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.Benchmarks;

/// <summary>What a thousand watched accounts cost: the time until all are watched after a start, next to as many logins one after the other, and the memory of each.</summary>
public static class WatchBenchmark
{
    private const int Accounts = 1_000;
    private const int Messages = 5_000;

    /// <summary>The first ones are there for what a gateway takes anyhow, as soon as it does anything.</summary>
    private const int First = Accounts / 10;

    public static async Task RunAsync(Report report)
    {
        await using var dovecot = await DovecotServer.Start(new DovecotOptions { Tls = false });
        await using var gateway = await MeasuredGateway.Start();
        await WatchedAccounts.SeedAsync(dovecot, Messages);
        var accounts = new WatchedAccounts(gateway, dovecot);
        await accounts.GrowAsync(First);
        var few = (await accounts.RestartAsync()).Resident;
        var fewLive = await gateway.Cost.LiveBytes();
        await accounts.GrowAsync(Accounts);
        var (logins, watched, memory, live) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < report.Rounds.Count; round++)
        {
            logins.Add((await LoginsAsync(dovecot)).TotalSeconds);
            var (taken, resident) = await accounts.RestartAsync();
            watched.Add(taken.TotalSeconds);
            memory.Add((resident - few) / 1024.0 / (Accounts - First));
            live.Add((await gateway.Cost.LiveBytes() - fewLive) / 1024.0 / (Accounts - First));
        }
        report.Add(new Row($"{Accounts:N0} accounts: start to all watched", "s", watched)
        {
            Target = Target.Most(30),
            Remark = $"{Accounts:N0} logins one after the other take {Row.Number(Row.Median(logins))} s; the gateway spreads them (Watch:RampLogins)",
        });
        report.Add(new Row($"idle watched account, {Messages:N0} messages, resident", "KB", memory) { Target = Target.Most(150) });
        report.Add(new Row($"idle watched account, {Messages:N0} messages, live on the heap", "KB", live));
    }

    private static async Task<TimeSpan> LoginsAsync(DovecotServer dovecot)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Accounts; i++)
        {
            await using var imap = await RawImap.Connect(DovecotServer.Host, dovecot.Port);
            await imap.Login(WatchedAccounts.User, DovecotServer.Password);
        }
        return Stopwatch.GetElapsedTime(start);
    }
}
