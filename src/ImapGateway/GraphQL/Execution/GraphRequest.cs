using GraphQL;

namespace ImapGateway.GraphQL.Execution;

/// <summary>An operation as a client sends it, by any transport.</summary>
/// <param name="OperationName">The name of the operation in the document; null if it has only one.</param>
public sealed record GraphRequest(string Query, string? OperationName, Inputs Variables)
{
    /// <summary>True if only queries are allowed: following a link must not change anything.</summary>
    public bool IsQueryOnly { get; init; }
}
