using System.Collections.Immutable;
using System.Text.RegularExpressions;
using ImapGateway.Http;

namespace ImapGateway.Keys;

/// <summary>The settings of a key after all rules: well formed, and nothing the caller does not have.</summary>
public sealed partial record KeyInput(string Name, Scope Scopes, ImmutableArray<string>? Accounts, DateTimeOffset? ExpiresAt)
{
    private const int MaxName = 100;
    private const int MaxAccounts = 1000;

    /// <summary>Malformed members are a 400, an expiry in the past is a 422, more than the caller has is a 403; of each kind all at once.</summary>
    public static KeyInput Checked(string? name, ImmutableArray<string>? scopes, ImmutableArray<string>? accounts, DateTimeOffset? expiresAt, Caller caller, DateTimeOffset now)
    {
        var malformed = new RequestErrors();
        if (name is not { Length: > 0 and <= MaxName } || Text.HasControl(name) || string.IsNullOrWhiteSpace(name))
        {
            malformed.Member("/name", $"A name of 1 to {MaxName} characters is expected.");
        }
        var granted = ParseScopes(scopes, malformed);
        CheckAccounts(accounts, malformed);
        malformed.ThrowIfAny();

        CheckWithin(granted, accounts, caller);
        if (expiresAt <= now)
        {
            var late = new RequestErrors();
            late.Member("/expiresAt", "An instant in the future is expected.");
            late.ThrowIfAny(ErrorCode.Unprocessable, "The key would have expired already.");
        }
        return new KeyInput(name!, granted, accounts is { } ids ? [.. ids.Distinct()] : null, expiresAt);
    }

    private static Scope ParseScopes(ImmutableArray<string>? names, RequestErrors errors)
    {
        if (names is not { Length: > 0 } given)
        {
            errors.Member("/scopes", $"At least one of {string.Join(", ", Http.Scopes.Names)} is expected.");
            return Scope.None;
        }
        var sum = Scope.None;
        for (var i = 0; i < given.Length; i++)
        {
            if (!Http.Scopes.TryParse(given[i] ?? "", out var scope))
            {
                errors.Member($"/scopes/{i}", $"One of {string.Join(", ", Http.Scopes.Names)} is expected.");
            }
            sum |= scope;
        }
        return sum;
    }

    private static void CheckAccounts(ImmutableArray<string>? accounts, RequestErrors errors)
    {
        if (accounts is not { } ids)
        {
            return;
        }
        if (ids.Length is 0 or > MaxAccounts)
        {
            errors.Member("/accounts", $"1 to {MaxAccounts} ids are expected; null means all accounts.");
            return;
        }
        for (var i = 0; i < ids.Length; i++)
        {
            if (!AccountId().IsMatch(ids[i] ?? ""))
            {
                errors.Member($"/accounts/{i}", "An account's id has 1 to 64 letters, digits, _ or -.");
            }
        }
    }

    private static void CheckWithin(Scope scopes, ImmutableArray<string>? accounts, Caller caller)
    {
        var beyond = new RequestErrors();
        if ((Http.Scopes.Expand(scopes) & ~Http.Scopes.Expand(caller.Scopes)) != Scope.None)
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
        beyond.ThrowIfAny(ErrorCode.Forbidden, "The key would be allowed more than the one that makes it.");
    }

    [GeneratedRegex(@"^[A-Za-z0-9_-]{1,64}\z")]
    private static partial Regex AccountId();
}
