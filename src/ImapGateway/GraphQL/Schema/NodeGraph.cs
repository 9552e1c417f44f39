using ImapGateway.GraphQL.Fields;
using ImapGateway.Mail;

namespace ImapGateway.GraphQL.Schema;

/// <summary>Finds the objects of one feature by id.</summary>
/// <param name="Prefix">The prefix of its ids; null: any id that no other feature knows may be one.</param>
/// <param name="LoadAsync">Loads the object; null if it does not exist, or the caller may not see it.</param>
public sealed record NodeLoader(string? Prefix, Func<FieldCall, string, Task<object?>> LoadAsync);

/// <summary>Adds the fields node and nodes (Relay): every object with an id can be read by it alone.</summary>
public static class NodeGraph
{
    /// <summary>The largest number of ids. More are too many for one response.</summary>
    private const int MostIds = 100;

    public static void Build(GraphBuilder graph, IReadOnlyList<NodeLoader> loaders)
    {
        var ordered = loaders.OrderBy(loader => loader.Prefix is null).ToList();
        graph.Interface("Node", "What can be read by its id alone.", ("id", "ID!", "The same as in REST; no other object has it."));
        graph.Query.Field("node", "Node", (_, call) => FindAsync(ordered, call, call.Text("id")!), "Whatever has this id; null where there is nothing, or the key must not see it.", new GraphArgument("id", "ID!", "Of an account, mailbox, message, webhook or key."));
        graph.Query.Field("nodes", "[Node]!", (_, call) => FindAsync(ordered, call, call.Texts("ids")!), "In the order of the ids.", new GraphArgument("ids", "[ID!]!", $"At most {MostIds}."))
            .Counts(call => call.Texts("ids")?.Count ?? 0);
    }

    private static Task<object?[]> FindAsync(List<NodeLoader> loaders, FieldCall call, IReadOnlyList<string> ids) => ids.Count <= MostIds
        ? Task.WhenAll(ids.Select(id => FindOrFailAsync(loaders, call, id)))
        : throw RequestErrors.OfParameter("ids", $"At most {MostIds} ids are expected.");

    /// <summary>Returns the object or its failure. One that cannot be read does not prevent the others.</summary>
    private static async Task<object?> FindOrFailAsync(List<NodeLoader> loaders, FieldCall call, string id)
    {
        try
        {
            return await FindAsync(loaders, call, id);
        }
        catch (ProblemException e)
        {
            return new Failed(e);
        }
    }

    private static async Task<object?> FindAsync(List<NodeLoader> loaders, FieldCall call, string id)
    {
        foreach (var loader in loaders.Where(loader => loader.Prefix is null || id.StartsWith(loader.Prefix, StringComparison.Ordinal)))
        {
            try
            {
                if (await loader.LoadAsync(call, id) is { } found)
                {
                    return found;
                }
            }
            catch (ProblemException e) when (e.Code is ErrorCode.NotFound or ErrorCode.Gone)
            {
                // The id may belong to another feature.
            }
        }
        return null;
    }
}
