using System.Collections.Immutable;
using ImapGateway.Mail;

namespace ImapGateway.Access;

/// <summary>The key behind a request, with its rights at this moment. A handler under <see cref="RouteRights.RequireKey"/> takes it as a parameter.</summary>
/// <param name="KeyId">The key's id; null for the admin key of the settings.</param>
/// <param name="Scopes">The scopes as granted. <see cref="Has"/> also knows which scope includes which.</param>
/// <param name="Accounts">The accounts that the key is limited to; null: all accounts, now and later.</param>
public sealed record Caller(string? KeyId, Scope Scopes, ImmutableHashSet<string>? Accounts)
{
    /// <param name="any">The scopes of which one is enough.</param>
    public bool Has(Scope any) => (Access.Scopes.Expand(Scopes) & any) != 0;

    /// <param name="any">The scopes of which one is enough.</param>
    /// <exception cref="ProblemException">403 if the key has none of them.</exception>
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
