using ImapGateway.Access;
using Microsoft.Extensions.Caching.Memory;

namespace ImapGateway.Responses;

/// <summary>A response body as it was written.</summary>
/// <param name="Tag">The entity tag of the state and of the request that the response answers.</param>
/// <param name="Link">The Link header; it is present on each page but the last one.</param>
public sealed record KeptAnswer(string Tag, byte[] Json, string? Link)
{
    /// <summary>Says how long the tag is known to be valid without asking the account: as long as its guard shows this number. Null: the account must be asked.</summary>
    public GuardedAt? Guarded { get; set; }

    /// <summary>The guards of the other accounts, where the response is about several.</summary>
    public IReadOnlyList<GuardedAt> AlsoGuarded { get; init; } = [];

    public bool Holds => Guarded is { Holds: true } && AlsoGuarded.All(other => other.Holds);
}

public sealed record GuardedAt(AnswerGuard Guard, long At)
{
    public bool Holds => Guard.Now == At;
}

/// <summary>The key of a cached response: everything that makes two responses about the same state differ.</summary>
/// <param name="Period">See <see cref="Conditions.Period"/>.</param>
public sealed record AnswerKey(string Path, string Query, Scope Scopes, long Period);

/// <summary>
/// Keeps the responses of lists and reads as they were written, as a caching client does. A response is sent again where the operation says that its tag is still
/// valid, as it would say 304 to a client. A lost entry costs the time to write the response again, never correctness.
/// </summary>
public sealed class AnswerCache : IDisposable
{
    /// <summary>The largest response in octets that is cached. A few larger ones would fill the cache.</summary>
    private const int Largest = 512 * 1024;

    /// <summary>The approximate size in octets of what the request and the cache add to each entry.</summary>
    private const int Overhead = 500;

    private static readonly TimeSpan Unused = TimeSpan.FromMinutes(10);

    private readonly MemoryCache? _answers;

    /// <param name="bytes">For all answers together; 0: none is kept.</param>
    public AnswerCache(long bytes) => _answers = bytes == 0 ? null : new MemoryCache(new MemoryCacheOptions { SizeLimit = bytes, CompactionPercentage = 0.1 });

    public KeptAnswer? Find(AnswerKey key) => _answers?.Get<KeptAnswer>(key);

    public void Keep(AnswerKey key, KeptAnswer answer)
    {
        if (answer.Json.Length <= Largest)
        {
            _answers?.Set(key, answer, new MemoryCacheEntryOptions { Size = answer.Json.Length + Overhead, SlidingExpiration = Unused });
        }
    }

    public void Dispose() => _answers?.Dispose();
}

/// <summary>The cache entry for the response to one request; a feature of the request.</summary>
public sealed record AnswerSlot(AnswerCache Cache, AnswerGuard? Guard, AnswerKey Key, KeptAnswer? Kept);
