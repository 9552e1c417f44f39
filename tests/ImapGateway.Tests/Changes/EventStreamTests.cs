using System.Text;
using ImapGateway.Access;
using ImapGateway.Changes;
using ImapGateway.Http;
using ImapGateway.Tests.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;

namespace ImapGateway.Tests.Changes;

/// <summary>Streams in the course of time.</summary>
public sealed class EventStreamTests : IAsyncLifetime
{
    private readonly QuietFeed _feed = new();
    private TestGateway _gateway = null!;

    private sealed class QuietFeed() : Feed(isGlobal: true, "abcdefgh")
    {
        public int Waiting { get; private set; }

        public override Task<FeedBounds> BoundsAsync(CancellationToken cancel) => Task.FromResult(new FeedBounds(default, new GlobalPosition(0, 7)));

        public override Task<IReadOnlyList<LoggedChange>> ReadAsync(GlobalPosition after, int limit, CancellationToken cancel) => Task.FromResult<IReadOnlyList<LoggedChange>>([]);

        public override async Task WaitAsync(GlobalPosition after, CancellationToken cancel)
        {
            Waiting++;
            await Task.Delay(Timeout.Infinite, cancel);
        }

        public override GlobalPosition PlaceOf(LoggedChange change) => change.Position;

        public override bool EndsWith(LoggedChange change) => false;

        public override string Format(GlobalPosition place) => FeedPosition.OfAll(Incarnation, place);
    }

    private sealed class EndlessFeed() : Feed(isGlobal: true, "abcdefgh")
    {
        private static readonly byte[] Large = [(byte)'"', .. Enumerable.Repeat((byte)'x', 20_000), (byte)'"'];

        public int Reads { get; private set; }

        /// <summary>The stream that reads it has ended.</summary>
        public TaskCompletionSource Ended { get; } = new();

        public override Task<FeedBounds> BoundsAsync(CancellationToken cancel) => Task.FromResult(default(FeedBounds));

        public override Task<IReadOnlyList<LoggedChange>> ReadAsync(GlobalPosition after, int limit, CancellationToken cancel)
        {
            Reads++;
            cancel.Register(() => Ended.TrySetResult());
            return Task.FromResult<IReadOnlyList<LoggedChange>>([.. Enumerable.Range(1, limit).Select(n => new LoggedChange(
                new GlobalPosition(0, after.Row + n), "abcdefgh", after.Row + n, "anna", ChangeType.MessageRemoved, default, 0, 0, null, null, "{}"u8.ToArray(), Large, null))]);
        }

        public override Task WaitAsync(GlobalPosition after, CancellationToken cancel) => Task.CompletedTask;

        public override GlobalPosition PlaceOf(LoggedChange change) => change.Position;

        public override bool EndsWith(LoggedChange change) => false;

        public override string Format(GlobalPosition place) => FeedPosition.OfAll(Incarnation, place);
    }

    public async ValueTask InitializeAsync() => _gateway = await TestGateway.StartAsync(v1 =>
        v1.MapGet("/events", (Credential credential, IHostApplicationLifetime lifetime, TimeProvider time) => new EventStream(new FeedReader(_feed, credential, null, ChangeTypeFilter.All), "latest", lifetime, time))
            .Requires(Scopes.Any).TakesTicket());

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    private async Task<StreamReader> Open(string address, string? key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (key is not null)
        {
            request.Headers.Authorization = new("Bearer", key);
        }
        var response = await _gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(200, (int)response.StatusCode);
        return new StreamReader(await response.Content.ReadAsStreamAsync(), Encoding.UTF8);
    }

    private async Task Waits(int times)
    {
        while (_feed.Waiting < times)
        {
            await Task.Yield();
        }
    }

    private static async Task<string> Block(StreamReader lines)
    {
        var text = "";
        while (await lines.ReadLineAsync() is { Length: > 0 } line)
        {
            text += line + '\n';
        }
        return text;
    }

    private async Task<string> Ticket(string? key = null) => (await _gateway.Send("POST", "/v1/tickets", new { }, key ?? TestGateway.AdminKey)).Json.GetProperty("ticket").GetString()!;

    private async Task<int> Use(string ticket) => (await _gateway.Send("GET", $"/v1/events?types=nonsense&ticket={ticket}", key: null)).Status;

    [Fact]
    public async Task A_quiet_stream_has_a_heartbeat_every_fifteen_seconds()
    {
        using var lines = await Open("/v1/events", TestGateway.AdminKey);
        const string Beat = ":\nid: g_abcdefgh_0_7\n";
        Assert.Equal(Beat, await Block(lines));
        for (var n = 1; n <= 3; n++)
        {
            await Waits(n);
            _gateway.Time.Advance(EventWriter.Heartbeat);
            Assert.Equal(Beat, await Block(lines));
        }
    }

    [Fact]
    public async Task A_reader_who_takes_nothing_is_cut_off_and_one_who_takes_is_not()
    {
        var feed = new EndlessFeed();
        await using var gateway = await TestGateway.StartAsync(v1 =>
            v1.MapGet("/endless", (Credential credential, IHostApplicationLifetime lifetime, TimeProvider time) => new EventStream(new FeedReader(feed, credential, null, ChangeTypeFilter.All), "0", lifetime, time)).Requires(Scopes.Any));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/endless");
        request.Headers.Authorization = new("Bearer", TestGateway.AdminKey);
        using var response = await gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using var body = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[1024 * 1024];
        for (var n = 0; n < 20; n++)
        {
            gateway.Time.Advance(TimeSpan.FromSeconds(10));
            // Until it is taken, not only by the sockets between.
            for (var before = feed.Reads; feed.Reads == before;)
            {
                Assert.True(await body.ReadAsync(buffer) > 0);
            }
        }
        Assert.False(feed.Ended.Task.IsCompleted);
        var reads = feed.Reads;
        while (!feed.Ended.Task.IsCompleted)
        {
            gateway.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
        // What the sockets took, and no more.
        Assert.InRange(feed.Reads - reads, 0, 20);
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (await body.ReadAsync(buffer) > 0)
            {
            }
        });
    }

    [Fact]
    public async Task A_key_that_expires_ends_its_stream_at_that_moment()
    {
        var (_, key) = await _gateway.NewKey(["mail.read"], expiresAt: _gateway.Time.GetUtcNow().AddSeconds(20));
        using var lines = await Open("/v1/events", key);
        await Block(lines);
        await Waits(1);
        _gateway.Time.Advance(EventWriter.Heartbeat);
        await Block(lines);
        await Waits(2);
        _gateway.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Null(await lines.ReadLineAsync());
    }

    [Fact]
    public async Task A_key_that_is_deleted_ends_its_stream_though_nothing_happens()
    {
        var (id, key) = await _gateway.NewKey(["mail.read"]);
        using var lines = await Open("/v1/events", key);
        await Block(lines);
        await Waits(1);
        Assert.Equal(204, (await _gateway.Send("DELETE", $"/v1/keys/{id}")).Status);
        Assert.Null(await lines.ReadLineAsync());
    }

    [Fact]
    public async Task A_ticket_opens_nothing_after_ten_minutes_and_what_it_has_opened_goes_on()
    {
        var ticket = await Ticket();
        Assert.Matches("^igt_[A-Za-z0-9_-]+$", ticket);
        using var lines = await Open($"/v1/events?ticket={ticket}", null);
        await Block(lines);
        Assert.Equal(400, await Use(ticket));
        await Waits(1);
        _gateway.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(401, await Use(ticket));
        await Block(lines);
        await Waits(2);
        _gateway.Time.Advance(EventWriter.Heartbeat);
        Assert.StartsWith(":", await Block(lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ticket_is_in_no_log_and_no_database()
    {
        var ticket = await Ticket();
        using var lines = await Open($"/v1/events?ticket={ticket}", null);
        await Block(lines);
        Assert.Equal(400, await Use(ticket));
        Assert.DoesNotContain(_gateway.Log.Lines, line => line.Text.Contains(ticket[4..40], StringComparison.Ordinal));
        foreach (var file in Directory.GetFiles(_gateway.Folder, "gateway.db*"))
        {
            Assert.DoesNotContain(ticket[4..40], Encoding.Latin1.GetString(File.ReadAllBytes(file)));
        }
    }

    [Fact]
    public async Task A_ticket_outlives_a_restart()
    {
        var ticket = await Ticket();
        await _gateway.DisposeButKeepFolderAsync();
        _gateway = await TestGateway.StartAsync(v1 => v1.MapGet("/events", () => "open").Requires(Scopes.Any).TakesTicket(), folder: _gateway.Folder);
        Assert.Equal(200, (await _gateway.Send("GET", $"/v1/events?ticket={ticket}", key: null)).Status);
    }

    [Fact]
    public async Task A_ticket_gives_no_more_than_its_key_has()
    {
        var (_, key) = await _gateway.NewKey(["mail.readBasic", "admin"], ["a", "b"]);
        var (_, narrow) = await _gateway.NewKey(["mail.readBasic"], ["a"], key: key);
        async Task<Answer> Make(object body) => await _gateway.Send("POST", "/v1/tickets", body, narrow);
        var beyond = await Make(new { scopes = new[] { "mail.read" }, accounts = new[] { "a", "b" } });
        Assert.Equal((403, true, true), (beyond.Status, beyond.Errors.ContainsKey("/scopes"), beyond.Errors.ContainsKey("/accounts/1")));
        Assert.Equal(400, (await Make(new { scopes = Array.Empty<string>() })).Status);
        Assert.Equal(400, (await Make(new { accounts = Enumerable.Range(0, 51).Select(n => $"a{n}") })).Status);
        var made = await Make(new { accounts = new[] { "a" } });
        Assert.Equal((200, "no-store", _gateway.Time.GetUtcNow().AddMinutes(10)), (made.Status, made.Header("Cache-Control"), made.Json.GetProperty("expiresAt").GetDateTimeOffset()));
    }
}
