using ImapGateway.Access;
using ImapGateway.Changes;
using ImapGateway.GraphQL.Schema;
using ImapGateway.Sync;

namespace ImapGateway.Mailboxes;

/// <summary>The mailbox of a change, as it is when the change is told: with its counters a screen need not ask again.</summary>
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
