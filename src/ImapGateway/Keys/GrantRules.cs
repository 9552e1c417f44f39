using System.Collections.Immutable;
using ImapGateway.Access;
using ImapGateway.Mail;

namespace ImapGateway.Keys;

/// <summary>Checks the rights that a key gives to a new key or ticket: they are well formed, and it has them itself.</summary>
public static class GrantRules
{
    public static Scope ParseScopes(ImmutableArray<string>? names, RequestErrors errors)
    {
        if (names is not { Length: > 0 } given)
        {
            errors.Member("/scopes", $"At least one of {string.Join(", ", Access.Scopes.Names)} is expected.");
            return Scope.None;
        }
        var sum = Scope.None;
        for (var i = 0; i < given.Length; i++)
        {
            if (!Access.Scopes.TryParse(given[i] ?? "", out var scope))
            {
                errors.Member($"/scopes/{i}", $"One of {string.Join(", ", Access.Scopes.Names)} is expected.");
            }
            sum |= scope;
        }
        return sum;
    }

    public static void CheckAccounts(ImmutableArray<string>? accounts, int most, RequestErrors errors)
    {
        if (accounts is not { } ids)
        {
            return;
        }
        if (ids.Length == 0 || ids.Length > most)
        {
            errors.Member("/accounts", $"1 to {most} ids are expected; null means all accounts.");
            return;
        }
        for (var i = 0; i < ids.Length; i++)
        {
            if (!AccountId.IsValid(ids[i]))
            {
                errors.Member($"/accounts/{i}", AccountId.Expectation);
            }
        }
    }

    public static void CheckWithin(Scope scopes, ImmutableArray<string>? accounts, Caller caller)
    {
        var beyond = new RequestErrors();
        if ((Access.Scopes.Expand(scopes) & ~Access.Scopes.Expand(caller.Scopes)) != Scope.None)
        {
            beyond.Member("/scopes", "A key cannot give scopes it does not have.");
        }
        for (var i = 0; i < (accounts?.Length ?? 0); i++)
        {
            if (!caller.MaySee(accounts!.Value[i]))
            {
                beyond.Member($"/accounts/{i}", "A key cannot give accounts it may not see.");
            }
        }
        beyond.ThrowIfAny(ErrorCode.Forbidden, "It would be allowed more than the key that makes it.");
    }
}
