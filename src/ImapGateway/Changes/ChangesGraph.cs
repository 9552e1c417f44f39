using ImapGateway.GraphQL.Schema;

namespace ImapGateway.Changes;

/// <summary>The feed in the GraphQL schema.</summary>
public sealed class ChangesGraph : IGraph
{
    public void Build(GraphBuilder graph) =>
        graph.Query.Field(
            "feedPosition", "String!", async (_, call) => call.Service<GlobalFeed>() is var feed ? feed.Format((await feed.BoundsAsync(call.Cancel)).Head) : null,
            "`after` for the changes of all accounts: read before whatever else is asked for in the same operation, so that it misses nothing that comes after what that shows.").First();
}
