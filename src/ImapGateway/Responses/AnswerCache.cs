using ImapGateway.Access;
using Microsoft.Extensions.Caching.Memory;

namespace ImapGateway.Responses;

/// <summary>An answer as it was written.</summary>
/// <param name="Tag">Of the state and the request it answers.</param>
/// <param name="Link">The header of a page that is not the last one.</param>
public sealed record KeptAnswer(string Tag, byte[] Json, string? Link)
{
    /// <summary>Its tag is known to hold, without asking anybody, while the guard of the account shows this; null: it has to be asked.</summary>
    public GuardedAt? Guarded { get; set; }

    /// <summary>Where it is about several accounts: the others.</summary>
    public IReadOnlyList<GuardedAt> AlsoGuarded { get; init; } = [];

    public bool Holds => Guarded is { Holds: true } && AlsoGuarded.All(other => other.Holds);
}

public sealed record GuardedAt(AnswerGuard Guard, long At)
{
    public bool Holds => Guard.Now == At;
}

/// <summary>What makes two answers differ, but for the state they show.</summary>
/// <param name="Period">See <see cref="Conditions.Period"/>.</param>
public sealed record AnswerKey(string Path, string Query, Scope Scopes, long Period);

/// <summary>
/// The gateway as a caching client of its own: what a list or a read has answered is kept as it was written, and sent again where the operation says that the tag still
/// holds, as it would say 304 to a client. Losing an answer costs the time to write it again, never correctness.
/// </summary>
public sealed class AnswerCache : IDisposable
{
    /// <summary>Larger ones are written anew: few would fill the cache.</summary>
    private const int Largest = 512 * 1024;

    /// <summary>Of what a request and the cache make of an entry beside the answer, roughly.</summary>
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

/// <summary>The place of the answer to one request; a feature of the request.</summary>
public sealed record AnswerSlot(AnswerCache Cache, AnswerGuard? Guard, AnswerKey Key, KeptAnswer? Kept);
