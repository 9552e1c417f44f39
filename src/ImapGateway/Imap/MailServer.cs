using System.Text.Json.Serialization;

namespace ImapGateway.Imap;

/// <summary>How a connection is protected: `tls` from the first byte, `starttls` before anything is said, `none` in clear.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Security>))]
public enum Security
{
    /// <summary>TLS from the first byte (RFC 8314).</summary>
    [JsonStringEnumMemberName("tls")] Tls,
    /// <summary>In clear until STARTTLS (RFC 3501 section 6.2.1); never goes on without it.</summary>
    [JsonStringEnumMemberName("starttls")] StartTls,
    /// <summary>In clear; for servers on the same machine or network.</summary>
    [JsonStringEnumMemberName("none")] None,
}

/// <summary>Where a mail server listens, and as whom to log in.</summary>
public sealed record MailServer(string Host, int Port, Security Security, string Username, bool AllowInvalidCertificate);

/// <summary>A password, or an OAuth 2.0 access token (RFC 7628). Its string form gives nothing away.</summary>
public sealed record Credential(CredentialKind Kind, string Secret)
{
    public override string ToString() => Kind.ToString();
}

public enum CredentialKind
{
    Password,
    AccessToken,
}
