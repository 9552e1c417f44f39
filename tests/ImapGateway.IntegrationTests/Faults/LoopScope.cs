namespace ImapGateway.IntegrationTests.Faults;

/// <summary>The background loop whose turn the code is part of, from the scopes of the log.</summary>
internal sealed class LoopScope : IDisposable
{
    private static readonly AsyncLocal<string?> Names = new();

    private readonly string? _outer = Names.Value;

    private LoopScope(string name) => Names.Value = name;

    /// <summary>Null: none.</summary>
    public static string? Current => Names.Value;

    /// <returns>Null where the scope is not of a loop.</returns>
    public static LoopScope? Begin<TState>(TState state) =>
        state is IEnumerable<KeyValuePair<string, object?>> values && values.FirstOrDefault(value => value.Key == "Loop").Value is string name ? new LoopScope(name) : null;

    public void Dispose() => Names.Value = _outer;
}
