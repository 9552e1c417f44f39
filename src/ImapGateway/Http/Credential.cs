using System.Collections.Immutable;

namespace ImapGateway.Http;

/// <summary>
/// What a caller has presented, to be asked again for as long as a connection lasts: a key may be narrowed, expire or be deleted meanwhile. A handler under
/// <see cref="RouteRights.RequireKey"/> takes it as a parameter.
/// </summary>
/// <param name="Lookup">Finds the key as it stands.</param>
/// <param name="Sha256">Of the key's value, also where a ticket was presented.</param>
/// <param name="Ticket">What of the key's rights the ticket carries; null where the key itself was presented.</param>
public sealed record Credential(CallerLookup Lookup, ReadOnlyMemory<byte> Sha256, Ticket? Ticket)
{
    /// <summary>The caller with the rights of this moment; null once the key has none any more. A ticket's own end is not asked: it opens connections, those it has opened go on.</summary>
    public async ValueTask<Caller?> CallerAsync(CancellationToken cancel) =>
        await Lookup.FindAsync(Sha256, cancel) is { } caller ? Ticket?.Narrow(caller) ?? caller : null;

    public static ValueTask<Credential?> BindAsync(HttpContext context) => ValueTask.FromResult(context.Features.Get<Credential>());
}

/// <summary>Stands for a key for a short while, in the address of a connection that cannot send a header.</summary>
/// <param name="KeySha256">Of the value of the key that made it.</param>
/// <param name="Scopes">As granted.</param>
/// <param name="Accounts">Null: all that the key may see.</param>
/// <param name="ExpiresAt">From then on it opens nothing.</param>
public sealed record Ticket(byte[] KeySha256, Scope Scopes, ImmutableHashSet<string>? Accounts, DateTimeOffset ExpiresAt)
{
    /// <summary>Never more than the key has at this moment.</summary>
    public Caller Narrow(Caller key) => key with
    {
        Scopes = Http.Scopes.Expand(Scopes) & Http.Scopes.Expand(key.Scopes),
        Accounts = key.Accounts is null ? Accounts : Accounts is null ? key.Accounts : key.Accounts.Intersect(Accounts),
    };
}

/// <summary>The value of a ticket and what it says. Keys implements it.</summary>
public interface ITicketReader
{
    /// <summary>Null for what is no ticket of this gateway, or has expired.</summary>
    Ticket? Read(string value);
}

/// <summary>Keys of all kinds: that of the settings, and those that were made.</summary>
public sealed class CallerLookup(AdminKey admin, IKeyLookup keys)
{
    private static readonly Caller Operator = new(null, Scopes.Expand(Scope.Admin), null);

    /// <summary>After the commit of any change of a key: who has one open asks again.</summary>
    public event Action? Changed
    {
        add => keys.Changed += value;
        remove => keys.Changed -= value;
    }

    /// <summary>Null where no key has this SHA-256, or has it no longer.</summary>
    public ValueTask<Caller?> FindAsync(ReadOnlyMemory<byte> sha256, CancellationToken cancel) =>
        admin.Matches(sha256.Span) ? ValueTask.FromResult<Caller?>(Operator) : keys.FindAsync(sha256, cancel);
}
