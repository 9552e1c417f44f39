using System.Collections.Immutable;
using ImapGateway.Http;
using ImapGateway.Imap;
using ImapGateway.Sync.Watching;

namespace ImapGateway.Accounts;

/// <summary>A change of an account, as a JSON merge patch (RFC 7396): what is absent stays, null removes.</summary>
/// <param name="Name" example="Ann Example">Shown to people; null: the address.</param>
/// <param name="Email">Its address.</param>
/// <param name="Metadata" example="{&quot;customer&quot;: &quot;4711&quot;, &quot;old&quot;: null}">Notes to set, and with null to remove; null for all removes all.</param>
/// <param name="Imap" example="{&quot;password&quot;: &quot;correct horse battery staple&quot;}">What to change of the server the mail is on.</param>
/// <param name="Smtp">What to change of the server that takes mail; null: it has none any more.</param>
/// <param name="Watch" example="inbox">Which mailboxes are watched.</param>
public sealed record AccountPatch(
    Optional<string?> Name = default,
    Optional<string> Email = default,
    Optional<ImmutableDictionary<string, string?>?> Metadata = default,
    Optional<ServerPatch> Imap = default,
    Optional<ServerPatch?> Smtp = default,
    Optional<WatchScope> Watch = default)
{
    /// <summary>The account as it would be given anew.</summary>
    public AccountInput ApplyTo(Account account) => new(
        null,
        Name.Or(account.Name),
        Email.Or(account.Email),
        Metadata.IsGiven ? Merge(account.Metadata, Metadata.Value) : account.Metadata.ToImmutableDictionary(pair => pair.Key, pair => (string?)pair.Value),
        (Imap.IsGiven ? Imap.Value : new ServerPatch()).ApplyTo(account.Imap),
        Smtp.IsGiven ? Smtp.Value?.ApplyTo(account.Smtp) : account.Smtp is null ? null : new ServerPatch().ApplyTo(account.Smtp),
        Watch.Or(account.Watch));

    private static ImmutableDictionary<string, string?> Merge(ImmutableDictionary<string, string> notes, ImmutableDictionary<string, string?>? changes) =>
        changes is null
            ? ImmutableDictionary<string, string?>.Empty
            : notes.ToImmutableDictionary(pair => pair.Key, pair => (string?)pair.Value).SetItems(changes).RemoveRange(changes.Where(change => change.Value is null).Select(change => change.Key));
}

/// <summary>A change of a mail server's settings. A new place or user needs its credential along.</summary>
/// <param name="Host">Its name or address.</param>
/// <param name="Port">Null: the standard one of `security`.</param>
/// <param name="Security">How the connection is protected.</param>
/// <param name="Username">Null: the address.</param>
/// <param name="Password">A new one.</param>
/// <param name="AccessToken">A new one, instead of a password.</param>
/// <param name="AllowInvalidCertificate">Accept any certificate, for self-signed ones.</param>
public sealed record ServerPatch(
    Optional<string> Host = default,
    Optional<int?> Port = default,
    Optional<Security> Security = default,
    Optional<string?> Username = default,
    Optional<string?> Password = default,
    Optional<string?> AccessToken = default,
    Optional<bool> AllowInvalidCertificate = default)
{
    public ServerInput ApplyTo(AccountServer? server) => new(
        Host.IsGiven ? Host.Value : server?.Host,
        Port.IsGiven ? Port.Value : server?.Port,
        Security.IsGiven ? Security.Value : server?.Security,
        Username.IsGiven ? Username.Value : server?.Username,
        Password.Value,
        AccessToken.Value,
        AllowInvalidCertificate.IsGiven ? AllowInvalidCertificate.Value : server?.AllowInvalidCertificate);

    /// <summary>A record's own form would print the secrets.</summary>
    public override string ToString() => nameof(ServerPatch);
}
