using System.Collections.Concurrent;
using System.Net.Http.Headers;
using ImapGateway.Accounts;
using ImapGateway.Changes;
using ImapGateway.Egress;
using ImapGateway.Http;
using ImapGateway.Imap;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Storage;
using ImapGateway.Keys;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Settings;
using ImapGateway.Storage;
using ImapGateway.Sync.Watching;
using ImapGateway.Webhooks;
using ImapGateway.Webhooks.Endpoints;
using ImapGateway.Webhooks.Lanes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ImapGateway.IntegrationTests.Webhooks;

/// <summary>Webhooks and keys with their API on a real database, and accounts whose changes the test writes itself.</summary>
public sealed class WebhookWorld : IAsyncDisposable
{
    public const string AdminKey = "an-admin-key-of-the-settings-0123456789";

    private readonly StoreUnderTest _store;
    private readonly IReadOnlyDictionary<string, string?> _settings;
    private readonly TemporaryDirectory _directory = new();
    private WebApplication _app = null!;

    private WebhookWorld(StoreUnderTest store, Receiver receiver, IReadOnlyDictionary<string, string?> settings) => (_store, Receiver, _settings) = (store, receiver, settings);

    public Receiver Receiver { get; }

    public FakeTexts Texts { get; } = new();

    public ConcurrentQueue<string> Faults { get; } = new();

    public IDatabase Database => _store.Database;

    public IServiceProvider Services => _app.Services;

    public ChangeLog Log => Services.GetRequiredService<ChangeLog>();

    public ApiClient Api { get; private set; } = null!;

    /// <param name="settings">By their names.</param>
    public static async Task<WebhookWorld> On(StoreUnderTest store, params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?> { ["Auth:AdminKey"] = AdminKey, ["Egress:AllowPrivateNetworks"] = "true" };
        foreach (var (name, value) in settings)
        {
            all[name] = value;
        }
        var world = new WebhookWorld(store, await Receiver.Start(), all);
        await world.Start();
        return world;
    }

    public async Task Start()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = _directory.Path });
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        builder.Configuration.AddInMemoryCollection(_settings);
        builder.Logging.AddProvider(new FaultLog(Faults));
        builder.Services.AddSingleton(_store.Database);
        builder.Services.AddSingleton(new DataDirectory(_directory.Path)).AddSingleton<StoreEpoch>().AddSingleton<StoreStamp>();
        builder.Services.AddDataProtection().PersistKeysToFileSystem(new DirectoryInfo(_directory["ring"]));
        builder.AddEgress();
        builder.AddHttp();
        builder.AddChanges();
        builder.Services.AddSingleton<AccountStore>();
        builder.Services.AddSingleton<IMessageTexts>(Texts);
        builder.AddKeys();
        builder.AddWebhooks();
        _app = builder.Build();
        _app.Services.ValidateSettings();
        foreach (var step in _app.Services.GetServices<IStartupStep>())
        {
            await step.RunAsync(CancellationToken.None);
        }
        _app.UseHttp();
        var v1 = _app.MapStrictGroup("/v1");
        v1.MapKeys();
        v1.MapWebhooks();
        await _app.StartAsync();
        Api = Client(AdminKey);
    }

    public ApiClient Client(string key)
    {
        var http = new HttpClient { BaseAddress = new Uri(_app.Urls.First()), Timeout = TimeSpan.FromMinutes(1) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return new ApiClient(http);
    }

    /// <summary>A key made by the admin key.</summary>
    public async Task<(string Id, ApiClient Client)> NewKey(string[] scopes, string[]? accounts = null)
    {
        var made = (await Api.Post("/v1/keys", new { name = "test", scopes, accounts })).Is(System.Net.HttpStatusCode.Created);
        return (made.Text("id"), Client(made.Text("key")));
    }

    /// <summary>Ends as if asked to: what is on its way is waited for.</summary>
    public async Task Stop()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    public async Task<WebhookUnderTest> Webhook(object? more = null, string path = "hook", ApiClient? client = null)
    {
        var body = new Dictionary<string, object?> { ["url"] = Receiver.Url(path) };
        foreach (var property in more?.GetType().GetProperties() ?? [])
        {
            body[property.Name] = property.GetValue(more);
        }
        var made = (await (client ?? Api).Post("/v1/webhooks", body)).Is(System.Net.HttpStatusCode.Created);
        return new WebhookUnderTest(client ?? Api, made.Text("id"), made.Text("secret"));
    }

    public async Task<AccountUnderTest> Account(string id)
    {
        var incarnation = ObjectId.NewIncarnation();
        var (owner, counters) = await Database.WriteAsync(
            async (db, cancel) =>
            {
                db.Add(new FenceEntity { Incarnation = incarnation });
                db.Add(new AccountEntity
                {
                    Incarnation = incarnation,
                    Id = id,
                    Name = id,
                    Email = id + "@example.com",
                    Imap = new AccountServer("localhost", 143, Security.None, id, false),
                    ImapCredentialKind = CredentialKind.Password,
                    ImapSecret = "",
                    Watch = WatchScope.None,
                    CreatedAt = DateTimeOffset.UtcNow,
                });
                await db.SaveChangesAsync(cancel);
                return await Fence.ClaimAsync(db, incarnation, cancel);
            },
            default);
        return new AccountUnderTest(this, id, incarnation, owner, counters);
    }

    public Task Remove(string account) => Services.GetRequiredService<AccountStore>().RemoveAsync(account, Conditions.None, default);

    public Task<List<LaneEntity>> Lanes(string webhook) => Database.ReadAsync((db, cancel) => db.Set<LaneEntity>().Where(lane => lane.Webhook == webhook).ToListAsync(cancel), default);

    public async Task<int> LaneCount(string webhook) => (await Lanes(webhook)).Count;

    /// <summary>As another node would.</summary>
    public Task<List<(LaneRef Lane, long Cursor)>> Claim(string webhook) => Services.GetRequiredService<LaneStore>().ClaimAsync(webhook, new HashSet<long>(), default);

    /// <returns>The lane, where it is somebody else's.</returns>
    public Task<List<LaneRef>> Move(LaneRef lane, long cursor) => Database.WriteAsync((db, cancel) => LaneMoves.WriteAsync(db, [new LaneMove(lane, cursor, IsEnd: false)], cancel), default);

    /// <summary>All that is stored of endpoints.</summary>
    public Task<string> Everything() => Database.ReadAsync(
        async (db, cancel) => string.Join('\n', (await db.Set<WebhookEntity>().ToListAsync(cancel)).Select(row => System.Text.Json.JsonSerializer.Serialize(row))), default);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await Receiver.DisposeAsync();
        await _store.DisposeAsync();
        _directory.Dispose();
    }

    private sealed class FaultLog(ConcurrentQueue<string> faults) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Error)
            {
                faults.Enqueue(formatter(state, exception) + exception);
            }
        }
    }
}

/// <summary>Texts of messages, as a mail server would give them.</summary>
public sealed class FakeTexts : IMessageTexts
{
    public ConcurrentDictionary<string, Func<MessageText?>> ByMessage { get; } = new();

    public Task<MessageText?> FindAsync(string account, string message, CancellationToken cancel) =>
        Task.FromResult(ByMessage.TryGetValue(message, out var text) ? text() : null);
}

/// <summary>An account whose changes the test writes.</summary>
public sealed class AccountUnderTest(WebhookWorld world, string id, string incarnation, Owner owner, FenceCounters counters)
{
    private readonly AccountWriter _writer = new(world.Database, world.Log, owner, id, counters, () => new Dictionary<string, string> { ["customer"] = "4711" }, TimeProvider.System);
    private int _messages;

    public string Id => id;

    public string Incarnation => incarnation;

    public string Mailbox(ulong counter) => ObjectId.Format(ObjectId.Mailbox, incarnation, counter);

    public string IdOf(long sequence) => ObjectId.Format(ObjectId.Change, incarnation, (ulong)sequence);

    public long Sequence => _writer.Counters.Sequence;

    public async Task Write(params Change[] changes)
    {
        await _writer.WriteAsync(_writer.Counters.NextCounter, changes, (_, _) => Task.CompletedTask, default);
        // The writer knows the log of the gateway before a restart.
        world.Log.Appended(incarnation);
    }

    /// <summary>As many new messages in the inbox, in one transaction.</summary>
    public Task Arrive(int count = 1) => Write([.. Enumerable.Range(0, count).Select(_ => Arrival())]);

    public Change Arrival()
    {
        var message = ObjectId.Format(ObjectId.Message, incarnation, (ulong)++_messages);
        return new MessageAdded(message, Mailbox(1)) { At = new ChangePlace(1, Role.Inbox), Message = Summary(message) };
    }

    private Message Summary(string message) => Message.Of(
        message, Mailbox(1), (uint)_messages, Flags.None, 0,
        new MessageHeaders(null, null, $"<{_messages}@example.org>", [], [], $"subject {_messages}", [], [], [], [], [], [], DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, 100, []));
}

public sealed class WebhookUnderTest(ApiClient api, string id, string secret)
{
    public string Id => id;

    public string Secret => secret;

    public string Path => $"/v1/webhooks/{id}";

    public async Task<string> State() => (await api.Get(Path)).Is(System.Net.HttpStatusCode.OK).Text("state");

    public Task Is(string state) => TestWait.For(async () => await State() == state);

    public async Task<ApiAnswer> Post(string action, object? body = null) => await api.Post($"{Path}/{action}", body);

    public async Task<(string Id, string State, int Attempts)[]> Deliveries(string query = "") =>
        [.. (await api.Get($"{Path}/deliveries{query}")).Is(System.Net.HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray()
            .Select(item => (item.GetProperty("id").GetString()!, item.GetProperty("state").GetString()!, item.GetProperty("attempts").GetArrayLength()))];
}
