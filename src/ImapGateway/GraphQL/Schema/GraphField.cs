using System.Text.Json;
using GraphQL.Types;
using ImapGateway.Access;
using ImapGateway.GraphQL.Execution;

namespace ImapGateway.GraphQL.Schema;

/// <summary>A field of the graph, and what is known of it before anybody asks.</summary>
public abstract class GraphField : FieldType
{
    /// <summary>One of these is needed to ask for it.</summary>
    public Scope Scope { get; private set; } = Scopes.Any;

    /// <summary>What it costs beside what is below it; page sizes multiply.</summary>
    public int Price { get; private set; } = 1;

    /// <summary>How many there are at most: of a page its size, of a list a guess.</summary>
    public Func<FieldCall, int>? Count { get; private set; }

    /// <summary>Others begin when it is known.</summary>
    public bool IsFirst { get; private set; }

    /// <summary>Whatever the resolvers above want to know of what they are asked for.</summary>
    public string? Tag { get; private set; }

    /// <summary>Its resolver notes whatever it depends on (<see cref="CallContext.Holds"/>); of others nobody knows for how long their values hold.</summary>
    public bool IsHeld { get; private set; }

    public GraphField Held()
    {
        IsHeld = true;
        return this;
    }

    public GraphField Requires(Scope any)
    {
        Scope = any;
        return this;
    }

    public GraphField Costs(int price)
    {
        Price = price;
        return this;
    }

    public GraphField Counts(Func<FieldCall, int> most)
    {
        Count = most;
        return this;
    }

    public GraphField First()
    {
        IsFirst = true;
        return this;
    }

    public GraphField Tagged(string tag)
    {
        Tag = tag;
        return this;
    }
}

/// <summary>Read off its object and written at once.</summary>
public abstract class LeafField : GraphField
{
    public abstract void Write(Utf8JsonWriter json, object source);

    public abstract object? Read(object source);
}

/// <summary>An object, or a list of some, read off another one.</summary>
public sealed class PartField(Func<object, object?> read) : GraphField
{
    public object? Read(object source) => read(source);
}

/// <summary>What somebody has to be asked for.</summary>
public sealed class ResolvedField(Func<object, FieldCall, ValueTask<object?>> resolve) : GraphField
{
    public ValueTask<object?> ResolveAsync(object source, FieldCall call) => resolve(source, call);
}

/// <summary>Of the subscription type: every item is an answer.</summary>
public sealed class StreamedField(Func<FieldCall, IAsyncEnumerable<StreamedItem>> open) : GraphField
{
    public IAsyncEnumerable<StreamedItem> Open(FieldCall call) => open(call);
}

/// <param name="Value">What an answer is made of: the same object for all who may share one.</param>
/// <param name="Position">Where to go on after it.</param>
/// <param name="Caller">With the rights of this moment.</param>
public sealed record StreamedItem(object Value, string Position, Caller Caller);
