using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ImapGateway.Benchmarks.Load;
using ImapGateway.Benchmarks.Results;
using ImapGateway.IntegrationTests;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Webhooks;

namespace ImapGateway.Benchmarks;

/// <summary>From the mail server's push to the webhook; then ten thousand new messages at once, on one account and on a hundred; then the same from the log alone.</summary>
public static class WebhookBenchmark
{
    private const int Singles = 100;
    private const int Burst = 10_000;
    private const int Accounts = 100;

    private readonly record struct Arrival(long At, string Id, string Account, long Sequence);

    public static async Task RunAsync(Report report)
    {
        await using var dovecot = await DovecotServer.Start(new DovecotOptions { Tls = false });
        await using var tap = TapProxy.Start(dovecot.Port);
        await using var gateway = await MeasuredGateway.Start(("Watch:MoveWindow", "2s"));
        await using var receiver = await Receiver.Start();
        var arrivals = new ConcurrentQueue<Arrival>();
        receiver.Answer = (call, response) =>
        {
            var at = Stopwatch.GetTimestamp();
            var change = call.Json;
            arrivals.Enqueue(new Arrival(at, call.Id, change.GetProperty("account").GetString()!, long.Parse(change.GetProperty("sequence").GetString()!, CultureInfo.InvariantCulture)));
            response.StatusCode = 204;
            return Task.CompletedTask;
        };
        await gateway.AddAsync("tapped", tap.Port, User("tapped"));
        await gateway.AddAsync("one", dovecot.Port, User("one"));
        var many = Enumerable.Range(0, Accounts).Select(n => $"of{n}").ToList();
        await Task.WhenAll(many.Select(id => gateway.AddAsync(id, dovecot.Port, User(id))));
        var webhook = await PostAsync(gateway, "/v1/webhooks", new { url = receiver.Url(), types = new[] { "message.added" } });

        await LatencyAsync(report, dovecot, tap, arrivals);
        await BurstsAsync(report, "on one account", dovecot, arrivals, ["one"]);
        await BurstsAsync(report, $"on {Accounts} accounts", dovecot, arrivals, many);
        await ReplayAsync(report, gateway, webhook.GetProperty("id").GetString()!, arrivals, ["one"]);
        await ReplayAsync(report, gateway, webhook.GetProperty("id").GetString()!, arrivals, many);
        report.Add(new Row("resident memory after all bursts", "MB", [gateway.Cost.ResidentBytes >> 20]));
    }

    private static async Task LatencyAsync(Report report, DovecotServer dovecot, TapProxy tap, ConcurrentQueue<Arrival> arrivals)
    {
        long pushed = 0;
        tap.OnLine = line =>
        {
            if (!line.FromClient && (line.Text.EndsWith(" EXISTS", StringComparison.Ordinal) || line.Text.StartsWith("* STATUS ", StringComparison.Ordinal)))
            {
                Interlocked.CompareExchange(ref pushed, Stopwatch.GetTimestamp(), 0);
            }
        };
        await using var imap = await dovecot.RawClient(User("tapped"));
        var (p50, p99) = (new List<double>(), new List<double>());
        for (var round = -1; round < report.Rounds.Count; round++)
        {
            var spans = new List<double>();
            for (var n = 0; n < Singles; n++)
            {
                arrivals.Clear();
                Interlocked.Exchange(ref pushed, 0);
                await imap.Append("INBOX", [Message(n)]);
                await TestWait.For(() => !arrivals.IsEmpty);
                spans.Add(Stopwatch.GetElapsedTime(Interlocked.Read(ref pushed), arrivals.First().At).TotalMilliseconds);
            }
            if (round >= 0)
            {
                spans.Sort();
                p50.Add(spans[Singles / 2]);
                p99.Add(spans[Singles * 99 / 100]);
            }
        }
        report.Add(new Row("IMAP push received to webhook received, p50", "ms", p50) { Target = Target.Most(20), Remark = $"{Singles} messages a round" });
        report.Add(new Row("IMAP push received to webhook received, p99", "ms", p99) { Target = Target.Most(60) });
    }

    private static async Task BurstsAsync(Report report, string where, DovecotServer dovecot, ConcurrentQueue<Arrival> arrivals, List<string> accounts)
    {
        var (stored, bursts) = (new List<double>(), new List<Arrived>());
        for (var round = 0; round < report.Rounds.Count; round++)
        {
            arrivals.Clear();
            var start = Stopwatch.GetTimestamp();
            await Parallel.ForEachAsync(accounts, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (account, _) => await dovecot.Seed(User(account), Burst / accounts.Count, Message));
            stored.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            bursts.Add(await AllAsync(start, arrivals, Burst));
        }
        Show(report, $"burst of {Burst:N0} {where}", bursts, $"the mail server has stored them after {Row.Number(Row.Median(stored))} s");
    }

    /// <summary>The log is there: what is measured is reading, signing, sending and settling.</summary>
    private static async Task ReplayAsync(Report report, MeasuredGateway gateway, string webhook, ConcurrentQueue<Arrival> arrivals, List<string> accounts)
    {
        arrivals.Clear();
        var start = Stopwatch.GetTimestamp();
        foreach (var account in accounts)
        {
            await PostAsync(gateway, $"/v1/webhooks/{webhook}/replay", new { account, after = "0" });
        }
        var changes = report.Rounds.Count * Burst;
        Show(report, $"replay of {changes:N0} from the log, {accounts.Count} account(s)", [await AllAsync(start, arrivals, changes)], "");
    }

    private sealed record Arrived(double Rate, int Repeated, bool InOrder);

    private static async Task<Arrived> AllAsync(long start, ConcurrentQueue<Arrival> arrivals, int changes)
    {
        await TestWait.For(() => Task.FromResult(arrivals.Count >= changes && arrivals.DistinctBy(one => one.Id).Count() >= changes), MeasuredGateway.Patience);
        var all = arrivals.ToList();
        var first = all.DistinctBy(one => one.Id).ToList();
        var ordered = first.GroupBy(one => one.Account).All(lane => lane.Zip(lane.Skip(1)).All(pair => pair.First.Sequence < pair.Second.Sequence));
        return new Arrived(changes / Stopwatch.GetElapsedTime(start, all[^1].At).TotalSeconds, all.Count - first.Count, ordered);
    }

    private static void Show(Report report, string what, List<Arrived> bursts, string remark)
    {
        var (repeated, ordered) = (bursts.Sum(burst => burst.Repeated), bursts.All(burst => burst.InOrder));
        report.Add(new Row(what, "/s", [.. bursts.Select(burst => burst.Rate)])
        {
            Target = Target.Least(1_000),
            Broken = repeated > 0 || !ordered,
            Remark = $"{(ordered ? "in order" : "OUT OF ORDER")}, none lost, {(repeated == 0 ? "none doubled" : $"{repeated:N0} DOUBLED")}{(remark.Length > 0 ? "; " + remark : "")}",
        });
    }

    private static async Task<JsonElement> PostAsync(MeasuredGateway gateway, string path, object body)
    {
        using var answer = await gateway.Http.PostAsJsonAsync(path, body);
        answer.EnsureSuccessStatusCode();
        return answer.Content.Headers.ContentLength == 0 ? default : JsonElement.Parse(await answer.Content.ReadAsStringAsync());
    }

    private static string User(string account) => $"{account}@example.com";

    private static byte[] Message(int n) =>
        Encoding.ASCII.GetBytes($"From: Anna <anna@example.org>\r\nTo: bench@example.com\r\nSubject: message {n}\r\nMessage-ID: <{Guid.NewGuid():N}@example.org>\r\nDate: Mon, 1 Jun 2026 10:00:00 +0000\r\n\r\nText.\r\n");
}
