using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using ImapGateway.Mail;

namespace ImapGateway.Http;

/// <summary>A problem as it stands on the wire (RFC 9457 section 3.1, and our extension members); media type <c>application/problem+json</c>.</summary>
/// <param name="Type">A stable absolute URI per code.</param>
/// <param name="Title">The same sentence for all problems of a type.</param>
/// <param name="Status">Equals the status of the answer.</param>
/// <param name="Detail">What was wrong this time.</param>
/// <param name="Code">From the closed list of <see cref="ErrorCode"/>.</param>
/// <param name="TraceId">Finds the request in the log: 32 hexadecimal digits (W3C Trace Context) wherever tracing is on.</param>
/// <param name="Errors">The members and parameters at fault.</param>
/// <param name="Upstream">What the mail server said.</param>
public sealed record ProblemBody(
    string Type,
    string Title,
    int Status,
    string Detail,
    string Code,
    string TraceId,
    ImmutableArray<ProblemError>? Errors = null,
    Upstream? Upstream = null)
{
    public const string ContentType = "application/problem+json";
    public const string TypeBase = "https://imapgateway.dev/problems/";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = StrictJson.Encoder,
    };

    public static ProblemBody Of(Problem problem, string traceId)
    {
        var (name, status, title) = problem.Code.Describe();
        return new ProblemBody(
            TypeBase + name, title, status, problem.Detail, name, traceId, problem.Errors.IsDefaultOrEmpty ? null : problem.Errors, problem.Upstream);
    }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json);
}
