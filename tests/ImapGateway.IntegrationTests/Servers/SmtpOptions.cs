namespace ImapGateway.IntegrationTests.Servers;

public enum SmtpTls
{
    None,

    /// <summary>Offered after the greeting (RFC 3207).</summary>
    StartTls,

    /// <summary>From the first octet (RFC 8314).</summary>
    Implicit,
}

public sealed record SmtpOptions
{
    public SmtpTls Tls { get; init; } = SmtpTls.StartTls;

    public string Password { get; init; } = "pass";

    /// <summary>AUTH is offered on an encrypted connection only.</summary>
    public bool AuthNeedsTls { get; init; }

    /// <summary>The first line; null: the connection is accepted and nothing is ever said.</summary>
    public string? Greeting { get; init; } = "220 localhost ESMTP ready";
}

/// <summary>A message that was handed in, and how.</summary>
public sealed record SmtpMessage(string User, bool Encrypted, string From, IReadOnlyList<string> Recipients, byte[] Octets);
