using System.Net;

namespace ImapGateway.IntegrationTests;

/// <summary>What tests ask of an answer; a failure shows the answer.</summary>
public static class ApiAnswers
{
    public static ApiAnswer Is(this ApiAnswer answer, HttpStatusCode status)
    {
        Assert.True(answer.Status == status, $"{(int)status} was expected, this came: {(int)answer.Status} {answer.Text}");
        return answer;
    }

    /// <summary>A problem with this code, a trace id, and Retry-After where there must be one.</summary>
    public static ApiAnswer IsProblem(this ApiAnswer answer, string code)
    {
        Assert.True(answer.ContentHeaders.ContentType?.MediaType == "application/problem+json", $"{(int)answer.Status} {answer.Text}");
        Assert.True(answer.Json.GetProperty("code").GetString() == code, $"{code} was expected, this came: {(int)answer.Status} {answer.Text}");
        Assert.Equal((int)answer.Status, answer.Json.GetProperty("status").GetInt32());
        Assert.Matches("^[0-9a-f]{32}$", answer.Json.GetProperty("traceId").GetString());
        Assert.True((int)answer.Status is not (429 or 503) || answer.Headers.RetryAfter?.Delta > TimeSpan.Zero, "There is no Retry-After.");
        return answer;
    }

    public static string Text(this ApiAnswer answer, params string[] path) =>
        path.Aggregate(answer.Json, (json, name) => json.GetProperty(name)).GetString()!;

    /// <summary>Where the first mistake is.</summary>
    public static string? Pointer(this ApiAnswer answer) => answer.Json.GetProperty("errors")[0].GetProperty("pointer").GetString();
}
