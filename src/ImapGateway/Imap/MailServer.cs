using System.Text.Json.Serialization;

namespace ImapGateway.Imap;

/// <summary>The protection of a connection: `tls` from the first byte, `starttls` before any other data, or `none` for an unencrypted connection.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Security>))]
public enum Security
{
    /// <summary>TLS from the first byte (RFC 8314).</summary>
    [JsonStringEnumMemberName("tls")] Tls,
    /// <summary>STARTTLS on an unencrypted connection (RFC 3501 section 6.2.1). The connection never goes on without it.</summary>
    [JsonStringEnumMemberName("starttls")] StartTls,
    /// <summary>An unencrypted connection, for servers on the same machine or network.</summary>
    [JsonStringEnumMemberName("none")] None,
}

/// <summary>The address of a mail server and the user name for the login.</summary>
public sealed record MailServer(string Host, int Port, Security Security, string Username, bool AllowInvalidCertificate);

/// <summary>A password, or an OAuth 2.0 access token (RFC 7628). Its string form does not reveal the secret.</summary>
public sealed record Credential(CredentialKind Kind, string Secret)
{
    public override string ToString() => Kind.ToString();
}

public enum CredentialKind
{
    Password,
    AccessToken,
}
