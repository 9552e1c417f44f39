using GraphQL.Execution;
using ImapGateway.Access;

namespace ImapGateway.GraphQL.Fields;

/// <summary>A field of an operation with its arguments: the same for every object that has it.</summary>
/// <param name="arguments">The arguments by name, defaults filled in.</param>
/// <param name="below">Returns the selected fields below this one, by the names of the fields between; null if that is not known, and all may be selected.</param>
public sealed class FieldCall(CallContext context, IReadOnlyDictionary<string, ArgumentValue>? arguments, Func<IReadOnlyList<string>, IEnumerable<GraphField>>? below)
{
    public CallContext Context => context;

    public Caller Caller => context.Caller;

    public CancellationToken Cancel => context.Cancel;

    public T Service<T>() where T : notnull => context.Services.GetRequiredService<T>();

    /// <summary>True if the argument was given, even as null.</summary>
    public bool Has(string argument) => arguments is not null && arguments.TryGetValue(argument, out var given) && given.Source is not (ArgumentSource.FieldDefault or ArgumentSource.VariableDefault);

    public string? Text(string argument) => Value(argument) as string;

    public int? Number(string argument) => (int?)Value(argument);

    public bool? Flag(string argument) => (bool?)Value(argument);

    public TEnum? Choice<TEnum>(string argument) where TEnum : struct, Enum => (TEnum?)Value(argument);

    public IReadOnlyList<TEnum>? Choices<TEnum>(string argument) where TEnum : struct, Enum => Value(argument) is IEnumerable<object?> list ? [.. list.OfType<TEnum>()] : null;

    public IReadOnlyList<string>? Texts(string argument) => Value(argument) is IEnumerable<object?> list ? [.. list.OfType<string>()] : null;

    /// <summary>Returns an argument that is a list of an input type.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, object?>>? List(string argument) => Value(argument) is IEnumerable<object?> list ? [.. list.OfType<IReadOnlyDictionary<string, object?>>()] : null;

    /// <summary>Returns the members of an argument of an input type, as they were given.</summary>
    public IReadOnlyDictionary<string, object?>? Members(string argument) => Value(argument) as IReadOnlyDictionary<string, object?>;

    /// <summary>True if one of the selected fields below matches, or if that is not known.</summary>
    /// <param name="paths">The names of the fields between, with a slash; empty: directly below.</param>
    public bool Asks(Func<GraphField, bool> which, params ReadOnlySpan<string> paths)
    {
        if (below is null)
        {
            return true;
        }
        foreach (var path in paths)
        {
            if (below(path.Length == 0 ? [] : path.Split('/')).Any(which))
            {
                return true;
            }
        }
        return false;
    }

    public Task<TValue?> LoadAsync<TKey, TValue>(object like, TKey key, Func<IReadOnlyList<TKey>, Task<IReadOnlyDictionary<TKey, TValue>>> read) where TKey : notnull =>
        context.Loaders.LoadAsync(like, key, read);

    private object? Value(string argument) => arguments is not null && arguments.TryGetValue(argument, out var given) ? given.Value : null;
}
