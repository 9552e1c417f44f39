using System.Globalization;

namespace ImapGateway.Cache;

/// <summary>The behaviour of a full Redis, as its <c>INFO memory</c> reports it, and advice for the operator.</summary>
/// <param name="MaxMemory">The limit in bytes; 0 for no limit.</param>
/// <param name="Policy">The setting <c>maxmemory-policy</c>.</param>
public sealed record RedisMemoryPolicy(long MaxMemory, string Policy)
{
    /// <summary>Parses the answer to INFO. Null if Redis does not report the policy.</summary>
    public static RedisMemoryPolicy? Parse(string info)
    {
        string? Value(string name) => info.Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.Ordinal))?[(name.Length + 1)..];
        return Value("maxmemory_policy") is { } policy && long.TryParse(Value("maxmemory"), CultureInfo.InvariantCulture, out var limit) ? new RedisMemoryPolicy(limit, policy) : null;
    }

    /// <summary>Advice for the operator; null if the policy is good.</summary>
    public string? Advice => (Policy, MaxMemory) switch
    {
        ("noeviction", 0) =>
            "Redis has no memory limit (maxmemory 0): it grows until the machine has no memory left. Set maxmemory, and maxmemory-policy allkeys-lru.",
        ("noeviction", _) =>
            "Redis refuses all writes when it has reached its maxmemory (maxmemory-policy noeviction): the headers of new messages are then not cached there, and each gateway has to ask "
            + "the mail servers for them after a restart. Set maxmemory-policy to allkeys-lru or allkeys-lfu.",
        _ when Policy.StartsWith("volatile-", StringComparison.Ordinal) =>
            $"Redis makes room only among keys that expire (maxmemory-policy {Policy}). All of the gateway's do; where other programs keep keys there that do not, these push the gateway's out, "
            + "and when nothing is left that expires Redis refuses all writes. allkeys-lru on a Redis of its own has no such limit.",
        _ => null,
    };
}
