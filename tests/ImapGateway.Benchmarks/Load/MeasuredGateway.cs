using System.Net.Http.Json;
using System.Text.Json;
using ImapGateway.IntegrationTests;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.Benchmarks.Load;

/// <summary>The gateway as an operator runs it, and what it costs.</summary>
public sealed class MeasuredGateway : IAsyncDisposable
{
    /// <summary>For what a benchmark waits for and which may take long; longer is a failure.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private GatewayProcess? _process;

    private MeasuredGateway() => Cost = new MeasuredProcess(() => Process.ProcessId);

    public GatewayProcess Process => _process ?? throw new InvalidOperationException("The gateway is not running.");

    public HttpClient Http => Process.Http;

    public MeasuredProcess Cost { get; }

    /// <summary>As it stands in a request.</summary>
    public string Authorization => $"Authorization: Bearer {Process.AdminKey}";

    public static async Task<MeasuredGateway> Start(params (string Name, string Value)[] settings)
    {
        var gateway = new MeasuredGateway();
        gateway._process = await GatewayProcess.Start([.. settings, .. gateway.Cost.Environment]);
        return gateway;
    }

    public Uri Address(string path) => new(Http.BaseAddress!, path);

    public Task<JsonElement> GetAsync(string path) => Http.GetFromJsonAsync<JsonElement>(Address(path));

    /// <summary>Adds an account at a server on this machine, without TLS; a watched one is waited for until all of it is indexed and watched.</summary>
    public async Task AddAsync(string id, int port, string user, string watch = "all")
    {
        await PutAsync(id, port, user, watch);
        if (watch != "none")
        {
            await ConnectedAsync(id);
        }
    }

    /// <summary>The same, not waited for.</summary>
    public async Task PutAsync(string id, int port, string user, string watch)
    {
        var imap = new { host = DovecotServer.Host, port, security = "none", username = user, password = DovecotServer.Password };
        using var added = await Http.PutAsJsonAsync($"/v1/accounts/{id}?verify=false", new { email = user, watch, imap });
        added.EnsureSuccessStatusCode();
    }

    public Task ConnectedAsync(string id) => TestWait.For(
        async () => (await GetAsync($"/v1/accounts/{id}")).GetProperty("state").GetString() == "connected", Patience);

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
        Cost.Dispose();
    }
}
