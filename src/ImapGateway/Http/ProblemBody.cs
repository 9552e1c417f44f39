using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using ImapGateway.Mail;
using ImapGateway.Responses;

namespace ImapGateway.Http;

/// <summary>Problem details (RFC 9457 section 3.1) with additional members: `code`, `traceId`, `errors`, `upstream`.</summary>
/// <param name="Type">A stable absolute URI for each code.</param>
/// <param name="Title">A sentence that is the same for all problems of a type.</param>
/// <param name="Status">The status of the response.</param>
/// <param name="Detail">A description of this problem.</param>
/// <param name="Code">The error code, from a closed list. Clients decide by it what to do.</param>
/// <param name="TraceId">The id that finds the request in the log: 32 hexadecimal digits (W3C Trace Context) if tracing is on.</param>
/// <param name="Errors">The members and parameters at fault.</param>
/// <param name="Upstream">The response of the mail server.</param>
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
