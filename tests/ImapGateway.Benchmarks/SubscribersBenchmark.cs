using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using ImapGateway.Benchmarks.Load;
using ImapGateway.Benchmarks.Results;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.Benchmarks;

/// <summary>From the mail server's push to each of a thousand subscriptions, every one on a WebSocket of its own.</summary>
public static class SubscribersBenchmark
{
    private const int Singles = 20;
    private const string User = "followed@example.com";
    private const string Follow = "subscription { changes(account: \"followed\") { type position ... on MessageAdded { message { id subject flags from { name address } } } } }";

    public static async Task RunAsync(Report report)
    {
        var subscribers = report.Rounds.Of(1_000);
        await using var dovecot = await DovecotServer.Start(new DovecotOptions { Tls = false });
        await using var tap = TapProxy.Start(dovecot.Port);
        await using var gateway = await MeasuredGateway.Start();
        await gateway.AddAsync("followed", tap.Port, User);
        var arrivals = new Arrivals();
        using var end = new CancellationTokenSource();
        var following = new List<Task>();
        await using var imap = await dovecot.RawClient(User);
        // They are there for what a gateway takes anyhow, as soon as anybody follows.
        var first = subscribers / 10;
        await GrowAsync(first);
        var before = gateway.Cost.ResidentBytes;
        await GrowAsync(subscribers);
        var after = gateway.Cost.ResidentBytes;
        await LatencyAsync(report, imap, tap, arrivals, subscribers);
        report.Add(new Row($"a subscription that waits, resident, of {subscribers:N0}", "KB", [(after - before) / 1024.0 / (subscribers - first)]));
        await end.CancelAsync();
        await Task.WhenAll(following);

        async Task GrowAsync(int count)
        {
            while (following.Count < count)
            {
                var socket = await OpenAsync(gateway);
                await SubscribeAsync(socket);
                following.Add(FollowAsync(socket, arrivals, end.Token));
            }
            await WarmAsync(imap, arrivals, count);
        }
    }

    private static async Task LatencyAsync(Report report, RawImap imap, TapProxy tap, Arrivals arrivals, int subscribers)
    {
        long pushed = 0;
        tap.OnLine = line =>
        {
            if (!line.FromClient && (line.Text.EndsWith(" EXISTS", StringComparison.Ordinal) || line.Text.StartsWith("* STATUS ", StringComparison.Ordinal)))
            {
                Interlocked.CompareExchange(ref pushed, Stopwatch.GetTimestamp(), 0);
            }
        };
        var (p50, p99) = (new List<double>(), new List<double>());
        for (var round = -1; round < report.Rounds.Count; round++)
        {
            var spans = new List<double>();
            for (var n = 0; n < Singles; n++)
            {
                var all = arrivals.Expect(subscribers);
                Interlocked.Exchange(ref pushed, 0);
                await imap.Append("INBOX", [Message(n)]);
                await all.WaitAsync(MeasuredGateway.Patience);
                spans.AddRange(arrivals.At.Select(at => Stopwatch.GetElapsedTime(Interlocked.Read(ref pushed), at).TotalMilliseconds));
            }
            if (round >= 0)
            {
                spans.Sort();
                p50.Add(spans[spans.Count / 2]);
                p99.Add(spans[spans.Count * 99 / 100]);
            }
        }
        report.Add(new Row($"IMAP push received to {subscribers:N0} subscriptions, p50", "ms", p50) { Remark = $"{Singles} messages a round; the subscribers are in one process on the same machine" });
        report.Add(new Row($"IMAP push received to {subscribers:N0} subscriptions, p99", "ms", p99) { Target = Target.Most(250) });
    }

    /// <summary>A subscription is not answered until something happens: some of these begin before the message is there, and after a few all have.</summary>
    private static async Task WarmAsync(RawImap imap, Arrivals arrivals, int subscribers)
    {
        for (var n = 0; ; n++)
        {
            var all = arrivals.Expect(subscribers);
            await imap.Append("INBOX", [Message(n)]);
            if (await Task.WhenAny(all, Task.Delay(TimeSpan.FromSeconds(5))) == all)
            {
                return;
            }
            if (n == 20)
            {
                throw new InvalidOperationException($"Only {arrivals.At.Count} of {subscribers} subscribers are told anything.");
            }
        }
    }

    private static async Task<ClientWebSocket> OpenAsync(MeasuredGateway gateway)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("graphql-transport-ws");
        socket.Options.SetRequestHeader("Authorization", $"Bearer {gateway.Process.AdminKey}");
        await socket.ConnectAsync(new UriBuilder(gateway.Address("/graphql")) { Scheme = "ws" }.Uri, default);
        return socket;
    }

    /// <summary>The gateway takes messages in their order: nobody has to wait for its word in between.</summary>
    private static async Task SubscribeAsync(ClientWebSocket socket)
    {
        await SendAsync(socket, new { type = "connection_init" });
        await SendAsync(socket, new { type = "subscribe", id = "1", payload = new { query = Follow } });
    }

    private static async Task FollowAsync(ClientWebSocket socket, Arrivals arrivals, CancellationToken end)
    {
        using var own = socket;
        var buffer = new byte[4096];
        try
        {
            while (true)
            {
                var read = await socket.ReceiveAsync(buffer.AsMemory(), end);
                if (read.MessageType == WebSocketMessageType.Close)
                {
                    throw new InvalidOperationException($"The gateway has closed a connection: {socket.CloseStatus} {socket.CloseStatusDescription}");
                }
                if (read.EndOfMessage && buffer.AsSpan(0, read.Count).IndexOf("\"type\":\"next\""u8) >= 0)
                {
                    arrivals.Add(Stopwatch.GetTimestamp());
                }
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // All was measured.
        }
    }

    private static Task SendAsync(ClientWebSocket socket, object message) => socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message), WebSocketMessageType.Text, true, default);

    private static byte[] Message(int n) =>
        Encoding.ASCII.GetBytes($"From: Anna <anna@example.org>\r\nTo: {User}\r\nSubject: message {n}\r\nMessage-ID: <{Guid.NewGuid():N}@example.org>\r\nDate: Mon, 1 Jun 2026 10:00:00 +0000\r\n\r\nText.\r\n");

    /// <summary>Of one change, at all who follow.</summary>
    private sealed class Arrivals
    {
        private readonly Lock _lock = new();
        private readonly List<long> _at = [];
        private TaskCompletionSource _all = new();
        private int _expected = int.MaxValue;

        public IReadOnlyList<long> At
        {
            get
            {
                lock (_lock)
                {
                    return [.. _at];
                }
            }
        }

        public Task Expect(int count)
        {
            lock (_lock)
            {
                _at.Clear();
                (_expected, _all) = (count, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
                return _all.Task;
            }
        }

        public void Add(long at)
        {
            lock (_lock)
            {
                _at.Add(at);
                if (_at.Count == _expected)
                {
                    _all.SetResult();
                }
            }
        }
    }
}
