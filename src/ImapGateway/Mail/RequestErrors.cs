using System.Collections.Immutable;
using System.Globalization;

namespace ImapGateway.Mail;

/// <summary>Collects what is wrong with a request, so that the client gets all errors at once.</summary>
public sealed class RequestErrors
{
    private readonly ImmutableArray<ProblemError>.Builder _errors = ImmutableArray.CreateBuilder<ProblemError>();

    public void Parameter(string name, string detail) => _errors.Add(new ProblemError(detail, Parameter: name));

    /// <summary>Adds an error at a member. The pointer is RFC 6901: <c>/accounts/0</c>.</summary>
    public void Member(string pointer, string detail) => _errors.Add(new ProblemError(detail, pointer));

    public void Range(string parameter, long? value, long least, long most)
    {
        if (value < least || value > most)
        {
            Parameter(parameter, string.Create(CultureInfo.InvariantCulture, $"A whole number from {least} to {most} is expected."));
        }
    }

    /// <summary>Throws the collected errors: 400 for a malformed request; 422 or 403 if it is well formed and still cannot be executed.</summary>
    public void ThrowIfAny(ErrorCode code = ErrorCode.BadRequest, string detail = "The request has mistakes; errors lists them.")
    {
        if (_errors.Count > 0)
        {
            throw new ProblemException(new Problem(code, detail, _errors.ToImmutable()));
        }
    }

    public static ProblemException OfParameter(string name, string detail) =>
        new(new Problem(ErrorCode.BadRequest, $"{name}: {detail}", [new ProblemError(detail, Parameter: name)]));
}
