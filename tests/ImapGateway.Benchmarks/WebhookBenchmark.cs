using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ImapGateway.IntegrationTests;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Webhooks;

namespace ImapGateway.Benchmarks;

/// <summary>From the mail server's push to the webhook; then ten thousand new messages at once, on one account and on a hundred; then the same from the log alone.</summary>
public static class WebhookBenchmark
{
    private const int Singles = 200;
    private const int Burst = 10_000;
    private const int Accounts = 100;

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(3);

    private readonly record struct Arrival(long At, string Id, string Account, long Sequence);

    public static async Task RunAsync()
    {
        await using var dovecot = await DovecotServer.Start();
        await using var relay = PushRelay.To(dovecot.Port);
        await using var gateway = await GatewayProcess.Start(("Watch:MoveWindow", "2s"));
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
        await AddAsync(gateway, "one", relay.Port);
        var webhook = await PostAsync(gateway, "/v1/webhooks", new { url = receiver.Url(), types = new[] { "message.added" } });

        await LatencyAsync(dovecot, relay, arrivals);
        await BurstAsync("one account", dovecot, arrivals, ["one"]);
        var many = Enumerable.Range(0, Accounts).Select(n => $"of{n}").ToList();
        await Task.WhenAll(many.Select(id => AddAsync(gateway, id, dovecot.Port)));
        await BurstAsync($"{Accounts} accounts", dovecot, arrivals, many);
        await ReplayAsync(gateway, webhook.GetProperty("id").GetString()!, arrivals, ["one"], Singles + Burst);
        await ReplayAsync(gateway, webhook.GetProperty("id").GetString()!, arrivals, many, Burst);
        Console.WriteLine($"memory of the gateway after it all: {gateway.ResidentBytes >> 20} MB");
    }

    private static async Task LatencyAsync(DovecotServer dovecot, PushRelay relay, ConcurrentQueue<Arrival> arrivals)
    {
        await using var imap = await RawImap.Connect(DovecotServer.Host, dovecot.Port);
        await imap.Login(User("one"), DovecotServer.Password);
        var spans = new List<double>();
        for (var n = 0; n < Singles; n++)
        {
            arrivals.Clear();
            relay.Arm();
            await imap.Append("INBOX", [Message(n)], "");
            await UntilAsync(() => !arrivals.IsEmpty);
            if (n >= 20)
            {
                spans.Add(Stopwatch.GetElapsedTime(relay.Pushed, arrivals.First().At).TotalMilliseconds);
            }
        }
        spans.Sort();
        Console.WriteLine($"push received -> webhook received: p50 {spans[spans.Count / 2]:N1} ms (target <= 20), p99 {spans[spans.Count * 99 / 100]:N1} ms (target <= 60), {spans.Count} messages");
    }

    private static async Task BurstAsync(string where, DovecotServer dovecot, ConcurrentQueue<Arrival> arrivals, List<string> accounts)
    {
        arrivals.Clear();
        var start = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(accounts, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (account, _) => await dovecot.Seed(User(account), Burst / accounts.Count, Message));
        var stored = Stopwatch.GetElapsedTime(start);
        Report($"burst of {Burst:N0} on {where}, from the first message stored (all stored after {stored.TotalSeconds:N1} s)", start, await AllAsync(arrivals, Burst));
    }

    /// <summary>The log is there: what is measured is reading, signing, sending and settling.</summary>
    private static async Task ReplayAsync(GatewayProcess gateway, string webhook, ConcurrentQueue<Arrival> arrivals, List<string> accounts, int changes)
    {
        arrivals.Clear();
        var start = Stopwatch.GetTimestamp();
        foreach (var account in accounts)
        {
            await PostAsync(gateway, $"/v1/webhooks/{webhook}/replay", new { account, after = "0" });
        }
        Report($"replay of {changes:N0} on {accounts.Count} account(s)", start, await AllAsync(arrivals, changes));
    }

    private static async Task<IReadOnlyList<Arrival>> AllAsync(ConcurrentQueue<Arrival> arrivals, int changes)
    {
        await UntilAsync(() => arrivals.Count >= changes && arrivals.DistinctBy(one => one.Id).Count() >= changes);
        return [.. arrivals];
    }

    private static void Report(string what, long start, IReadOnlyList<Arrival> arrived)
    {
        var taken = Stopwatch.GetElapsedTime(start, arrived[^1].At).TotalSeconds;
        var first = arrived.DistinctBy(one => one.Id).ToList();
        var ordered = first.GroupBy(one => one.Account).All(lane => lane.Zip(lane.Skip(1)).All(pair => pair.First.Sequence < pair.Second.Sequence));
        Console.WriteLine($"{what}: {taken:N1} s = {arrived.Count / taken:N0}/s (target >= 1,000), {arrived.Count - first.Count:N0} repeated, {(ordered ? "in order" : "OUT OF ORDER")}");
    }

    private static async Task AddAsync(GatewayProcess gateway, string id, int port)
    {
        var imap = new { host = DovecotServer.Host, port, security = "none", username = User(id), password = DovecotServer.Password };
        using var added = await gateway.Http.PutAsJsonAsync($"/v1/accounts/{id}", new { email = User(id), imap });
        added.EnsureSuccessStatusCode();
        await UntilAsync(async () => (await gateway.Http.GetFromJsonAsync<JsonElement>($"/v1/accounts/{id}")).GetProperty("state").GetString() == "connected");
    }

    private static async Task<JsonElement> PostAsync(GatewayProcess gateway, string path, object body)
    {
        using var answer = await gateway.Http.PostAsJsonAsync(path, body);
        answer.EnsureSuccessStatusCode();
        return answer.Content.Headers.ContentLength == 0 ? default : JsonElement.Parse(await answer.Content.ReadAsStringAsync());
    }

    private static string User(string account) => $"{account}@example.com";

    private static byte[] Message(int n) =>
        Encoding.ASCII.GetBytes($"From: Anna <anna@example.org>\r\nTo: bench@example.com\r\nSubject: message {n}\r\nMessage-ID: <{Guid.NewGuid():N}@example.org>\r\nDate: Mon, 1 Jun 2026 10:00:00 +0000\r\n\r\nText.\r\n");

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(Longest);
        while (!await condition())
        {
            await Task.Delay(5, deadline.Token);
        }
    }
}
