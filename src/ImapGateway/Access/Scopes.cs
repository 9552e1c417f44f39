using System.Collections.Frozen;
using System.Collections.Immutable;

namespace ImapGateway.Access;

/// <summary>The names of scopes in the API, and which scope includes which.</summary>
public static class Scopes
{
    private static readonly (Scope Scope, string Name)[] All =
    [
        (Scope.MailReadBasic, "mail.readBasic"),
        (Scope.MailRead, "mail.read"),
        (Scope.MailWrite, "mail.write"),
        (Scope.MailSend, "mail.send"),
        (Scope.Accounts, "accounts"),
        (Scope.Webhooks, "webhooks"),
        (Scope.Admin, "admin"),
    ];

    private static readonly FrozenDictionary<string, Scope> ByName = All.ToFrozenDictionary(entry => entry.Name, entry => entry.Scope);

    /// <summary>All scopes, for routes that any key may use, each within its rights.</summary>
    public static Scope Any { get; } = All.Aggregate(Scope.None, (sum, entry) => sum | entry.Scope);

    public static ImmutableArray<string> Names { get; } = [.. All.Select(entry => entry.Name)];

    public static ImmutableArray<string> NamesOf(Scope scopes) => [.. All.Where(entry => scopes.HasFlag(entry.Scope)).Select(entry => entry.Name)];

    public static bool TryParse(string name, out Scope scope) => ByName.TryGetValue(name, out scope);

    /// <summary>Adds the scopes that the granted ones include, so that two sets can be intersected.</summary>
    public static Scope Expand(Scope granted)
    {
        if (granted.HasFlag(Scope.Admin))
        {
            return All.Aggregate(Scope.None, (sum, entry) => sum | entry.Scope);
        }
        return granted.HasFlag(Scope.MailRead) ? granted | Scope.MailReadBasic : granted;
    }
}
