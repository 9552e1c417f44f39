using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace ImapGateway.Mail;

/// <summary>An expected failure, as REST (RFC 9457) and GraphQL tell it to the client.</summary>
/// <param name="Code">From the closed list.</param>
/// <param name="Detail">One sentence for people: what is wrong and what to do. Never a trace, a secret or mail content.</param>
/// <param name="Errors">The members that are wrong, where the request is at fault.</param>
/// <param name="Upstream">What the mail server said.</param>
/// <param name="RetryAfter">When to try again; 429 and 503 always carry one.</param>
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

/// <summary>One member or parameter at fault.</summary>
/// <param name="Detail">What is wrong with it.</param>
/// <param name="Pointer">Into the JSON body (RFC 6901); "" is the whole of it.</param>
/// <param name="Parameter">The name of a query parameter or header.</param>
[GenerateSerializer, Immutable]
public sealed record ProblemError(
    string Detail,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Pointer = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Parameter = null);

/// <summary>The mail server's own words: the response code (RFC 5530), if it gave one, and the text after it.</summary>
/// <param name="Code">Null where it gave none.</param>
/// <param name="Text">Null where it said nothing.</param>
[GenerateSerializer, Immutable]
public sealed record Upstream(string? Code, string? Text);

/// <summary>Carries a <see cref="Problem"/> to the one place that turns problems into answers; crosses the actor's border intact.</summary>
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
