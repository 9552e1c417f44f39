using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;

namespace ImapGateway.Http;

/// <summary>An answer as it was written.</summary>
/// <param name="Tag">Of the state and the request it answers.</param>
/// <param name="NextCursor">Of a page.</param>
public sealed record KeptAnswer(string Tag, byte[] Json, string? NextCursor);

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

    public AnswerCache(IOptions<HttpOptions> options) =>
        _answers = options.Value.AnswerBytes == 0 ? null : new MemoryCache(new MemoryCacheOptions { SizeLimit = options.Value.AnswerBytes, CompactionPercentage = 0.1 });

    private sealed record Key(string Path, string Variant);

    /// <summary>Where answers to this request are kept.</summary>
    public AnswerSlot Slot(string path, string variant)
    {
        var key = new Key(path, variant);
        return new AnswerSlot(_answers?.Get<KeptAnswer>(key), answer => Keep(key, answer));
    }

    public void Dispose() => _answers?.Dispose();

    private void Keep(Key key, KeptAnswer answer)
    {
        if (answer.Json.Length <= Largest)
        {
            _answers?.Set(key, answer, new MemoryCacheEntryOptions { Size = answer.Json.Length + Overhead, SlidingExpiration = Unused });
        }
    }
}

/// <summary>The place of the answer to one request; a feature of the request.</summary>
public sealed class AnswerSlot(KeptAnswer? kept, Action<KeptAnswer> keep)
{
    public KeptAnswer? Kept => kept;

    public void Keep(KeptAnswer answer) => keep(answer);
}
