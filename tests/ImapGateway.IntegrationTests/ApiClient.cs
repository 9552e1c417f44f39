using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace ImapGateway.IntegrationTests;

/// <summary>What the gateway answered. <see cref="Json"/> is undefined where the body is none.</summary>
public sealed record ApiAnswer(HttpStatusCode Status, JsonElement Json, string Text, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders);

/// <summary>JSON requests to a gateway with one key. It follows the gateway over a restart.</summary>
public sealed class ApiClient
{
    private readonly Func<HttpClient> _http;

    public ApiClient(GatewayProcess gateway) => _http = () => gateway.Http;

    public ApiClient(HttpClient http) => _http = () => http;

    public Task<ApiAnswer> Get(string path, params (string Name, string Value)[] headers) => Send(HttpMethod.Get, path, null, headers);

    public Task<ApiAnswer> Post(string path, object? body = null, params (string Name, string Value)[] headers) => Send(HttpMethod.Post, path, body, headers);

    public Task<ApiAnswer> Put(string path, object body, params (string Name, string Value)[] headers) => Send(HttpMethod.Put, path, body, headers);

    public Task<ApiAnswer> Patch(string path, object body, params (string Name, string Value)[] headers) => Send(HttpMethod.Patch, path, body, headers);

    public Task<ApiAnswer> Delete(string path, params (string Name, string Value)[] headers) => Send(HttpMethod.Delete, path, null, headers);

    public async Task<ApiAnswer> Send(HttpMethod method, string path, object? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Content = body is null ? null : JsonContent.Create(body, body.GetType());
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await _http().SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        var isJson = response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true && text.Length > 0;
        return new ApiAnswer(response.StatusCode, isJson ? JsonElement.Parse(text) : default, text, response.Headers, response.Content.Headers);
    }
}
