using ImapGateway.Access;
using ImapGateway.Mail;
using ImapGateway.Responses;

namespace ImapGateway.GraphQL.Fields;

/// <summary>The context that all resolvers of one operation share.</summary>
/// <param name="Caller">The caller with its present rights.</param>
/// <param name="Freshness">The freshness that a read must get from the mail server.</param>
/// <param name="Cancel">A token that is cancelled when the client has left, or the time is over.</param>
public sealed record CallContext(Caller Caller, IServiceProvider Services, Freshness Freshness, CancellationToken Cancel)
{
    public Loaders Loaders { get; } = new();

    public AnswerHolds Holds { get; } = new();

    /// <summary>The id that finds the operation in the log.</summary>
    public required string TraceId { get; init; }

    /// <summary>The credential that is checked again as long as a subscription lasts; null if there is no subscription.</summary>
    public Credential? Credential { get; init; }

    /// <summary>The position of a client that reconnects; null if it begins as its document says.</summary>
    public string? LastPosition { get; init; }

    /// <summary>The conditions of reads.</summary>
    public Conditions When => Conditions.None with { Freshness = Freshness };
}
