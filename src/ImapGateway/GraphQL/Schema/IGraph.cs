namespace ImapGateway.GraphQL.Schema;

/// <summary>Adds the types of a feature to the graph, and fields of types that other features have made, by their names.</summary>
public interface IGraph
{
    void Build(GraphBuilder graph);
}
