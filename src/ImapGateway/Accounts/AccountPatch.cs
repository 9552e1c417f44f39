using System.Collections.Immutable;
using ImapGateway.Http;
using ImapGateway.Imap;
using ImapGateway.Sync.Watching;

namespace ImapGateway.Accounts;

/// <summary>A change of an account, as a JSON merge patch (RFC 7396): absent members stay, null removes a value.</summary>
/// <param name="Name" example="Ann Example">The name that users see; null: the e-mail address.</param>
/// <param name="Email">The e-mail address.</param>
/// <param name="Metadata" example="{&quot;customer&quot;: &quot;4711&quot;, &quot;old&quot;: null}">The metadata to set, and with null to remove; null for all removes all.</param>
/// <param name="Imap" example="{&quot;password&quot;: &quot;correct horse battery staple&quot;}">The changes to the IMAP server.</param>
/// <param name="Smtp">The changes to the SMTP server; null removes it.</param>
/// <param name="Watch" example="inbox">The mailboxes that are watched.</param>
public sealed record AccountPatch(
    Optional<string?> Name = default,
    Optional<string> Email = default,
    Optional<ImmutableDictionary<string, string?>?> Metadata = default,
    Optional<ServerPatch> Imap = default,
    Optional<ServerPatch?> Smtp = default,
    Optional<WatchScope> Watch = default)
{
    /// <summary>Returns the account as if a client sent it as a new one.</summary>
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

/// <summary>A change of a mail server's settings. A new host or user needs its credential along.</summary>
/// <param name="Host">The name or address of the server.</param>
/// <param name="Port">The port; null: the standard port of `security`.</param>
/// <param name="Security">The protection of the connection.</param>
/// <param name="Username">The user name for the login; null: the e-mail address.</param>
/// <param name="Password">A new password.</param>
/// <param name="AccessToken">A new access token, instead of a password.</param>
/// <param name="AllowInvalidCertificate">True to accept any certificate, for self-signed ones.</param>
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

    /// <summary>Returns the name of the type; the default text of a record would contain the secrets.</summary>
    public override string ToString() => nameof(ServerPatch);
}
