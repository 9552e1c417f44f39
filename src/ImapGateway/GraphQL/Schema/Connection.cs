using ImapGateway.GraphQL.Fields;
using ImapGateway.Mail;
using ImapGateway.Responses;

namespace ImapGateway.GraphQL.Schema;

/// <summary>A page of a list (Relay Cursor Connections). A page may be shorter than asked for without being the last.</summary>
/// <param name="Nodes">The nodes in the order of the list, in both directions.</param>
/// <param name="CursorOf">Makes the cursor of a node; it is called only for selected cursors.</param>
/// <param name="StartCursor">The start cursor; null: that of the first node.</param>
/// <param name="EndCursor">The end cursor; null: that of the last node. A page that only examined messages has no nodes, and continues all the same.</param>
public sealed record Connection<T>(IReadOnlyList<T> Nodes, Func<T, string> CursorOf, bool HasNextPage, bool HasPreviousPage, string? StartCursor = null, string? EndCursor = null) : IConnection
{
    /// <summary>The feed position; it was read in the same step as the rows.</summary>
    public string? FeedPosition { get; init; }

    /// <summary>The time of this state if the mail server could not be asked; null if it is up to date.</summary>
    public DateTimeOffset? StaleSince { get; init; }

    string? IConnection.StartCursor => StartCursor ?? (Nodes.Count > 0 ? CursorOf(Nodes[0]) : null);

    string? IConnection.EndCursor => EndCursor ?? (Nodes.Count > 0 ? CursorOf(Nodes[^1]) : null);
}

public sealed record Edge<T>(T Node, Func<T, string> CursorOf);

public interface IConnection
{
    bool HasNextPage { get; }

    bool HasPreviousPage { get; }

    string? StartCursor { get; }

    string? EndCursor { get; }
}

/// <summary>The arguments of a connection.</summary>
/// <param name="Cursor">The cursor; its node is not on the page.</param>
/// <param name="IsBackward">True if the list is walked towards its beginning.</param>
public sealed record PageAsked(int Limit, string? Cursor, bool IsBackward)
{
    public static readonly GraphArgument[] Forward = ForwardBy(Paging.DefaultLimit);

    /// <param name="limit">The default number of items on a page.</param>
    public static GraphArgument[] ForwardBy(int limit) =>
    [
        new("first", "Int", $"How many at most: {limit} where it is missing, and no more than {Paging.MaxLimit}."),
        new("after", "String", "The cursor of an item: the page begins after it."),
    ];

    public static readonly GraphArgument[] BothWays =
    [
        .. Forward,
        new("last", "Int", "How many at most, counted from the end: instead of `first`."),
        new("before", "String", "The cursor of an item: the page ends before it. Goes with `last`."),
    ];

    /// <param name="limit">The default number of items on a page.</param>
    /// <exception cref="ProblemException">400 for invalid arguments.</exception>
    public static PageAsked Of(FieldCall call, int limit = Paging.DefaultLimit)
    {
        var (first, last, after, before) = (call.Number("first"), call.Number("last"), call.Text("after"), call.Text("before"));
        var errors = new RequestErrors();
        errors.Range("first", first, 1, Paging.MaxLimit);
        errors.Range("last", last, 1, Paging.MaxLimit);
        if (last is not null && (first is not null || after is not null))
        {
            errors.Parameter("last", "It goes with before alone: not with first and after.");
        }
        if (before is not null && last is null)
        {
            errors.Parameter("before", "It goes with last.");
        }
        errors.ThrowIfAny();
        return last is null ? new PageAsked(first ?? limit, after, false) : new PageAsked(last.Value, before, true);
    }

    /// <summary>Returns the page size for the cost, however large it is.</summary>
    public static int Size(FieldCall call) => Math.Clamp(call.Number("first") ?? call.Number("last") ?? Paging.DefaultLimit, 1, Paging.MaxLimit);
}

public static class ConnectionTypes
{
    /// <summary>Makes the types NAMEConnection and NAMEEdge.</summary>
    public static GraphObject<Connection<T>> Connection<T>(this GraphBuilder graph, string name, string description)
    {
        if (graph.IsNew("PageInfo"))
        {
            var info = graph.Object<IConnection>("PageInfo", "Where a page stands in its list.");
            info.Leaf("hasNextPage", "Boolean!", page => page.HasNextPage, "Whether the list goes on after the page.");
            info.Leaf("hasPreviousPage", "Boolean!", page => page.HasPreviousPage, "Whether there is something before the page, as far as that is known without looking: where the page was found by `after`, or by `last`.");
            info.Leaf("startCursor", "String", page => page.StartCursor, "For `before`: the page that ends where this one begins.");
            info.Leaf("endCursor", "String", page => page.EndCursor, "For `after`: the page that begins where this one ends. Also there where the page has no items, and the list goes on.");
        }
        var edge = graph.Object<Edge<T>>(name + "Edge", $"One {name} and its place in the list.");
        edge.Part("node", name + "!", one => one.Node, "The item.");
        edge.Leaf("cursor", "String!", one => one.CursorOf(one.Node), "Its place in the list.");
        var connection = graph.Object<Connection<T>>(name + "Connection", description);
        connection.Part("edges", $"[{name}Edge!]!", page => page.Nodes.Select(node => new Edge<T>(node, page.CursorOf)), "The items with their places.");
        connection.Part("nodes", $"[{name}!]!", page => page.Nodes, "The items.");
        connection.Part("pageInfo", "PageInfo!", page => page, "Where the page stands in the list.");
        return connection;
    }
}
