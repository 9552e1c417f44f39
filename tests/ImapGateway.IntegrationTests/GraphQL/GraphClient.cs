using System.Net;
using System.Text.Json;

namespace ImapGateway.IntegrationTests.GraphQL;

/// <summary>Operations sent by POST.</summary>
public static class GraphClient
{
    public static Task<ApiAnswer> Graph(this ApiClient api, string query, object? variables = null, params (string Name, string Value)[] headers) =>
        api.Post("/graphql", new { query, variables }, headers);

    /// <summary>The data; the test fails where there are errors.</summary>
    public static async Task<JsonElement> Data(this ApiClient api, string query, object? variables = null)
    {
        var answer = await api.Graph(query, variables);
        Assert.True(answer.Status == HttpStatusCode.OK && !answer.Json.TryGetProperty("errors", out _), $"{answer.Status}: {answer.Text}");
        return answer.Json.GetProperty("data");
    }

    /// <summary>The only error.</summary>
    public static JsonElement Error(this ApiAnswer answer)
    {
        Assert.True(answer.Json.TryGetProperty("errors", out var errors), answer.Text);
        return Assert.Single(errors.EnumerateArray());
    }

    public static string Code(this JsonElement error) => error.GetProperty("extensions").GetProperty("code").GetString()!;

    /// <summary>A member of a member.</summary>
    public static JsonElement At(this JsonElement json, string path)
    {
        foreach (var name in path.Split('.'))
        {
            json = int.TryParse(name, out var index) ? json[index] : json.GetProperty(name);
        }
        return json;
    }

    public static string[] Texts(this JsonElement json, string member) => [.. json.EnumerateArray().Select(one => one.GetProperty(member).GetString()!)];
}
