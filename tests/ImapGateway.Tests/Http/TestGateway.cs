using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using ImapGateway.Http;
using ImapGateway.Keys;
using ImapGateway.OpenApi;
using ImapGateway.Settings;
using ImapGateway.Storage;
using ImapGateway.Tests.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.Tests.Http;

/// <summary>The HTTP side of the gateway with its keys on a free port, with routes of the test's own below /v1.</summary>
public sealed class TestGateway : IAsyncDisposable
{
    public const string AdminKey = "an-admin-key-of-the-settings-0123456789";

    private readonly WebApplication _app;

    private TestGateway(WebApplication app, string folder, TestDatabase database, FakeTimeProvider time, TestLog log)
    {
        _app = app;
        Folder = folder;
        Database = database;
        Time = time;
        Log = log;
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.First()), Timeout = TimeSpan.FromSeconds(30) };
    }

    public HttpClient Client { get; }
    public string Folder { get; }
    public TestDatabase Database { get; }
    public FakeTimeProvider Time { get; }
    public TestLog Log { get; }
    public IServiceProvider Services => _app.Services;
    public IEnumerable<EndpointDataSource> Routes => ((IEndpointRouteBuilder)_app).DataSources;

    /// <param name="map">Maps routes below /v1.</param>
    /// <param name="settings">Added to, or instead of, the admin key.</param>
    /// <param name="folder">The data directory of an earlier gateway.</param>
    public static async Task<TestGateway> StartAsync(Action<RouteGroupBuilder>? map = null, Dictionary<string, string?>? settings = null, string? folder = null)
    {
        if (folder is not null)
        {
            return await StartInAsync(folder, map, settings);
        }
        folder = Directory.CreateTempSubdirectory("imapgateway-http-").FullName;
        try
        {
            return await StartInAsync(folder, map, settings);
        }
        catch
        {
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    private static async Task<TestGateway> StartInAsync(string folder, Action<RouteGroupBuilder>? map, Dictionary<string, string?>? settings)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = folder });
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Auth:AdminKey"] = AdminKey, ["DataDirectory"] = folder });
        builder.Configuration.AddInMemoryCollection(settings ?? []);
        var log = new TestLog();
        builder.Logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log);
        var database = TestDatabase.OfGateway(folder);
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 5, 31, 12, 0, 0, TimeSpan.Zero));
        builder.Services.AddSingleton<IDatabase>(database);
        builder.Services.AddSingleton(new DataDirectory(folder));
        builder.Services.AddSingleton(new StoreEpoch { Value = 0 });
        builder.Services.AddSingleton<TimeProvider>(time);
        builder.Services.AddDataProtection().PersistKeysToFileSystem(new DirectoryInfo(Path.Combine(folder, "ring")));
        builder.AddHttp();
        builder.Services.AddOpenApi();
        builder.AddKeys();
        var app = builder.Build();
        app.Services.ValidateSettings();
        foreach (var step in app.Services.GetServices<IStartupStep>())
        {
            await step.RunAsync(CancellationToken.None);
        }
        app.UseHttp();
        app.UseOpenApiPage();
        var v1 = app.MapStrictGroup("/v1");
        v1.MapKeys();
        v1.MapTickets();
        map?.Invoke(v1);
        await app.StartAsync();
        return new TestGateway(app, folder, database, time, log);
    }

    public async Task<Answer> Send(string method, string path, object? json = null, string? key = AdminKey, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + key);
        }
        if (json is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(json as string ?? JsonSerializer.Serialize(json)));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }
        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content!.Headers.Remove(name);
                request.Content.Headers.TryAddWithoutValidation(name, value);
            }
        }
        using var response = await Client.SendAsync(request);
        if ((int)response.StatusCode == 500)
        {
            Xunit.TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', Log.Lines.Where(line => line.Level >= LogLevel.Error)));
        }
        return new Answer((int)response.StatusCode, response.Headers, response.Content.Headers, await response.Content.ReadAsStringAsync());
    }

    /// <summary>A key made by the admin key, or by another.</summary>
    public async Task<(string Id, string Value)> NewKey(string[] scopes, string[]? accounts = null, DateTimeOffset? expiresAt = null, string key = AdminKey)
    {
        var answer = await Send("POST", "/v1/keys", new { name = "test", scopes, accounts, expiresAt }, key);
        Assert.Equal(201, answer.Status);
        return (answer.Json.GetProperty("id").GetString()!, answer.Json.GetProperty("key").GetString()!);
    }

    public async Task StopAsync() => await _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await DisposeButKeepFolderAsync();
        Directory.Delete(Folder, recursive: true);
    }

    public async Task DisposeButKeepFolderAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        await Database.DisposeAsync();
    }
}

public sealed record Answer(int Status, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders, string Text)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;
    public string Code => Json.GetProperty("code").GetString()!;

    public string? Header(string name) =>
        Headers.TryGetValues(name, out var values) || ContentHeaders.TryGetValues(name, out values) ? string.Join(", ", values) : null;

    /// <summary>pointer or parameter -> detail</summary>
    public Dictionary<string, string> Errors => Json.GetProperty("errors").EnumerateArray().ToDictionary(
        error => (error.TryGetProperty("pointer", out var at) ? at : error.GetProperty("parameter")).GetString()!,
        error => error.GetProperty("detail").GetString()!);
}

public sealed class TestLog : ILoggerProvider, ILogger
{
    public ConcurrentQueue<(LogLevel Level, string Text)> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => this;

    public void Dispose() { }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull
    {
        Lines.Enqueue((LogLevel.Trace, state.ToString() ?? ""));
        return null;
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue((logLevel, formatter(state, exception) + exception));
}
