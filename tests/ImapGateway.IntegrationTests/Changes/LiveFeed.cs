using System.Net.Http.Headers;
using System.Security.Cryptography;
using ImapGateway.Changes;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.Settings;
using ImapGateway.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ImapGateway.IntegrationTests.Changes;

/// <summary>The whole gateway inside the test, listening on a free port, so that changes of any kind can be written to its log as an owner writes them.</summary>
public sealed class LiveFeed : IAsyncDisposable
{
    private readonly TemporaryDirectory _data = new();
    private WebApplication _app = null!;

    public string AdminKey { get; } = RandomNumberGenerator.GetHexString(40, lowercase: true);

    public ApiClient Api { get; private set; } = null!;

    public Uri Address { get; private set; } = null!;

    public IServiceProvider Services => _app.Services;

    public IDatabase Database => Services.GetRequiredService<IDatabase>();

    public IOptions<ChangesOptions> Options => Services.GetRequiredService<IOptions<ChangesOptions>>();

    public ChangeLog Log => Services.GetRequiredService<ChangeLog>();

    /// <param name="settings">By their names: <c>("Changes:Retention", "1s")</c>.</param>
    public static async Task<LiveFeed> Start(bool postgres = false, params (string Name, string Value)[] settings)
    {
        (string, string)[] storage = postgres ? PostgresServer.Settings(await (await SharedServers.Postgres).NewDatabase()) : [];
        return await new LiveFeed().AfterAsync(feed => feed.Run([.. storage, .. settings]));
    }

    /// <summary>Adds an account whose server nobody can reach; returns its incarnation.</summary>
    public async Task<string> AddAccount(string id)
    {
        var imap = new { host = "127.0.0.1", port = FreePort.Next(), security = "none", username = "anna", password = "secret" };
        (await Api.Put($"/v1/accounts/{id}?verify=false", new { name = id, email = $"{id}@example.com", metadata = new { customer = "4711" }, imap, watch = "none" })).Is(System.Net.HttpStatusCode.Created);
        return (await Services.GetRequiredService<IAccountFeeds>().FindIncarnationAsync(id, default))!;
    }

    /// <summary>Writes changes of an account as one transaction, as its owner would.</summary>
    public async Task Append(string incarnation, string account, params Change[] changes)
    {
        await Database.WriteAsync((db, cancel) => Write(db, incarnation, account, changes, cancel), default);
        Log.Appended(incarnation);
    }

    public static async Task<bool> Write(GatewayDbContext db, string incarnation, string account, IReadOnlyList<Change> changes, CancellationToken cancel)
    {
        var fences = db.Set<FenceEntity>().Where(fence => fence.Incarnation == incarnation);
        await fences.ExecuteUpdateAsync(update => update.SetProperty(fence => fence.Sequence, fence => fence.Sequence + changes.Count), cancel);
        var sequence = await fences.Select(fence => fence.Sequence).SingleAsync(cancel) - changes.Count;
        var notes = ChangeData.Of(new Dictionary<string, string> { ["customer"] = "4711" });
        await db.InsertAsync([.. changes.Select(change => ChangeRow.Of(change, incarnation, account, 0, ++sequence, DateTimeOffset.UtcNow, notes))], cancel);
        return true;
    }

    public HttpClient Client(string? key)
    {
        var client = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromMinutes(2) };
        client.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    public async Task<(string Id, ApiClient Api, string Value)> NewKey(string[] scopes, string[]? accounts = null)
    {
        var made = (await Api.Post("/v1/keys", new { name = "test", scopes, accounts })).Is(System.Net.HttpStatusCode.Created);
        return (made.Text("id"), new ApiClient(Client(made.Text("key"))), made.Text("key"));
    }

    public Task Stop() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }
        _data.Dispose();
    }

    private async Task Run((string Name, string Value)[] settings)
    {
        (string Name, string Value)[] all =
        [
            ("urls", "http://127.0.0.1:0"), ("DataDirectory", _data.Path), ("Auth:AdminKey", AdminKey), ("Egress:AllowPrivateNetworks", "true"), ("Logging:LogLevel:Default", "None"), ("Logging:LogLevel:Microsoft.Hosting.Lifetime", "None"), .. settings,
        ];
        _app = Program.Build([.. all.Select(setting => $"--{setting.Name}={setting.Value}")]);
        _app.Services.ValidateSettings();
        foreach (var step in _app.Services.GetServices<IStartupStep>())
        {
            await step.RunAsync(default);
        }
        await _app.StartAsync();
        Address = new Uri(_app.Urls.First());
        Api = new ApiClient(Client(AdminKey));
    }
}
