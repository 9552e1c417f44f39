namespace ImapGateway.Mail;

/// <summary>Why a resource is shown without what the mail server should have told about it.</summary>
/// <param name="Code" example="account.denied">From the closed list of error codes.</param>
/// <param name="Detail" example="The mail server denied the operation: Permission denied">What is wrong, with the words of the mail server where it gave any.</param>
[GenerateSerializer, Immutable]
public sealed record ResourceProblem(string Code, string Detail)
{
    public static ResourceProblem Of(Problem problem) =>
        new(problem.Code.Describe().Name, problem.Upstream?.Text is { Length: > 0 } words ? $"{problem.Detail.TrimEnd('.')}: {words}" : problem.Detail);
}
