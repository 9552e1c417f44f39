using ImapGateway.Access;
using ImapGateway.Mail;
using ImapGateway.Responses;

namespace ImapGateway.GraphQL.Execution;

/// <summary>What all resolvers of one operation share.</summary>
/// <param name="Caller">With the rights of this moment.</param>
/// <param name="Freshness">How much a read must ask of the mail server.</param>
/// <param name="Cancel">The client has gone, or the time for it is over.</param>
public sealed record CallContext(Caller Caller, IServiceProvider Services, Freshness Freshness, CancellationToken Cancel)
{
    public Loaders Loaders { get; } = new();

    public AnswerHolds Holds { get; } = new();

    /// <summary>Finds the operation in the log.</summary>
    public required string TraceId { get; init; }

    /// <summary>Asked again for as long as a subscription lasts; null where none can be.</summary>
    public Credential? Credential { get; init; }

    /// <summary>Where a client that comes back was; null where it begins as its document says.</summary>
    public string? LastPosition { get; init; }

    /// <summary>For reads.</summary>
    public Conditions When => Conditions.None with { Freshness = Freshness };
}
