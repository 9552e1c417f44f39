using System.Net;
using System.Text;
using System.Text.Json;

namespace ImapGateway.IntegrationTests.Hostile;

/// <summary>A request with one place for a hostile value.</summary>
/// <param name="Place">The operation and the parameter.</param>
/// <param name="Path">With <see cref="Hole"/> where the value goes, if it goes there.</param>
/// <param name="Body">JSON with <see cref="Hole"/> or <see cref="DocumentHole"/> where the value goes.</param>
/// <param name="Header">The header whose value it is.</param>
public sealed record HostileCall(string Place, HttpMethod Method, string Path, string? Body = null, string? Header = null)
{
    public const string Hole = "@HOSTILE@";

    /// <summary>Between the quotes of a string of a GraphQL document: an escape of GraphQL, and its backslash one of the JSON around it.</summary>
    public const string DocumentHole = "@HOSTILE IN DOCUMENT@";

    /// <summary>What is literal in a document comes to the same arguments as variables do.</summary>
    public IEnumerable<string> Values => Header is not null ? HostileText.All.Where(HostileText.FitsHeader) : Body?.Contains(DocumentHole, StringComparison.Ordinal) == true ? HostileText.Few : HostileText.All;

    /// <summary>What was answered. A stream of events is not read.</summary>
    public async Task<HostileAnswer> Send(HttpClient http, string value)
    {
        using var request = new HttpRequestMessage(Method, new Uri(Path.Replace(Hole, HostileText.InUrl(value), StringComparison.Ordinal), UriKind.Relative));
        if (Body is not null)
        {
            request.Content = new StringContent(
                Body.Replace(Hole, HostileText.Escaped(value), StringComparison.Ordinal).Replace(DocumentHole, HostileText.Escaped(value).Replace("\\", "\\\\", StringComparison.Ordinal), StringComparison.Ordinal), Encoding.UTF8, "application/json");
        }
        if (Header is not null)
        {
            request.Headers.TryAddWithoutValidation(Header, value);
        }
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var text = response.Content.Headers.ContentType?.MediaType == "text/event-stream" ? "" : await response.Content.ReadAsStringAsync();
        return new HostileAnswer(Place, value, response.StatusCode, Codes(text), text);
    }

    /// <summary>Codes of problems, of REST and of GraphQL, wherever they stand.</summary>
    private static string Codes(string text)
    {
        if (!text.StartsWith('{'))
        {
            return "";
        }
        var codes = new SortedSet<string>(StringComparer.Ordinal);
        Collect(JsonElement.Parse(text), codes);
        return string.Join(' ', codes);
    }

    private static void Collect(JsonElement json, SortedSet<string> codes)
    {
        if (json.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in json.EnumerateArray())
            {
                Collect(item, codes);
            }
        }
        else if (json.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in json.EnumerateObject())
            {
                if (member.Name == "code" && member.Value.ValueKind == JsonValueKind.String)
                {
                    codes.Add(member.Value.GetString()!);
                }
                Collect(member.Value, codes);
            }
        }
    }
}

/// <param name="Codes">Of all problems in it.</param>
public sealed record HostileAnswer(string Place, string Value, HttpStatusCode Status, string Codes, string Text)
{
    public bool IsInternalError => Status == HttpStatusCode.InternalServerError || Codes.Split(' ').Contains("internal_error");

    public override string ToString() => $"{Place} = {HostileText.Show(Value)}: {(int)Status} {Codes}";
}
