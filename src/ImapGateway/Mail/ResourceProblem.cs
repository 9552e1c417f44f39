namespace ImapGateway.Mail;

/// <summary>The reason why a resource is shown without data that the mail server should have reported.</summary>
/// <param name="Code" example="account.denied">A code from the closed list of error codes.</param>
/// <param name="Detail" example="The mail server denied the operation: Permission denied">A description of the problem, with the response text of the mail server if there is any.</param>
[GenerateSerializer, Immutable]
public sealed record ResourceProblem(string Code, string Detail)
{
    public static ResourceProblem Of(Problem problem) =>
        new(problem.Code.Describe().Name, problem.Upstream?.Text is { Length: > 0 } words ? $"{problem.Detail.TrimEnd('.')}: {words}" : problem.Detail);
}
