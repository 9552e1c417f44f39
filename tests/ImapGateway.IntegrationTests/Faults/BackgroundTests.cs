using System.Collections;
using System.Net;
using System.Runtime.CompilerServices;
using ImapGateway.Cache;
using ImapGateway.Cache.Disk;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.IntegrationTests.Sync;
using Microsoft.Extensions.DependencyInjection;

namespace ImapGateway.IntegrationTests.Faults;

/// <summary>An unexpected exception ends neither a background loop nor the process: it is logged once, shown by /health/ready and the metrics, and gone when its cause is.</summary>
public sealed class BackgroundTests(FaultyGateway gateway) : IClassFixture<FaultyGateway>
{
    private const string Kind = nameof(InvalidOperationException);

    /// <summary>The services of the host that use the database at their times.</summary>
    public static readonly TheoryData<string> Services = ["account removal", "account waking", "change retention", "idempotency purge", "webhook outcome purge", "webhooks"];

    /// <summary>The services of the host that have a test of their own.</summary>
    private static readonly string[] Others = ["disk cache", "last uses of keys", "stamps of the database", "webhook outcomes"];

    [Fact]
    public void Every_loop_of_the_host_has_a_test_here() =>
        Assert.Equal(Services.Select(row => row.Data).Concat(Others).Order(), gateway.LoopServices.Select(service => service.Name).Order());

    [Theory]
    [MemberData(nameof(Services))]
    public Task A_service_that_uses_the_database_at_its_times(string loop) => Survives(loop);

    [Fact]
    public async Task The_last_uses_of_keys()
    {
        var key = (await gateway.Api.Post("/v1/keys", new { name = "k", scopes = new[] { "accounts" } })).Is(HttpStatusCode.Created).Text("key");
        using var http = gateway.ClientWith(key);
        await Survives("last uses of keys", async () => (await new ApiClient(http).Get("/v1/accounts")).Is(HttpStatusCode.OK));
    }

    [Fact]
    public async Task The_stamps_of_the_database()
    {
        await using var server = ScriptedImapServer.Start();
        await gateway.AddWatched(server);
        await Survives("stamps of the database", () => Deliver(server));
    }

    [Fact]
    public Task The_disk_cache() => Survives("disk cache", () =>
    {
        gateway.Services.GetRequiredService<DiskCache>().Drop("incarnation", new FailingKeys());
        return Task.CompletedTask;
    });

    /// <summary>What cannot be written is delivered again: no lane is left without work to do.</summary>
    [Theory]
    [InlineData("webhook outcomes")]
    [InlineData("webhook lanes")]
    [InlineData("webhook retries")]
    public async Task Deliveries(string loop)
    {
        await using var server = ScriptedImapServer.Start();
        var account = await gateway.AddWatched(server);
        await using var receiver = await Webhooks.Receiver.Start();
        var webhook = (await gateway.Api.Post("/v1/webhooks", new { url = receiver.Url(), accounts = new[] { account } })).Is(HttpStatusCode.Created).Text("id");
        await Deliver(server);
        await TestWait.ForNothingMissing(() => Task.FromResult(receiver.Count > 0 ? null : "nothing was delivered before the failure"));
        await Survives(loop, async () =>
        {
            await Deliver(server);
            (await gateway.Api.Post($"/v1/webhooks/{webhook}/pause")).Is(HttpStatusCode.OK);
            (await gateway.Api.Post($"/v1/webhooks/{webhook}/resume")).Is(HttpStatusCode.OK);
        });
        await Deliver(server);
        await TestWait.ForNothingMissing(() =>
        {
            var delivered = receiver.Calls.Where(call => call.Json.GetProperty("type").GetString() == "message.added").DistinctBy(call => call.Id).Count();
            return Task.FromResult(delivered == server.Inbox.Messages.Count ? null : $"{delivered} of {server.Inbox.Messages.Count} changes are delivered");
        });
        (await gateway.Api.Delete($"/v1/webhooks/{webhook}")).Is(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task A_watcher()
    {
        await using var server = ScriptedImapServer.Start();
        var account = await gateway.AddWatched(server);
        await Survives("watchers", () => Deliver(server));
        await IsComplete(account, server);
    }

    [Fact]
    public async Task What_decides_about_moves()
    {
        await using var server = ScriptedImapServer.Start();
        var gone = server.Inbox.Add("one");
        server.AddMailbox("Other");
        var account = await gateway.AddWatched(server);
        await Survives("moves", before: () =>
        {
            server.Inbox.Remove(gone);
            return Task.CompletedTask;
        });
        await TestWait.ForNothingMissing(async () => await ChangesOf(account, "message.removed") == 1 ? null : "the removal was not told");
    }

    [Fact]
    public async Task What_reads_fingerprints()
    {
        await using var server = ScriptedImapServer.Start();
        var moved = server.Inbox.Add("one");
        var other = server.AddMailbox("Other");
        var account = "";
        await Survives("fingerprints", before: async () => account = await gateway.AddWatched(server));
        Owners.Move(server.Inbox, moved, other);
        await TestWait.ForNothingMissing(async () => await ChangesOf(account, "message.moved") == 1 ? null : "the message was not recognised in the other mailbox");
    }

    [Fact]
    public async Task What_saves_the_state_of_accounts()
    {
        var account = "";
        // The first try is not part of the loop.
        await Survives("account states", code: "AccountStatus.<SaveAsync>", before: async () =>
        {
            var imap = new { host = "127.0.0.1", port = FreePort.Next(), security = "none", username = "anna", password = "pass" };
            account = (await gateway.Api.Post("/v1/accounts?verify=false", new { email = "anna@example.com", watch = "all", imap })).Is(HttpStatusCode.Created).Text("id");
        });
        await TestWait.ForNothingMissing(async () => await ChangesOf(account, "account.unavailable") == 1 ? null : "the state was not saved");
    }

    [Fact]
    public async Task A_task_that_nobody_waits_for()
    {
        gateway.Log.Clear();
        await TestWait.ForNothingMissing(() =>
        {
            FailAlone();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return Task.FromResult(gateway.Log.Entries.Any(line => line.Contains(nameof(FailAlone), StringComparison.Ordinal)) ? null : "the failure is not logged");
        });
        FailAlone();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var line = Assert.Single(gateway.Log.Entries, line => line.Contains(nameof(FailAlone), StringComparison.Ordinal));
        Assert.StartsWith("Warning A task that nobody waits for has failed with InvalidOperationException", line, StringComparison.Ordinal);
        Assert.DoesNotContain("the words of a server", line, StringComparison.Ordinal);
        gateway.Runs();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FailAlone() => Task.Run(() => throw new InvalidOperationException("the words of a server")).ContinueWith(_ => { }, TaskScheduler.Default).Wait();

    /// <summary>Has the loop fail until that was seen everywhere, and then no longer.</summary>
    /// <param name="loop">Its name.</param>
    /// <param name="cause">Gives the loop something to do, again and again.</param>
    /// <param name="before">Gives it something to do, once.</param>
    /// <param name="code">Of which the calls of the database fail as well, wherever it runs.</param>
    private async Task Survives(string loop, Func<Task>? cause = null, Func<Task>? before = null, string? code = null)
    {
        gateway.Log.Clear();
        var failed = gateway.FailuresOf(loop);
        (gateway.Database.FailingLoop, gateway.Database.FailingCode) = (loop, code);
        try
        {
            await (before?.Invoke() ?? Task.CompletedTask);
            await TestWait.ForNothingMissing(async () =>
            {
                await (cause?.Invoke() ?? Task.CompletedTask);
                return gateway.FailuresOf(loop) < failed + 3 ? $"the loop has failed {gateway.FailuresOf(loop) - failed} times of 3; logged: {string.Join('\n', gateway.Log.Entries.TakeLast(25))}"
                    : await gateway.ReasonOf(loop) is not Kind ? "/health/ready does not list the loop"
                    : gateway.FailingOf(loop) == 0 ? "the metric does not count the loop"
                    : null;
            });
        }
        finally
        {
            (gateway.Database.FailingLoop, gateway.Database.FailingCode) = (null, null);
        }
        gateway.Runs();
        await TestWait.ForNothingMissing(async () =>
            await gateway.ReasonOf(loop) is { } reason ? $"/health/ready still lists the loop for {reason}"
            : gateway.FailingOf(loop) > 0 ? "the metric still counts the loop"
            : Logged(loop) is [.., "Information"] ? null : "the log does not say that the loop works again");
        gateway.Runs();
        // A turn between two failures may have had nothing to do, and so have succeeded.
        Assert.Equal(Logged(loop).Select((_, at) => at % 2 == 0 ? "Error" : "Information"), Logged(loop));
    }

    private async Task<int> ChangesOf(string account, string type) => (await gateway.Api.Get($"/v1/accounts/{account}/changes?types={type}")).Json.GetProperty("items").GetArrayLength();

    /// <summary>The levels of what was logged about the loop.</summary>
    private List<string> Logged(string loop) => [.. gateway.Log.Entries.Where(line => line.Contains($"The background loop \"{loop}\"", StringComparison.Ordinal)).Select(line => line.Split(' ')[0])];

    private static Task Deliver(ScriptedImapServer server)
    {
        server.Inbox.Add($"message {Guid.NewGuid():N}");
        return Task.CompletedTask;
    }

    private Task IsComplete(string account, ScriptedImapServer server) => TestWait.ForNothingMissing(async () =>
    {
        var there = server.Inbox.Messages.Count;
        var shown = (await gateway.Api.Get($"/v1/accounts/{account}/mailboxes/inbox/messages?limit=500")).Json.GetProperty("items").GetArrayLength();
        return shown == there ? null : $"{shown} of {there} messages are listed";
    });

    private sealed class FailingKeys : IReadOnlyCollection<HeaderKey>
    {
        public int Count => 1;

        public IEnumerator<HeaderKey> GetEnumerator() => throw new InvalidOperationException("injected");

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
