using System.Buffers;
using System.Text.Json;
using GraphQL;
using ImapGateway.Http;
using ImapGateway.Mail;

namespace ImapGateway.GraphQL.Execution;

/// <summary>An error of a response (GraphQL section 7.1.4).</summary>
/// <param name="Problem">The problem as REST reports it.</param>
/// <param name="Path">The path of the field; null: the error is about the request.</param>
public sealed record GraphError(Problem Problem, IReadOnlyList<(int Line, int Column)> Locations, IReadOnlyList<object>? Path)
{
    public static GraphError Of(ErrorCode code, string detail) => new(new Problem(code, detail), [], null);

    public static GraphError Of(ExecutionError error) =>
        new(new Problem(ErrorCode.BadRequest, error.Message), [.. (error.Locations ?? []).Select(at => (at.Line, at.Column))], null);

    /// <summary>Writes a response that has nothing but errors.</summary>
    public static void WriteAll(IBufferWriter<byte> to, IReadOnlyList<GraphError> errors, string traceId)
    {
        using var json = new Utf8JsonWriter(to, GraphExecutor.Writing);
        json.WriteStartObject();
        json.WriteStartArray("errors");
        foreach (var error in errors)
        {
            error.Write(json, traceId);
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    public void Write(Utf8JsonWriter json, string traceId)
    {
        var body = ProblemBody.Of(Problem, traceId);
        json.WriteStartObject();
        json.WriteString("message", body.Detail);
        if (Locations.Count > 0)
        {
            json.WriteStartArray("locations");
            foreach (var (line, column) in Locations)
            {
                json.WriteStartObject();
                json.WriteNumber("line", line);
                json.WriteNumber("column", column);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        if (Path is not null)
        {
            json.WritePropertyName("path");
            JsonSerializer.Serialize(json, Path);
        }
        json.WritePropertyName("extensions");
        JsonSerializer.Serialize(json, new Extensions(body.Code, body.Status, body.TraceId, body.Errors, body.Upstream, ProblemWriter.RetryAfter(body.Status, Problem)), Wire);
        json.WriteEndObject();
    }

    /// <param name="Status">The status that REST has for it.</param>
    /// <param name="RetryAfter">The seconds to wait before a retry.</param>
    private sealed record Extensions(string Code, int Status, string TraceId, IReadOnlyList<ProblemError>? Errors, Upstream? Upstream, long? RetryAfter);

    private static readonly JsonSerializerOptions Wire = new(JsonSerializerDefaults.Web)
    {
        Encoder = StrictJson.Encoder,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };
}
