using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace ImapGateway.Mail;

/// <summary>An expected failure, in the form that REST (RFC 9457) and GraphQL report to the client.</summary>
/// <param name="Code">A code from the closed list.</param>
/// <param name="Detail">One sentence for a human reader: what is wrong and what to do. Never a trace, a secret or mail content.</param>
/// <param name="Errors">The members that are wrong, if the request is the cause.</param>
/// <param name="Upstream">The response of the mail server.</param>
/// <param name="RetryAfter">The time to wait before the next attempt. 429 and 503 always have one.</param>
[GenerateSerializer, Immutable]
public sealed record Problem(
    ErrorCode Code,
    string Detail,
    ImmutableArray<ProblemError> Errors = default,
    Upstream? Upstream = null,
    TimeSpan? RetryAfter = null)
{
    public static Problem MessageGone { get; } = new(ErrorCode.Gone, "The message is gone.");
}

/// <summary>A member or parameter of the request that is wrong.</summary>
/// <param name="Detail">A description of the error.</param>
/// <param name="Pointer">A pointer into the JSON body (RFC 6901); "" is the whole of it.</param>
/// <param name="Parameter">The name of a query parameter or header.</param>
[GenerateSerializer, Immutable]
public sealed record ProblemError(
    string Detail,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Pointer = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Parameter = null);

/// <summary>The mail server's own response: the response code (RFC 5530), if it gave one, and the response text after it.</summary>
/// <param name="Code">The response code, or null if there was none.</param>
/// <param name="Text">The response text, or null if there was none.</param>
[GenerateSerializer, Immutable]
public sealed record Upstream(string? Code, string? Text);

/// <summary>The exception that carries a <see cref="Problem"/> to the one place that turns problems into answers. It crosses the actor's border unchanged.</summary>
[GenerateSerializer]
public sealed class ProblemException : Exception
{
    public ProblemException(Problem problem) : base(problem.Detail) => Problem = problem;

    public ProblemException(Problem problem, Exception cause) : base(problem.Detail, cause) => Problem = problem;

    public ProblemException(ErrorCode code, string detail) : this(new Problem(code, detail)) { }

    [Id(0)]
    public Problem Problem { get; }

    public ErrorCode Code => Problem.Code;
}
