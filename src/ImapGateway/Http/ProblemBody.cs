using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using ImapGateway.Mail;
using ImapGateway.Responses;

namespace ImapGateway.Http;

/// <summary>Problem details (RFC 9457 section 3.1) with members of our own: `code`, `traceId`, `errors`, `upstream`.</summary>
/// <param name="Type">A stable absolute URI per code.</param>
/// <param name="Title">The same sentence for all problems of a type.</param>
/// <param name="Status">Equals the status of the answer.</param>
/// <param name="Detail">What was wrong this time.</param>
/// <param name="Code">From a closed list: what to act on.</param>
/// <param name="TraceId">Finds the request in the log: 32 hexadecimal digits (W3C Trace Context) wherever tracing is on.</param>
/// <param name="Errors">The members and parameters at fault.</param>
/// <param name="Upstream">What the mail server said.</param>
public sealed record ProblemBody(
    string Type,
    string Title,
    int Status,
    string Detail,
    [property: SchemaOf(typeof(ErrorCode))] string Code,
    string TraceId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ImmutableArray<ProblemError>? Errors = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Upstream? Upstream = null)
{
    public const string ContentType = "application/problem+json";
    public const string TypeBase = "https://imapgateway.dev/problems/";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = StrictJson.Encoder };

    public static ProblemBody Of(Problem problem, string traceId)
    {
        var (name, status, title) = problem.Code.Describe();
        return new ProblemBody(
            TypeBase + name, title, status, problem.Detail, name, traceId, problem.Errors.IsDefaultOrEmpty ? null : problem.Errors, problem.Upstream);
    }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json);
}
