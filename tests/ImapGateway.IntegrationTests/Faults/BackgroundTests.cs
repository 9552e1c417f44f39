using System.Net;
using System.Net.Http.Headers;
using ImapGateway.Accounts;
using ImapGateway.Background;
using ImapGateway.Cache;
using ImapGateway.Changes;
using ImapGateway.Egress;
using ImapGateway.Http;
using ImapGateway.Imap;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.Keys;
using ImapGateway.Mailboxes;
using ImapGateway.Mail;
using ImapGateway.Messages;
using ImapGateway.Messages.Sections;
using ImapGateway.Settings;
using ImapGateway.Storage;
using ImapGateway.Sync.Watching;
using ImapGateway.Webhooks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Code = ImapGateway.Mail.ErrorCode;

namespace ImapGateway.IntegrationTests.Faults;

/// <summary>What fails under the background services ends none of them, and not the host either.</summary>
public sealed class BackgroundTests
{
    private const string AdminKey = "an-admin-key-of-the-settings-0123456789";

    /// <summary>Those that use the database whether anything happens or not; outcomes of deliveries are only written where there are some.</summary>
    private static readonly string[] Names =
        ["account removal", "account waking", "change retention", "idempotency purge", "last uses of keys", "webhook outcome purge", "webhooks"];

    private static readonly Func<Exception>[] Faults =
        [() => new InvalidOperationException("injected"), () => new ProblemException(Code.Unavailable, "injected"), () => new OperationCanceledException("injected"), () => new OutOfMemoryException("injected")];

    public static TheoryData<int> EachFault => [.. Enumerable.Range(0, Faults.Length)];

    [Theory]
    [MemberData(nameof(EachFault))]
    public async Task A_fault_ends_neither_the_loops_nor_the_host_and_is_shown_until_it_is_over(int fault)
    {
        using var directory = new TemporaryDirectory();
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        using var loops = new Loops(time, NullLogger<Loops>.Instance);
        await using var app = Build(directory.Path, loops);
        foreach (var step in app.Services.GetServices<IStartupStep>())
        {
            await step.RunAsync(default);
        }
        var database = (FaultyDatabase)app.Services.GetRequiredService<IDatabase>();
        await app.StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AdminKey);
        var api = new ApiClient(http);
        // An endpoint that takes nothing, with something to be delivered, and a key whose use is to be written.
        var webhook = (await api.Post("/v1/webhooks", new { url = $"http://127.0.0.1:{FreePort.Next()}/" })).Is(HttpStatusCode.Created).Text("id");
        var key = (await api.Post("/v1/keys", new { name = "k", scopes = new[] { "accounts" } })).Is(HttpStatusCode.Created).Text("key");
        var server = new { host = "127.0.0.1", port = FreePort.Next(), security = "none", username = "a", password = "b" };
        (await api.Post("/v1/accounts?verify=false", new { id = "a", email = "a@example.com", imap = server })).Is(HttpStatusCode.Created);
        using (var other = new HttpClient { BaseAddress = http.BaseAddress })
        {
            other.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
            (await new ApiClient(other).Get("/v1/accounts")).Is(HttpStatusCode.OK);
        }

        // The account has told that its server cannot be reached, and the endpoint was tried: from now on outcomes of its attempts are to be written.
        await TestWait.For(async () =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            var deliveries = (await api.Get($"/v1/webhooks/{webhook}/deliveries")).Is(HttpStatusCode.OK).Json.GetProperty("items");
            return deliveries.EnumerateArray().Any(delivery => delivery.GetProperty("attempts").GetArrayLength() > 0);
        });

        database.Fault = Faults[fault];
        var missing = Names.ToHashSet();
        await TestWait.For(() =>
        {
            time.Advance(TimeSpan.FromSeconds(30));
            missing.ExceptWith(loops.Failing.Select(loop => loop.Name));
            return missing.Count == 0;
        });
        // What is not in memory cannot be answered, and says so.
        Assert.Contains((int)(await api.Get("/v1/accounts/unknown")).Status, new[] { 500, 503 });
        Assert.False(app.Lifetime.ApplicationStopping.IsCancellationRequested);
        Assert.DoesNotContain(app.Services.GetServices<IHostedService>().OfType<BackgroundService>(), service => service.ExecuteTask is { IsCompleted: true });

        database.Fault = null;
        await TestWait.For(() =>
        {
            time.Advance(TimeSpan.FromSeconds(30));
            return loops.Failing.Count == 0;
        });
        (await api.Get("/v1/accounts/a")).Is(HttpStatusCode.OK);
        await app.StopAsync();
    }

    [Fact]
    public async Task A_fault_in_a_call_of_an_account_is_an_internal_error_and_the_account_works_afterwards()
    {
        using var directory = new TemporaryDirectory();
        using var loops = new Loops(TimeProvider.System, NullLogger<Loops>.Instance);
        await using var app = Build(directory.Path, loops);
        foreach (var step in app.Services.GetServices<IStartupStep>())
        {
            await step.RunAsync(default);
        }
        var database = (FaultyDatabase)app.Services.GetRequiredService<IDatabase>();
        await app.StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AdminKey);
        var dovecot = await SharedServers.Dovecot;
        var server = new { host = DovecotServer.Host, port = dovecot.Port, security = "none", username = World.NewUser(), password = DovecotServer.Password };
        (await new ApiClient(http).Post("/v1/accounts", new { id = "a", email = "a@example.com", imap = server, watch = "none" })).Is(HttpStatusCode.Created);
        var grain = app.Services.GetRequiredService<IGrainFactory>().GetGrain<IAccountGrain>("a");
        await grain.Read();

        database.Fault = Faults[0];
        await IsInternal(() => grain.Reload(reconnect: false));
        // Its mailboxes were not listed yet: what was listed is to be written.
        await IsInternal(() => grain.Execute(new ListMailboxes(10, null), default));
        database.Fault = null;
        Assert.NotEmpty((await grain.Execute(new ListMailboxes(10, null), default)).Value!.Items);

        database.Fault = Faults[0];
        await grain.Reload(reconnect: true);
        await IsInternal(grain.Read);
        await IsInternal(() => grain.Execute(new ListMailboxes(10, null), default));
        await IsInternal(async () => await grain.Stream(new ReadSection(new SectionRef("x", null), 0, null), default).ToListAsync());
        database.Fault = null;
        await grain.Read();
        await app.StopAsync();
    }

    private static async Task IsInternal(Func<Task> call) => Assert.Equal(Code.Internal, (await Assert.ThrowsAsync<ProblemException>(call)).Code);

    private static WebApplication Build(string directory, Loops loops)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = directory });
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Auth:AdminKey"] = AdminKey,
            ["DataDirectory"] = directory,
            ["Egress:AllowPrivateNetworks"] = "true",
            ["Webhooks:RetrySchedule:0"] = "2s",
            ["Webhooks:RetrySchedule:1"] = "2s",
            ["Webhooks:RetrySchedule:2"] = "2s",
            ["Webhooks:RetrySchedule:3"] = "2s",
            ["Webhooks:RetrySchedule:4"] = "2s",
            ["Webhooks:RetrySchedule:5"] = "1h",
        });
        builder.Services.AddSingleton(loops);
        builder.AddStorage();
        builder.Services.AddSingleton<IDatabase>(services => new FaultyDatabase(services.GetRequiredService<IStorage>().Database));
        builder.AddEgress();
        builder.AddHttp();
        builder.AddImap();
        builder.AddHeaderCache();
        builder.AddChanges();
        builder.AddWatching();
        builder.AddAccounts();
        builder.AddMessages();
        builder.AddKeys();
        builder.AddWebhooks();
        var app = builder.Build();
        app.UseHttp();
        var v1 = app.MapGroup("/v1").RequireKey();
        v1.MapAccounts();
        v1.MapKeys();
        v1.MapWebhooks();
        return app;
    }
}
