using ImapGateway.Access;
using ImapGateway.Responses;
using Microsoft.Extensions.Options;

namespace ImapGateway.GraphQL.Transport;

/// <summary>
/// Caches responses to queries as they were written. They are sent again while all accounts they were read from are known to be unchanged; cache and guards are those of REST. The response depends
/// on the request and on the rights of its key, and on nothing else.
/// </summary>
public sealed class KnownAnswers(AnswerCache answers, IOptions<ListTagOptions> tags, TimeProvider time)
{
    /// <summary>The largest number of accounts of a key. More would make the cache key too long.</summary>
    private const int MostAccounts = 20;

    /// <param name="text">The text of the operation as it was sent.</param>
    public KnownAnswer Find(HttpRequest request, Caller caller, string text)
    {
        if (request.Headers.CacheControl.Count > 0 || caller.Accounts is { Count: > MostAccounts })
        {
            return new KnownAnswer(null, null, null);
        }
        var seen = caller.Accounts is { } accounts ? string.Join(' ', accounts.Order(StringComparer.Ordinal)) : "*";
        var key = new AnswerKey($"{GraphQLApi.Path} {request.Method} {seen}", text, caller.Scopes, tags.Value.PeriodAt(time.GetUtcNow()));
        return new KnownAnswer(answers, key, answers.Find(key) is { Holds: true } kept ? kept.Json : null);
    }
}

/// <summary>The cache entry for the response to one operation.</summary>
/// <param name="Json">The cached response; null if the operation must be run.</param>
public readonly record struct KnownAnswer(AnswerCache? Cache, AnswerKey? Key, byte[]? Json)
{
    /// <param name="holdsAt">The guards; null or empty: it is not known how long the response is valid.</param>
    public void Keep(IReadOnlyList<GuardedAt>? holdsAt, ReadOnlySpan<byte> json)
    {
        if (holdsAt is { Count: > 0 } && Cache is not null)
        {
            Cache.Keep(Key!, new KeptAnswer("", json.ToArray(), null) { Guarded = holdsAt[0], AlsoGuarded = [.. holdsAt.Skip(1)] });
        }
    }
}
