using GraphQL.Types;
using ImapGateway.GraphQL.Execution;
using ImapGateway.GraphQL.Schema;
using ImapGateway.GraphQL.Transport;
using ImapGateway.Settings;

namespace ImapGateway.GraphQL;

public static class GraphQLSetup
{
    /// <param name="graphs">The types and fields of the features.</param>
    public static void AddGraphQL(this WebApplicationBuilder builder, params IGraph[] graphs)
    {
        builder.AddSettings<GraphQLOptions>("GraphQL");
        builder.Services.AddSingleton(_ => Assemble(graphs));
        builder.Services.AddSingleton<Documents>();
        builder.Services.AddSingleton<GraphExecutor>();
        builder.Services.AddSingleton<SocketDoor>();
        builder.Services.AddSingleton<EventDoor>();
        builder.Services.AddSingleton<KnownAnswers>();
    }

    public static ISchema Assemble(params IEnumerable<IGraph> graphs)
    {
        var builder = new GraphBuilder();
        foreach (var graph in graphs)
        {
            graph.Build(builder);
        }
        return builder.Build();
    }
}
