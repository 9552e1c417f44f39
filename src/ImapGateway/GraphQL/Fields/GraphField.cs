using System.Text.Json;
using GraphQL.Types;
using ImapGateway.Access;

namespace ImapGateway.GraphQL.Fields;

/// <summary>A field of the graph, with the properties that are known before any operation.</summary>
public abstract class GraphField : FieldType
{
    /// <summary>The scopes of which one is needed to select the field.</summary>
    public Scope Scope { get; private set; } = Scopes.Any;

    /// <summary>The cost of the field itself, without the fields below it; page sizes multiply.</summary>
    public int Price { get; private set; } = 1;

    /// <summary>The largest number of values: the size of a page, or an estimate for a list.</summary>
    public Func<FieldCall, int>? Count { get; private set; }

    /// <summary>True if other fields begin only when this one is resolved.</summary>
    public bool IsFirst { get; private set; }

    /// <summary>A tag that resolvers of fields above can ask for.</summary>
    public string? Tag { get; private set; }

    /// <summary>True if its resolver notes everything that it depends on (<see cref="CallContext.Holds"/>). For other fields it is not known how long their values are valid.</summary>
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

/// <summary>A field that is read from its object and written at once.</summary>
public abstract class LeafField : GraphField
{
    public abstract void Write(Utf8JsonWriter json, object source);

    public abstract object? Read(object source);
}

/// <summary>A field that is an object, or a list of objects, read from another one.</summary>
public sealed class PartField(Func<object, object?> read) : GraphField
{
    public object? Read(object source) => read(source);
}

/// <summary>A field whose resolver needs a request.</summary>
public sealed class ResolvedField(Func<object, FieldCall, ValueTask<object?>> resolve) : GraphField
{
    public ValueTask<object?> ResolveAsync(object source, FieldCall call) => resolve(source, call);
}

/// <summary>A field of the subscription type: every item is a response.</summary>
public sealed class StreamedField(Func<FieldCall, IAsyncEnumerable<StreamedItem>> open) : GraphField
{
    public IAsyncEnumerable<StreamedItem> Open(FieldCall call) => open(call);
}

/// <param name="Value">The object that the response is made from: the same for all clients that may share it.</param>
/// <param name="Position">The position to continue after it.</param>
/// <param name="Caller">The caller with its present rights.</param>
public sealed record StreamedItem(object Value, string Position, Caller Caller);
