using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net.Http.Headers;
using ImapGateway.Background;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.Settings;
using ImapGateway.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.IntegrationTests.Faults;

/// <summary>
/// The whole gateway inside of the test process, with a database that fails where a test wants it to. The clock of its background loops runs 200 times as fast as the real one, from before the start
/// until after the stop: nothing waits for a clock that stands still.
/// </summary>
public class FaultyGateway : IAsyncLifetime
{
    private const string AdminKey = "an-admin-key-of-the-settings-0123456789";

    /// <summary>Longer is a failure, not a busy machine.</summary>
    private static readonly TimeSpan LongestStop = TimeSpan.FromMinutes(1);

    private readonly TemporaryDirectory _directory = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly CancellationTokenSource _over = new();
    private readonly RecordedLog _log = new();
    private readonly ConcurrentDictionary<(string Instrument, string Loop), long> _counts = new();
    private readonly MeterListener _meters = new();
    private WebApplication? _app;
    private HttpClient? _http;
    private Task _clock = Task.CompletedTask;

    public IServiceProvider Services => App.Services;

    public FaultyDatabase Database => (FaultyDatabase)Services.GetRequiredService<IDatabase>();

    /// <summary>Requests with the admin key.</summary>
    public ApiClient Api => new(_http!);

    /// <summary>All that was logged, as <c>Level message exception</c>.</summary>
    public Journal<string> Log => _log.Lines;

    public IEnumerable<LoopService> LoopServices => Services.GetServices<IHostedService>().OfType<LoopService>();

    private WebApplication App => _app ?? throw new InvalidOperationException("The gateway is not built.");

    public async ValueTask InitializeAsync()
    {
        _clock = Task.Run(RunClockAsync);
        _app = Program.Build(
            [
                $"--DataDirectory={_directory.Path}", "--urls=http://127.0.0.1:0", $"--Auth:AdminKey={AdminKey}", "--Egress:AllowPrivateNetworks=true", "--Cache:DiskBytes=10000000",
                "--Watch:MoveWindow=1s", "--Webhooks:RetrySchedule:0=5s", "--Webhooks:RetrySchedule:1=5s", "--Webhooks:OrderHold=1s",
            ],
            services =>
            {
                services.AddLogging(logging => logging.ClearProviders().AddProvider(_log));
                services.Replace(ServiceDescriptor.Singleton(provider => new Loops(_time, provider.GetRequiredService<ILogger<Loops>>())));
                services.Replace(ServiceDescriptor.Singleton<IDatabase>(provider => new FaultyDatabase(provider.GetRequiredService<IStorage>().Database)));
                Replace(services);
            });
        foreach (var step in Services.GetServices<IStartupStep>())
        {
            await step.RunAsync(default);
        }
        Measure(Services.GetRequiredService<Loops>().Meter);
        await App.StartAsync().WaitAsync(LongestStop);
        _http = ClientWith(AdminKey);
    }

    public HttpClient ClientWith(string key)
    {
        var client = new HttpClient { BaseAddress = new Uri(App.Urls.First()), Timeout = LongestStop };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    /// <summary>Turns of loops of this name that have failed.</summary>
    public long FailuresOf(string loop) => _counts.GetValueOrDefault(("imapgateway.loop.failures", loop));

    /// <summary>Loops of this name whose last turn failed, by the metric.</summary>
    public long FailingOf(string loop)
    {
        _meters.RecordObservableInstruments();
        return _counts.GetValueOrDefault(("imapgateway.loop.failing", loop));
    }

    /// <summary>By the body of /health/ready: why loops of this name fail; null: they do not.</summary>
    public async Task<string?> ReasonOf(string loop)
    {
        var ready = (await Api.Get("/health/ready")).Json;
        return ready.TryGetProperty("failingLoops", out var failing)
            ? failing.EnumerateArray().Where(one => one.GetProperty("loop").GetString() == loop).Select(one => one.GetProperty("reason").GetString()).FirstOrDefault()
            : null;
    }

    /// <summary>Adds an account at the server.</summary>
    public async Task<string> Add(ScriptedImapServer server, string watch)
    {
        var imap = new { host = "127.0.0.1", port = server.Port, security = "none", username = "anna", password = "pass" };
        return (await Api.Post("/v1/accounts", new { email = "anna@example.com", watch, imap })).Is(System.Net.HttpStatusCode.Created).Text("id");
    }

    public async Task<string> AddWatched(ScriptedImapServer server)
    {
        var id = await Add(server, "all");
        await TestWait.For(async () => (await Api.Get($"/v1/accounts/{id}")).Text("state") == "connected");
        return id;
    }

    /// <summary>The host and its services run.</summary>
    public void Runs()
    {
        Assert.False(App.Lifetime.ApplicationStopping.IsCancellationRequested);
        Assert.DoesNotContain(Services.GetServices<IHostedService>().OfType<BackgroundService>(), service => service.ExecuteTask is { IsCompleted: true });
    }

    /// <summary>Replaces other services.</summary>
    protected virtual void Replace(IServiceCollection services) { }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _http?.Dispose();
        if (_app is not null)
        {
            await _app.StopAsync().WaitAsync(LongestStop);
            await _app.DisposeAsync().AsTask().WaitAsync(LongestStop);
        }
        await _over.CancelAsync();
        await _clock;
        _over.Dispose();
        _meters.Dispose();
        _log.Dispose();
        _directory.Dispose();
    }

    private async Task RunClockAsync()
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!_over.IsCancellationRequested)
        {
            await tick.WaitForNextTickAsync();
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    private void Measure(Meter meter)
    {
        _meters.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter == meter)
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => _counts.AddOrUpdate((instrument.Name, LoopIn(tags)), value, (_, before) => before + value));
        _meters.SetMeasurementEventCallback<int>((instrument, value, tags, _) => _counts[(instrument.Name, LoopIn(tags))] = value);
        _meters.Start();
    }

    private static string LoopIn(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var tag in tags)
        {
            if (tag.Key == "loop")
            {
                return (string)tag.Value!;
            }
        }
        return "";
    }

    private sealed class RecordedLog : ILoggerProvider, ILogger
    {
        public Journal<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => LoopScope.Begin(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add($"{logLevel} {formatter(state, exception)} {exception}");

        public void Dispose() { }
    }
}
