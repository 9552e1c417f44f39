using System.Text.Json;
using ImapGateway.Benchmarks.Load;
using ImapGateway.Benchmarks.Results;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.Benchmarks;

/// <summary>
/// Lists of 50 that find their headers in Redis alone, for nothing is kept in memory: while it answers, when it comes to stand still in the middle of the load, and while there is none.
/// </summary>
public static class RedisBenchmark
{
    private const int Messages = 5_000;
    private const int Clients = 4;
    private const string User = "bench@example.com";

    public static async Task RunAsync(Report report)
    {
        await using var dovecot = await DovecotServer.Start(new DovecotOptions { Tls = false });
        await using var redis = await RedisServer.Start();
        await using var gateway = await MeasuredGateway.Start(("Redis:ConnectionString", redis.ConnectionString), ("Cache:MemoryBytes", "0"), ("Http:AnswerBytes", "0"));
        await dovecot.Seed(User, Messages, ListBenchmark.Message);
        await gateway.AddAsync("bench", dovecot.Port, User);
        using var folder = new TemporaryDirectory();
        Task<LoadResult> Lists() => Wrk.RunAsync(gateway.Address(ListBenchmark.ListOf("bench")), Clients, report.Rounds.Each, gateway.Cost, [gateway.Authorization], folder["paths"]);
        var (answering, still, none) = (new List<LoadResult>(), new List<LoadResult>(), new List<LoadResult>());
        for (var round = -1; round < report.Rounds.Count; round++)
        {
            await File.WriteAllLinesAsync(folder["paths"], await PagesAsync(gateway));
            var inTurn = new List<LoadResult> { await Lists() };
            var load = Lists();
            await Task.Delay(report.Rounds.Each / 3);
            await redis.Freeze();
            inTurn.Add(await load);
            await redis.Kill();
            inTurn.Add(await Lists());
            await redis.Resume();
            await gateway.Cost.QuietAsync();
            if (round >= 0)
            {
                answering.Add(inTurn[0]);
                still.Add(inTurn[1]);
                none.Add(inTurn[2]);
            }
        }
        report.Add(LoadRow.Of($"lists of 50, headers from Redis, {Clients} clients", answering));
        report.Add(LoadRow.Of("the same, Redis comes to stand still", still));
        report.Add(LoadRow.Of("the same, Redis is dead: headers from the mail server", none));
        report.Add(new Row("p99 where Redis comes to stand still", "ms", [.. still.Select(load => load.P99Milliseconds)])
        {
            Reference = "the p99 where it is dead",
            ReferenceValues = [.. none.Select(load => load.P99Milliseconds)],
        });
    }

    /// <summary>All pages of the mailbox, read once, so that their headers are in Redis.</summary>
    private static async Task<List<string>> PagesAsync(MeasuredGateway gateway)
    {
        var first = ListBenchmark.ListOf("bench");
        var pages = new List<string>();
        for (string? page = first; page is not null;)
        {
            pages.Add(page);
            page = (await gateway.GetAsync(page)).GetProperty("nextCursor") is { ValueKind: JsonValueKind.String } cursor ? $"{first}&cursor={cursor.GetString()}" : null;
        }
        return pages;
    }
}
