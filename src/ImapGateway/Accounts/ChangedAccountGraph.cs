using ImapGateway.Access;
using ImapGateway.Changes;
using ImapGateway.GraphQL.Schema;

namespace ImapGateway.Accounts;

/// <summary>Adds the account of a change to the graph, as it is when the change is reported.</summary>
public sealed class ChangedAccountGraph : IGraph
{
    public void Build(GraphBuilder graph)
    {
        foreach (var type in ChangeGraphTypes.All)
        {
            graph.Extend<FollowedChange>(type)
                .Field("account", "Account", (change, call) => AccountsGraph.LoadAsync(call, change.Row.Account), "As it is now; null where it is removed.")
                .Requires(Scope.Accounts | Scope.MailReadBasic);
        }
    }
}
