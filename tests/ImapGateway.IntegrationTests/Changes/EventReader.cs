using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace ImapGateway.IntegrationTests.Changes;

/// <param name="Type">"" where none was given: a block that only tells the id, or a comment.</param>
public sealed record ServerEvent(string Id, string Type, string Data)
{
    public JsonElement Json => JsonElement.Parse(Data);
}

/// <summary>Reads server-sent events line by line, heartbeats included.</summary>
public sealed class EventReader : IAsyncDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _lines;

    private EventReader(HttpResponseMessage response, Stream body) => (_response, _lines) = (response, new StreamReader(body));

    public HttpResponseHeaders Headers => _response.Headers;

    public HttpContentHeaders ContentHeaders => _response.Content.Headers;

    public static async Task<EventReader> Open(HttpClient http, string path, string? lastEventId = null, string? accept = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (lastEventId is not null)
        {
            request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        }
        request.Headers.TryAddWithoutValidation("Accept", accept);
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{(int)response.StatusCode} {(response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync())}");
        return new EventReader(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>The next block of lines; null at the end.</summary>
    public async Task<ServerEvent?> NextBlock()
    {
        using var deadline = new CancellationTokenSource(Servers.Journal<string>.Patience);
        var (id, type, data) = ("", "", "");
        while (await _lines.ReadLineAsync(deadline.Token) is { } line)
        {
            var (name, value) = line.Split(": ", 2) is [var first, var second] ? (first, second) : (line, "");
            switch (name)
            {
                case "":
                    return new ServerEvent(id, type, data);
                case "id":
                    id = value;
                    break;
                case "event":
                    type = value;
                    break;
                case "data":
                    data = value;
                    break;
                default:
                    Assert.StartsWith(":", line, StringComparison.Ordinal);
                    break;
            }
        }
        return null;
    }

    /// <summary>The next event, without heartbeats.</summary>
    public async Task<ServerEvent?> Next()
    {
        while (await NextBlock() is { } block)
        {
            if (block.Type.Length > 0)
            {
                return block;
            }
        }
        return null;
    }

    public ValueTask DisposeAsync()
    {
        _lines.Dispose();
        _response.Dispose();
        return ValueTask.CompletedTask;
    }
}
