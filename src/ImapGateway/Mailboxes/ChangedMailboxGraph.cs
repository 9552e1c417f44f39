using ImapGateway.Access;
using ImapGateway.Changes;
using ImapGateway.GraphQL.Schema;
using ImapGateway.Sync;

namespace ImapGateway.Mailboxes;

/// <summary>Adds the mailbox of a change to the graph, as it is when the change is reported. It has its counters, so that a client need not ask again.</summary>
public sealed class ChangedMailboxGraph : IGraph
{
    public void Build(GraphBuilder graph)
    {
        foreach (var type in ChangeGraphTypes.OfMessages.Concat(ChangeGraphTypes.OfMailboxes))
        {
            graph.Extend<FollowedChange>(type).Field(
                "mailbox", "Mailbox",
                (change, call) => MailboxesGraph.LoadAsync(call, change.Row.Account, new MailboxRef(change.MailboxId, null, null)),
                "As it is now; null where it is gone.").Requires(Scope.MailReadBasic);
        }
    }
}
