using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using GraphQL;
using ImapGateway.GraphQL.Execution;
using ImapGateway.Mail;
using Microsoft.Net.Http.Headers;

namespace ImapGateway.GraphQL.Transport;

/// <summary>Reads an operation from a POST or a GET.</summary>
public static class RequestReader
{
    private const int MaxDepth = 64;

    /// <summary>Reads the body. Only JSON is accepted: browsers send other types to foreign hosts without a preflight.</summary>
    /// <exception cref="ProblemException">415 or 413.</exception>
    public static async Task<ReadOnlyMemory<byte>> BodyAsync(HttpRequest request, int maxBytes, CancellationToken cancel)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || type.Charset.Length > 0 && !type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase))
        {
            throw new ProblemException(ErrorCode.UnsupportedMediaType, "Send the operation as application/json in UTF-8.");
        }
        return await ReadAsync(request, maxBytes, cancel);
    }

    /// <exception cref="ProblemException">400 if it is not an operation.</exception>
    public static GraphRequest Posted(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = Parse(body);
            return Of(json.RootElement);
        }
        catch (JsonException)
        {
            throw new ProblemException(ErrorCode.BadRequest, $"The body is not JSON in Unicode, has two members of one name, or is nested more than {MaxDepth} deep.");
        }
    }

    /// <exception cref="ProblemException">400 if it is not an operation.</exception>
    public static GraphRequest Asked(HttpRequest request)
    {
        var query = request.Query;
        try
        {
            var variables = query["variables"] is { Count: > 0 } given && given[0] is { Length: > 0 } text ? Parsed(text) : Inputs.Empty;
            var name = query["operationName"].ToString();
            return query["query"].ToString() is { Length: > 0 } document
                ? new GraphRequest(document, name.Length == 0 ? null : name, variables) { IsQueryOnly = true }
                : throw NoQuery();
        }
        catch (JsonException)
        {
            throw new ProblemException(ErrorCode.BadRequest, "variables must be a JSON object, without two members of one name.");
        }
    }

    /// <summary>
    /// Parses JSON whose strings and names can all be read: <see cref="JsonElement.GetString"/> fails for escapes that are half a surrogate pair, and for invalid UTF-8.
    /// </summary>
    /// <exception cref="JsonException">Invalid JSON, also strings that are not Unicode (RFC 8259 section 8.2), and two members of one name (section 4).</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8.Span, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && !IsUnicode(ref reader))
            {
                throw new JsonException("A string is not Unicode.");
            }
        }
        return JsonDocument.Parse(utf8, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false });
    }

    private static bool IsUnicode(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
        {
            return Utf8.IsValid(reader.ValueSpan);
        }
        try
        {
            reader.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static Inputs Parsed(string text)
    {
        using var json = Parse(Encoding.UTF8.GetBytes(text));
        return Variables(json.RootElement);
    }

    /// <exception cref="ProblemException">400 if it is not an operation.</exception>
    public static GraphRequest Of(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new ProblemException(ErrorCode.BadRequest, "The body must be one operation: a JSON object with query, and variables, operationName and extensions where they are needed.");
        }
        if (!json.TryGetProperty("query", out var query) || query.ValueKind != JsonValueKind.String)
        {
            throw NoQuery();
        }
        var name = json.TryGetProperty("operationName", out var given) ? given : default;
        if (name.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.String))
        {
            throw new ProblemException(ErrorCode.BadRequest, "operationName must be a string.");
        }
        if (json.TryGetProperty("extensions", out var extensions) && extensions.ValueKind is not (JsonValueKind.Null or JsonValueKind.Object))
        {
            throw new ProblemException(ErrorCode.BadRequest, "extensions must be an object.");
        }
        var text = name.ValueKind == JsonValueKind.String ? name.GetString() : null;
        return new GraphRequest(query.GetString()!, string.IsNullOrEmpty(text) ? null : text, json.TryGetProperty("variables", out var variables) ? Variables(variables) : Inputs.Empty);
    }

    private static Inputs Variables(JsonElement json) => json.ValueKind is JsonValueKind.Object or JsonValueKind.Null
        ? VariableValues.Of(json)
        : throw new ProblemException(ErrorCode.BadRequest, "variables must be an object.");

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request, int maxBytes, CancellationToken cancel)
    {
        if (request.ContentLength > maxBytes)
        {
            throw TooLarge(maxBytes);
        }
        var body = new MemoryStream((int)(request.ContentLength ?? 1024));
        while (true)
        {
            var read = await request.BodyReader.ReadAsync(cancel);
            foreach (var piece in read.Buffer)
            {
                body.Write(piece.Span);
            }
            request.BodyReader.AdvanceTo(read.Buffer.End);
            if (body.Length > maxBytes)
            {
                throw TooLarge(maxBytes);
            }
            if (read.IsCompleted)
            {
                return body.GetBuffer().AsMemory(0, (int)body.Length);
            }
        }
    }

    private static ProblemException NoQuery() => new(ErrorCode.BadRequest, "query is missing: the document as a string.");

    private static ProblemException TooLarge(int maxBytes) => new(ErrorCode.TooLarge, $"An operation has at most {maxBytes} bytes with its variables (GraphQL:MaxBodyBytes).");
}
