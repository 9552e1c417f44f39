using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ImapGateway.IntegrationTests.Webhooks;

/// <summary>A call that has arrived, byte for byte.</summary>
public sealed record Received(string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body, DateTimeOffset At)
{
    public string Id => Headers["webhook-id"];

    public JsonElement Json => JsonElement.Parse(Body);
}

/// <summary>A receiver of webhooks that answers as it is told.</summary>
public sealed class Receiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Received> _calls = new();

    private Receiver(WebApplication app) => _app = app;

    /// <summary>What a call is answered with; 204 at once unless told otherwise.</summary>
    public Func<Received, HttpResponse, Task> Answer { get; set; } = (_, response) =>
    {
        response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    };

    public IReadOnlyList<Received> Calls => [.. _calls];

    public int Count => _calls.Count;

    public static async Task<Receiver> Start()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var receiver = new Receiver(app);
        app.Run(receiver.Receive);
        await app.StartAsync();
        return receiver;
    }

    public string Url(string path = "hook") => $"{_app.Urls.First()}/{path}";

    public IReadOnlyList<Received> At(string path) => [.. _calls.Where(call => call.Path == "/" + path)];

    public Task Has(int calls) => TestWait.For(() => _calls.Count >= calls);

    public Task Has(string path, int calls) => TestWait.For(() => At(path).Count >= calls);

    public void Forget() => _calls.Clear();

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task Receive(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var call = new Received(
            context.Request.Path, context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase), body.ToArray(), DateTimeOffset.UtcNow);
        _calls.Enqueue(call);
        await Answer(call, context.Response);
    }
}
