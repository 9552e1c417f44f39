using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Sync.Watching;

namespace ImapGateway.Accounts;

/// <summary>The settings of an account as clients send them.</summary>
/// <param name="Id">The id, chosen by the client ([A-Za-z0-9_-]{1,64}), or left to the gateway. An id of the form that the gateway gives (acc_k3v7q2mzp4x6a) cannot be chosen.</param>
/// <param name="Name" example="Ann Example">The name that users see; the default is the e-mail address.</param>
/// <param name="Email" example="ann@example.com">The e-mail address.</param>
/// <param name="Metadata" example="{&quot;customer&quot;: &quot;4711&quot;}">The client's own metadata: at most 50 entries, keys of 1-100 and values of at most 500 characters.</param>
/// <param name="Imap">The IMAP server with the account's mail.</param>
/// <param name="Smtp">The SMTP server for sending mail; user name and credential are those of imap by default.</param>
/// <param name="Watch">The mailboxes that are watched; the default is `all`.</param>
public sealed record AccountInput(
    string? Id = null,
    string? Name = null,
    [property: Required] string? Email = null,
    ImmutableDictionary<string, string?>? Metadata = null,
    [property: Required] ServerInput? Imap = null,
    ServerInput? Smtp = null,
    WatchScope? Watch = null)
{
    private const int MostMetadata = 50;

    /// <summary>Returns the settings if they are complete and plausible; else reports all errors at once.</summary>
    /// <param name="needsCredential">True if there is no stored credential.</param>
    /// <param name="stored">The account that is changed. Values that stay as they are stored are not checked: a damaged value must not prevent the change of others.</param>
    /// <exception cref="ProblemException">400 with a pointer to each member at fault.</exception>
    public AccountSettings Validate(bool needsCredential, Account? stored = null)
    {
        var errors = new List<ProblemError>();
        if (Id is not null && !AccountId.IsValid(Id))
        {
            errors.Add(new ProblemError(AccountId.Expectation, "/id"));
        }
        if (Email is null || Email != stored?.Email && (string.IsNullOrWhiteSpace(Email) || Email.Length > 320 || !Email.Contains('@', StringComparison.Ordinal) || !InputText.IsPlain(Email)))
        {
            errors.Add(new ProblemError("An address such as ann@example.com is expected.", "/email"));
        }
        if (Name != stored?.Name && (Name is { Length: > 200 } || !InputText.IsPlain(Name)))
        {
            errors.Add(new ProblemError($"A name has at most 200 characters. {InputText.Expectation}", "/name"));
        }
        foreach (var (key, value) in Metadata ?? ImmutableDictionary<string, string?>.Empty)
        {
            if (!(stored?.Metadata.TryGetValue(key, out var kept) == true && kept == value) && (key.Length is 0 or > 100 || value is null or { Length: > 500 } || !InputText.IsPlain(key) || !InputText.IsPlain(value)))
            {
                errors.Add(new ProblemError($"Keys have 1 to 100 characters, values are strings of at most 500. {InputText.Expectation}", "/metadata/" + key.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)));
            }
        }
        if (Metadata?.Count > MostMetadata)
        {
            errors.Add(new ProblemError($"At most {MostMetadata} notes are kept.", "/metadata"));
        }
        var imap = (Imap ?? new ServerInput()).Validate("/imap", ServerInput.ImapPort, Email, needsCredential, errors, stored?.Imap);
        var smtp = Smtp?.Validate("/smtp", ServerInput.SmtpPort, imap.Server.Username, needsCredential: false, errors, stored?.Smtp);
        return errors.Count == 0
            ? new AccountSettings(Name ?? Email!, Email!, (Metadata ?? ImmutableDictionary<string, string?>.Empty).ToImmutableDictionary(pair => pair.Key, pair => pair.Value!), imap, smtp, Watch ?? WatchScope.All)
            : throw new ProblemException(new Problem(ErrorCode.BadRequest, "The account is not complete or not valid.", [.. errors]));
    }
}

/// <summary>The settings of a mail server as clients send them, with a password or an OAuth 2.0 access token, never both.</summary>
/// <param name="Host" example="imap.example.com">The name or address of the server.</param>
/// <param name="Port" example="993">The port; the default is the standard port of `security`.</param>
/// <param name="Security">The protection of the connection; the default is `tls`.</param>
/// <param name="Username" example="ann@example.com">The user name for the login; the default is the e-mail address.</param>
/// <param name="Password" example="correct horse battery staple">The password; it is never returned.</param>
/// <param name="AccessToken">The access token for XOAUTH2 or OAUTHBEARER, instead of a password. It is never returned.</param>
/// <param name="AllowInvalidCertificate">True to accept any certificate, for self-signed ones; the default is false.</param>
public sealed record ServerInput(
    [property: Required] string? Host = null,
    int? Port = null,
    Security? Security = null,
    string? Username = null,
    string? Password = null,
    string? AccessToken = null,
    bool? AllowInvalidCertificate = null)
{
    private const int LongestCredential = 16384;

    private bool HasCredential => Password is not null || AccessToken is not null;

    public static int ImapPort(Security security) => security == Imap.Security.Tls ? 993 : 143;

    public static int SmtpPort(Security security) => security switch
    {
        Imap.Security.Tls => 465,
        Imap.Security.StartTls => 587,
        _ => 25,
    };

    public ServerSettings Validate(string at, Func<Security, int> defaultPort, string? defaultUsername, bool needsCredential, List<ProblemError> errors, AccountServer? stored)
    {
        var security = Security ?? Imap.Security.Tls;
        var port = Port ?? defaultPort(security);
        if (Host is null || Host != stored?.Host && (string.IsNullOrWhiteSpace(Host) || Host.Length > 253 || Uri.CheckHostName(Host) == UriHostNameType.Unknown))
        {
            errors.Add(new ProblemError("A host name or an address is expected.", at + "/host"));
        }
        if (port != stored?.Port && port is (< 1 or > 65535))
        {
            errors.Add(new ProblemError("A port is a number from 1 to 65535.", at + "/port"));
        }
        if (Username is null ? !InputText.IsPlain(defaultUsername) : Username != stored?.Username && (Username is { Length: 0 or > 320 } || !InputText.IsPlain(Username)))
        {
            errors.Add(new ProblemError($"A user name has 1 to 320 characters. {InputText.Expectation}", at + "/username"));
        }
        if (Password is not null && AccessToken is not null)
        {
            errors.Add(new ProblemError("Give a password or an access token, not both.", at + "/accessToken"));
        }
        if (needsCredential && !HasCredential)
        {
            errors.Add(new ProblemError("A password or an access token is needed.", at + "/password"));
        }
        // RFC 4013 section 2.3 forbids them in passwords, too.
        if (Password is { Length: 0 or > LongestCredential } || !InputText.IsPlain(Password))
        {
            errors.Add(new ProblemError($"A password has 1 to {LongestCredential} characters. {InputText.Expectation}", at + "/password"));
        }
        // RFC 6749 appendix A.12. XOAUTH2 and OAUTHBEARER separate their fields by a control character.
        if (AccessToken is { Length: 0 or > LongestCredential } || AccessToken?.Any(c => c is < ' ' or > '~') == true)
        {
            errors.Add(new ProblemError($"An access token has 1 to {LongestCredential} printable ASCII characters.", at + "/accessToken"));
        }
        var credential = Password is not null ? new Credential(CredentialKind.Password, Password)
            : AccessToken is not null ? new Credential(CredentialKind.AccessToken, AccessToken)
            : null;
        return new ServerSettings(new AccountServer(Host ?? "", port, security, Username ?? defaultUsername ?? "", AllowInvalidCertificate ?? false), credential);
    }

    /// <summary>Returns host and port; the default text of a record would contain the secrets.</summary>
    public override string ToString() => $"{Host}:{Port}";
}

/// <summary>The settings of a valid <see cref="AccountInput"/>.</summary>
public sealed record AccountSettings(string Name, string Email, ImmutableDictionary<string, string> Metadata, ServerSettings Imap, ServerSettings? Smtp, WatchScope Watch);

/// <param name="Credential">The credential; null: none was given.</param>
public sealed record ServerSettings(AccountServer Server, Credential? Credential);
