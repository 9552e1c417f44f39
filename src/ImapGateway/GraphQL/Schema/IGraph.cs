namespace ImapGateway.GraphQL.Schema;

/// <summary>What a feature adds to the graph: types of its own, and fields of types that other features have made, by their names.</summary>
public interface IGraph
{
    void Build(GraphBuilder graph);
}
