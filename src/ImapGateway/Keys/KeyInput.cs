using System.Collections.Immutable;
using ImapGateway.Access;
using ImapGateway.Mail;

namespace ImapGateway.Keys;

/// <summary>The settings of a key after all checks: they are well formed, and the caller has all rights in them.</summary>
public sealed record KeyInput(string Name, Scope Scopes, ImmutableArray<string>? Accounts, DateTimeOffset? ExpiresAt)
{
    private const int MaxName = 100;
    private const int MaxAccounts = 1000;

    /// <summary>Checks the settings: malformed members are a 400, an expiry in the past is a 422, more rights than the caller's are a 403. All errors of a kind are reported at once.</summary>
    public static KeyInput Checked(string? name, ImmutableArray<string>? scopes, ImmutableArray<string>? accounts, DateTimeOffset? expiresAt, Caller caller, DateTimeOffset now)
    {
        var malformed = new RequestErrors();
        if (name is not { Length: > 0 and <= MaxName } || !InputText.IsPlain(name) || string.IsNullOrWhiteSpace(name))
        {
            malformed.Member("/name", $"A name of 1 to {MaxName} characters is expected. {InputText.Expectation}");
        }
        var granted = GrantRules.ParseScopes(scopes, malformed);
        GrantRules.CheckAccounts(accounts, MaxAccounts, malformed);
        malformed.ThrowIfAny();

        GrantRules.CheckWithin(granted, accounts, caller);
        if (expiresAt <= now)
        {
            var late = new RequestErrors();
            late.Member("/expiresAt", "An instant in the future is expected.");
            late.ThrowIfAny(ErrorCode.Unprocessable, "The key would have expired already.");
        }
        return new KeyInput(name!, granted, accounts is { } ids ? [.. ids.Distinct()] : null, expiresAt);
    }
}
