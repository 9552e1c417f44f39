using System.Collections.Immutable;
using System.Text.Json.Serialization;
using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Accounts;

/// <summary>By the last login.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AccountState>))]
public enum AccountState
{
    /// <summary>No login was tried yet.</summary>
    [JsonStringEnumMemberName("connecting")] Connecting,
    [JsonStringEnumMemberName("connected")] Connected,
    /// <summary>The server refused the credentials; they are not tried again until they change.</summary>
    [JsonStringEnumMemberName("auth_failed")] AuthFailed,
    /// <summary>The server cannot be reached or does not answer; recovers by itself.</summary>
    [JsonStringEnumMemberName("unavailable")] Unavailable,
}

/// <summary>A mail account as clients see it; secrets never come back.</summary>
[GenerateSerializer, Immutable]
public sealed record Account
{
    /// <summary>Chosen by the client ([A-Za-z0-9_-]{1,64}) or made up.</summary>
    [Id(0)] public required string Id { get; init; }
    [Id(1)] public required string Name { get; init; }
    [Id(2)] public required string Email { get; init; }
    /// <summary>The client's own notes; at most 50 strings.</summary>
    [Id(3)] public required ImmutableDictionary<string, string> Metadata { get; init; }
    [Id(4)] public required AccountState State { get; init; }
    [Id(5)] public required AccountServer Imap { get; init; }
    [Id(6), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public AccountServer? Smtp { get; init; }
    [Id(7)] public required DateTimeOffset CreatedAt { get; init; }
    /// <summary>What went wrong at the last login, or why fewer connections than allowed are used; null when all is well.</summary>
    [Id(8), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public AccountError? LastError { get; init; }
    /// <summary>IMAP capabilities that change what the gateway can do, as last seen after login.</summary>
    [Id(9)] public required ImmutableArray<string> Capabilities { get; init; }
}

/// <summary>Where a mail server listens and as whom to log in.</summary>
/// <param name="AllowInvalidCertificate">Accept any certificate, for self-signed ones.</param>
[GenerateSerializer, Immutable]
public sealed record AccountServer(string Host, int Port, Security Security, string Username, bool AllowInvalidCertificate)
{
    public MailServer ToMailServer() => new(Host, Port, Security, Username, AllowInvalidCertificate);
}

/// <param name="Code">From the closed list of error codes.</param>
/// <param name="Upstream">The mail server's words.</param>
[GenerateSerializer, Immutable]
public sealed record AccountError(string Code, string Detail, Upstream? Upstream, DateTimeOffset At)
{
    public static AccountError Of(Problem problem, DateTimeOffset at) => new(problem.Code.Describe().Name, problem.Detail, problem.Upstream, at);
}
