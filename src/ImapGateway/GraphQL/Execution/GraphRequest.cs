using GraphQL;

namespace ImapGateway.GraphQL.Execution;

/// <summary>An operation as a client sends it, whatever it came by.</summary>
/// <param name="OperationName">Which one of the document; null where there is but one.</param>
public sealed record GraphRequest(string Query, string? OperationName, Inputs Variables)
{
    /// <summary>What changes something must not follow from a link.</summary>
    public bool IsQueryOnly { get; init; }
}
