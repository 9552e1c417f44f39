using System.Collections.Immutable;
using ImapGateway.Mail;

namespace ImapGateway.Access;

/// <summary>Who asks: the key behind a request, as it stands at this moment. A handler under <see cref="RouteRights.RequireKey"/> takes it as a parameter.</summary>
/// <param name="KeyId">The key's id; null for the admin key of the settings.</param>
/// <param name="Scopes">As granted; ask <see cref="Has"/>, which knows what includes what.</param>
/// <param name="Accounts">The accounts the key is limited to; null: all, now and later.</param>
public sealed record Caller(string? KeyId, Scope Scopes, ImmutableHashSet<string>? Accounts)
{
    /// <param name="any">One of these is enough.</param>
    public bool Has(Scope any) => (Access.Scopes.Expand(Scopes) & any) != 0;

    /// <param name="any">One of these is enough.</param>
    /// <exception cref="ProblemException">403 where the key has none of them.</exception>
    public void Demand(Scope any)
    {
        if (!Has(any))
        {
            throw new ProblemException(ErrorCode.Forbidden, $"The key needs the scope {string.Join(" or ", Access.Scopes.NamesOf(any))}.");
        }
    }

    public bool MaySee(string account) => Accounts?.Contains(account) ?? true;

    public static ValueTask<Caller?> BindAsync(HttpContext context) => ValueTask.FromResult(context.Features.Get<Caller>());
}
