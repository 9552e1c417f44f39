using System.Diagnostics;
using ImapGateway.Benchmarks.Reference;
using ImapGateway.Benchmarks.Results;
using ImapGateway.IntegrationTests;

namespace ImapGateway.Benchmarks;

/// <summary>From the start of the process to its first answer, with the embedded default: with an empty data directory, and on what is there; next to a minimal API.</summary>
public static class StartBenchmark
{
    public static async Task RunAsync(Report report)
    {
        var (empty, again, minimal) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < report.Rounds.Count; round++)
        {
            var start = Stopwatch.GetTimestamp();
            await using var reference = await ReferenceServer.Start([]);
            using var http = new HttpClient();
            await http.GetByteArrayAsync(reference.Empty);
            minimal.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);

            start = Stopwatch.GetTimestamp();
            await using var gateway = await GatewayProcess.Start();
            empty.Add(await AnswerAsync(gateway, start));
            await gateway.Stop();

            start = Stopwatch.GetTimestamp();
            await gateway.Resume();
            again.Add(await AnswerAsync(gateway, start));
        }
        const string Minimal = "a minimal API";
        report.Add(new Row("start to first answer, empty data directory", "s", empty) { Target = Target.Most(3), Remark = Beside() });
        report.Add(new Row("start to first answer, on its data", "s", again) { Target = Target.Most(3), Remark = Beside() });

        string Beside() => $"{Minimal} takes {Row.Number(Row.Median(minimal))} s";
    }

    private static async Task<double> AnswerAsync(GatewayProcess gateway, long start)
    {
        await gateway.Http.GetByteArrayAsync(new Uri("/v1/accounts", UriKind.Relative));
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
