using ImapGateway.Access;
using ImapGateway.Responses;
using Microsoft.Extensions.Options;

namespace ImapGateway.GraphQL.Transport;

/// <summary>
/// Answers to queries as they were written, sent again while all they were read from is known to be the same: the memory and the guards are those of REST. What a request says is
/// all that its answer depends on beside that, and what its key may see.
/// </summary>
public sealed class KnownAnswers(AnswerCache answers, IOptions<ListTagOptions> tags, TimeProvider time)
{
    /// <summary>A key of more accounts than this would make for a long name.</summary>
    private const int MostAccounts = 20;

    /// <param name="text">The operation as it was sent.</param>
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

/// <summary>The place of the answer to one operation.</summary>
/// <param name="Json">Null where it has to be asked for.</param>
public readonly record struct KnownAnswer(AnswerCache? Cache, AnswerKey? Key, byte[]? Json)
{
    /// <param name="holdsAt">Null or empty: nobody would know how long it holds.</param>
    public void Keep(IReadOnlyList<GuardedAt>? holdsAt, ReadOnlySpan<byte> json)
    {
        if (holdsAt is { Count: > 0 } && Cache is not null)
        {
            Cache.Keep(Key!, new KeptAnswer("", json.ToArray(), null) { Guarded = holdsAt[0], AlsoGuarded = [.. holdsAt.Skip(1)] });
        }
    }
}
