using ImapGateway.Access;
using ImapGateway.Accounts;
using ImapGateway.Changes;
using ImapGateway.GraphQL.Schema;
using ImapGateway.Mail;

namespace ImapGateway.Messages;

/// <summary>Adds the message of a change to the graph, as it was then; what its summary does not have is read on demand.</summary>
public sealed class ChangedMessageGraph : IGraph
{
    public void Build(GraphBuilder graph)
    {
        foreach (var type in ChangeGraphTypes.WithMessage)
        {
            graph.Extend<FollowedChange>(type).Part(
                "message", "Message", change => change.Message is { } message ? new InAccount<Message>(change.Row.Account, message) : null,
                "As it was then, where that was known.").Requires(Scope.MailReadBasic);
        }
    }
}
