using System.Collections.Immutable;
using ImapGateway.Access;

namespace ImapGateway.Keys;

/// <summary>The rights of a key at this moment: never more than those of any key that it descends from, and never longer.</summary>
/// <param name="Caller">The scopes and accounts that all keys of the chain have.</param>
/// <param name="ExpiresAt">The earliest expiry of the chain; null: never.</param>
public sealed record KeyRights(Caller Caller, DateTimeOffset? ExpiresAt)
{
    /// <summary>Computes the rights. The chain begins with the key itself and ends with one made by the admin key of the settings.</summary>
    public static KeyRights Of(IReadOnlyList<ApiKey> chain)
    {
        var scopes = Access.Scopes.Expand(Scope.Admin);
        ImmutableHashSet<string>? accounts = null;
        DateTimeOffset? expiresAt = null;
        foreach (var key in chain)
        {
            scopes &= Access.Scopes.Expand(Known(key.Scopes));
            accounts = key.Accounts is not { } own ? accounts : accounts is null ? [.. own] : accounts.Intersect(own);
            expiresAt = expiresAt is null || key.ExpiresAt < expiresAt ? key.ExpiresAt ?? expiresAt : expiresAt;
        }
        return new KeyRights(new Caller(chain[0].Id, scopes, accounts), expiresAt);
    }

    /// <summary>Returns the stored scopes, or none if one of them does not exist. The row is damaged then, and such a key may do nothing.</summary>
    public static Scope Known(Scope stored) => (stored & ~Access.Scopes.Any) == Scope.None ? stored : Scope.None;

    public bool HasExpired(DateTimeOffset now) => ExpiresAt <= now;
}
