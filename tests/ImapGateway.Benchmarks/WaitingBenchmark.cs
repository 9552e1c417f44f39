using System.Net.Http.Json;
using System.Text.Json;
using ImapGateway.Benchmarks.Load;
using ImapGateway.Benchmarks.Results;
using ImapGateway.IntegrationTests;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.Benchmarks;

/// <summary>
/// Processor time of a gateway that waits: for nothing, or for something that is away. Each case is measured beside a gateway of its own on the same kind of database that is idle, in ticks of the kernel
/// (10 ms, user and system) per ten seconds.
/// </summary>
public static class WaitingBenchmark
{
    private const double Most = 3;
    private const int Pending = 1000;
    private const string User = WatchedAccounts.User;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(Report report)
    {
        await using var dovecot = await DovecotServer.Start(new DovecotOptions { Tls = false });
        await WatchedAccounts.SeedAsync(dovecot, 100);
        await using var redis = await RedisServer.Start();
        await using var postgres = await PostgresServer.Start();
        var onRedis = ("Redis:ConnectionString", redis.ConnectionString);
        var onPostgres = PostgresServer.Settings(await postgres.NewDatabase());

        await using var idle = await StartAsync(dovecot.Port);
        await using (var behind = await StartAsync(dovecot.Port))
        {
            await HavePendingAsync(behind, dovecot);
            await AddAsync(report, $"{Pending:N0} pending changes behind a dead endpoint, SQLite", behind, idle);
        }
        await using (var cached = await StartAsync(dovecot.Port, onRedis))
        {
            await redis.Kill();
            await AddAsync(report, "Redis away", cached, idle);
        }
        await using (var lost = await MeasuredGateway.Start())
        {
            await using (var tap = TapProxy.Start(dovecot.Port))
            {
                await lost.AddAsync("a", tap.Port, User);
            }
            await AddAsync(report, "mail server away", lost, idle);
        }
        await using var idlePostgres = await StartAsync(dovecot.Port, PostgresServer.Settings(await postgres.NewDatabase()));
        await using var stored = await StartAsync(dovecot.Port, onPostgres);
        await HavePendingAsync(stored, dovecot);
        await AddAsync(report, $"{Pending:N0} pending changes behind a dead endpoint, PostgreSQL", stored, idlePostgres);
        // The reference has no database either from here on: the idle gateway on SQLite is the stricter one.
        await postgres.Stop();
        await AddAsync(report, "PostgreSQL away", stored, idle);
    }

    private static async Task<MeasuredGateway> StartAsync(int port, params (string Name, string Value)[] settings)
    {
        var gateway = await MeasuredGateway.Start(settings);
        await gateway.AddAsync("a", port, User);
        return gateway;
    }

    /// <summary>Nobody listens where the endpoint is.</summary>
    private static async Task HavePendingAsync(MeasuredGateway gateway, DovecotServer dovecot)
    {
        using var made = await gateway.Http.PostAsJsonAsync("/v1/webhooks", new { url = $"http://127.0.0.1:{FreePort.Next()}/", types = new[] { "message.added" } });
        made.EnsureSuccessStatusCode();
        await WatchedAccounts.SeedAsync(dovecot, Pending);
        await TestWait.For(
            async () =>
            {
                var (position, found) = ("", 0);
                JsonElement page;
                do
                {
                    page = await gateway.GetAsync($"/v1/accounts/a/changes?types=message.added&limit=500{position}");
                    found += page.GetProperty("items").GetArrayLength();
                    position = $"&after={Uri.EscapeDataString(page.GetProperty("nextAfter").GetString()!)}";
                }
                while (page.GetProperty("items").GetArrayLength() > 0);
                return found >= Pending;
            },
            MeasuredGateway.Patience);
    }

    private static async Task AddAsync(Report report, string what, MeasuredGateway gateway, MeasuredGateway idle)
    {
        await gateway.Cost.QuietAsync();
        await idle.Cost.QuietAsync();
        List<double> values = [], references = [];
        for (var round = 0; round < (report.Rounds.Quick ? 1 : 3); round++)
        {
            var (cpu, reference) = (gateway.Cost.CpuTime, idle.Cost.CpuTime);
            await Task.Delay(Window);
            values.Add(Ticks(gateway.Cost.CpuTime - cpu));
            references.Add(Ticks(idle.Cost.CpuTime - reference));
        }
        report.Add(new Row($"waiting: {what}", "ticks", values) { Reference = "idle", ReferenceValues = references, Target = Target.Most(Most), Remark = "per 10 s" });
    }

    /// <summary>An idle gateway may spend less than one in ten seconds, and nothing can be divided by that.</summary>
    private static double Ticks(TimeSpan cpu) => Math.Max(1, cpu.TotalMilliseconds / 10);
}
