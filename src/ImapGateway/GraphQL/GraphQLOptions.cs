using ImapGateway.Settings;

namespace ImapGateway.GraphQL;

/// <summary>The settings of the section <c>GraphQL</c>: the limits of one operation.</summary>
public sealed class GraphQLOptions : ISettings
{
    /// <summary>The largest body of a request in octets, with its variables.</summary>
    public int MaxBodyBytes { get; set; } = 128 * 1024;

    /// <summary>The largest depth of nested fields.</summary>
    public int MaxDepth { get; set; } = 15;

    /// <summary>The largest number of fields, with those of fragments each time they are used.</summary>
    public int MaxFields { get; set; } = 500;

    public int MaxAliases { get; set; } = 50;

    /// <summary>The largest cost: the number of objects that a response can have at most. Page sizes multiply.</summary>
    public int MaxCost { get; set; } = 20_000;

    /// <summary>The time for an operation. Fields that are not resolved by then fail.</summary>
    public TimeSpan RequestTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The time that a WebSocket may wait before it sends its connection_init.</summary>
    public TimeSpan InitTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The largest number of operations of one WebSocket at the same time: subscriptions and others.</summary>
    public int MaxOperations { get; set; } = 50;

    /// <summary>True if clients may ask for the schema.</summary>
    public bool Introspection { get; set; } = true;

    public IEnumerable<(string Key, string Message)> Validate()
    {
        foreach (var (key, value, least, most) in new[]
        {
            (nameof(MaxBodyBytes), MaxBodyBytes, 1_000, Http.HttpSetup.MaxRequestBody),
            (nameof(MaxDepth), MaxDepth, 3, 60),
            (nameof(MaxFields), MaxFields, 10, 10_000),
            (nameof(MaxAliases), MaxAliases, 0, 10_000),
            (nameof(MaxOperations), MaxOperations, 1, 10_000),
            (nameof(MaxCost), MaxCost, 100, 100_000_000),
        })
        {
            if (value < least || value > most)
            {
                yield return (key, $"must be from {least} to {most}");
            }
        }
        if (InitTime < TimeSpan.FromMilliseconds(100) || InitTime > TimeSpan.FromMinutes(1))
        {
            yield return (nameof(InitTime), "must be from 100ms to 1m");
        }
        if (RequestTime < TimeSpan.FromSeconds(1) || RequestTime > TimeSpan.FromMinutes(10))
        {
            yield return (nameof(RequestTime), "must be from 1s to 10m");
        }
    }
}
