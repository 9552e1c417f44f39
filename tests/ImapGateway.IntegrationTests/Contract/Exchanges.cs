using System.Text.Json;
using System.Text.Json.Nodes;

namespace ImapGateway.IntegrationTests.Contract;

/// <summary>Writes down what goes over the wire: one line of JSON for each answer.</summary>
public sealed class Exchanges(Uri gateway, string? key) : DelegatingHandler(new SocketsHttpHandler())
{
    private readonly List<string> _lines = [];

    public ApiClient Api => new(Http);

    public HttpClient Http => new(this, disposeHandler: false)
    {
        BaseAddress = gateway,
        DefaultRequestHeaders = { Authorization = key is null ? null : new("Bearer", key) },
    };

    public IReadOnlyList<string> Lines => _lines;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        var type = response.Content.Headers.ContentType?.ToString();
        if (type != "text/event-stream")
        {
            await response.Content.LoadIntoBufferAsync(cancellationToken);
        }
        var exchange = new JsonObject
        {
            ["method"] = request.Method.Method,
            ["path"] = request.RequestUri!.PathAndQuery,
            ["status"] = (int)response.StatusCode,
            ["contentType"] = type,
            ["headers"] = new JsonObject(response.Headers.Concat(response.Content.Headers).Select(header => KeyValuePair.Create<string, JsonNode?>(header.Key, string.Join(", ", header.Value)))),
        };
        if (type?.Contains("json", StringComparison.Ordinal) == true && request.Method != HttpMethod.Head)
        {
            exchange["body"] = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
        }
        _lines.Add(exchange.ToJsonString(JsonSerializerOptions.Web));
        return response;
    }
}
