using GraphQL.Execution;
using ImapGateway.Access;
using ImapGateway.GraphQL.Schema;

namespace ImapGateway.GraphQL.Execution;

/// <summary>A field as it is asked for: the same for every object it is asked of.</summary>
/// <param name="arguments">By name, defaults filled in.</param>
/// <param name="below">The fields that are asked for below this one, by the names of the fields between; null where that is not known, and all may be.</param>
public sealed class FieldCall(CallContext context, IReadOnlyDictionary<string, ArgumentValue>? arguments, Func<IReadOnlyList<string>, IEnumerable<GraphField>>? below)
{
    public CallContext Context => context;

    public Caller Caller => context.Caller;

    public CancellationToken Cancel => context.Cancel;

    public T Service<T>() where T : notnull => context.Services.GetRequiredService<T>();

    /// <summary>It was given, if only as null.</summary>
    public bool Has(string argument) => arguments is not null && arguments.TryGetValue(argument, out var given) && given.Source is not (ArgumentSource.FieldDefault or ArgumentSource.VariableDefault);

    public string? Text(string argument) => Value(argument) as string;

    public int? Number(string argument) => (int?)Value(argument);

    public bool? Flag(string argument) => (bool?)Value(argument);

    public TEnum? Choice<TEnum>(string argument) where TEnum : struct, Enum => (TEnum?)Value(argument);

    public IReadOnlyList<TEnum>? Choices<TEnum>(string argument) where TEnum : struct, Enum => Value(argument) is IEnumerable<object?> list ? [.. list.OfType<TEnum>()] : null;

    public IReadOnlyList<string>? Texts(string argument) => Value(argument) is IEnumerable<object?> list ? [.. list.OfType<string>()] : null;

    /// <summary>Of a list of an input type.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, object?>>? List(string argument) => Value(argument) is IEnumerable<object?> list ? [.. list.OfType<IReadOnlyDictionary<string, object?>>()] : null;

    /// <summary>Of an input type: its members as they were given.</summary>
    public IReadOnlyDictionary<string, object?>? Members(string argument) => Value(argument) as IReadOnlyDictionary<string, object?>;

    /// <summary>Whether any field that is asked for below is one of these; true where that is not known.</summary>
    /// <param name="paths">Names of the fields between, with a slash; empty: directly below.</param>
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
