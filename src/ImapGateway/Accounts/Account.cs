using System.Collections.Immutable;
using System.Text.Json.Serialization;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Sync.Watching;

namespace ImapGateway.Accounts;

/// <summary>The state of an account: whether the gateway can reach its mail, and whether it knows all of it.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AccountState>))]
public enum AccountState
{
    /// <summary>The initial state: no login was tried yet.</summary>
    [JsonStringEnumMemberName("connecting")] Connecting,
    /// <summary>Logins work.</summary>
    [JsonStringEnumMemberName("connected")] Connected,
    /// <summary>The server refused the credentials; they are not tried again until they change.</summary>
    [JsonStringEnumMemberName("auth_failed")] AuthFailed,
    /// <summary>The server cannot be reached or does not answer; recovers by itself.</summary>
    [JsonStringEnumMemberName("unavailable")] Unavailable,
    /// <summary>Logins work, and the mailboxes that are watched are being indexed for the first time.</summary>
    [JsonStringEnumMemberName("syncing")] Syncing,
    /// <summary>The account is paused: nothing is watched until it is resumed.</summary>
    [JsonStringEnumMemberName("paused")] Paused,
    /// <summary>Logins work, but the connection that listens for changes is closed again and again: changes are seen late. `lastError` has the reason.</summary>
    [JsonStringEnumMemberName("degraded")] Degraded,
}

/// <summary>A mail account as clients see it; secrets are never returned.</summary>
[GenerateSerializer, Immutable]
public sealed record Account
{
    /// <summary>The id, chosen by the client ([A-Za-z0-9_-]{1,64}) or made by the gateway.</summary>
    /// <example>acc_k3v7q2mzp4x6a</example>
    [Id(0)] public required string Id { get; init; }
    /// <summary>The name that users see.</summary>
    /// <example>Ann Example</example>
    [Id(1)] public required string Name { get; init; }
    /// <summary>The e-mail address.</summary>
    /// <example>ann@example.com</example>
    [Id(2)] public required string Email { get; init; }
    /// <summary>The client's own metadata; at most 50 strings.</summary>
    /// <example>{"customer": "4711"}</example>
    [Id(3)] public required ImmutableDictionary<string, string> Metadata { get; init; }
    /// <summary>The present state.</summary>
    /// <example>connected</example>
    [Id(4)] public required AccountState State { get; init; }
    /// <summary>The IMAP server with the account's mail.</summary>
    [Id(5)] public required AccountServer Imap { get; init; }
    /// <summary>The SMTP server for sending mail, if it was given.</summary>
    [Id(6), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public AccountServer? Smtp { get; init; }
    /// <summary>The time of its creation.</summary>
    [Id(7)] public required DateTimeOffset CreatedAt { get; init; }
    /// <summary>
    /// The present problem: why the last login failed, why fewer connections or mailboxes are used than the server has, why changes are seen late, or a message that cannot be read; absent if there is
    /// none.
    /// </summary>
    [Id(8), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public AccountError? LastError { get; init; }
    /// <summary>IMAP capabilities that change what the gateway can do, as last seen after login.</summary>
    /// <example>["CONDSTORE", "IDLE", "MOVE", "QRESYNC", "UIDPLUS"]</example>
    [Id(9)] public required ImmutableArray<string> Capabilities { get; init; }
    /// <summary>The features that the mail server advertises and refuses; the gateway does not use them, and tries them again a day later.</summary>
    [Id(12)] public ImmutableArray<Quirk> Quirks { get; init; } = [];
    /// <summary>The mailboxes that are watched.</summary>
    /// <example>all</example>
    [Id(10)] public required WatchScope Watch { get; init; }
    /// <summary>The feed position of the account: with it as `after` a client misses no later change.</summary>
    /// <example>a_k3v7q2mz_42</example>
    [Id(11)] public required string FeedPosition { get; init; }

    /// <summary>Returns a digest of the settings for entity tags. The state of the account changes by itself, and must not make a condition fail.</summary>
    public string Settings() => EntityTags.DigestOf(new { Id, Name, Email, Metadata = new SortedDictionary<string, string>(Metadata, StringComparer.Ordinal), Imap, Smtp, Watch, CreatedAt, Paused = State == AccountState.Paused });
}

/// <summary>The address of a mail server and the user name for the login.</summary>
/// <param name="Host" example="imap.example.com">The name or address of the server.</param>
/// <param name="Port" example="993">The port.</param>
/// <param name="Security">The protection of the connection.</param>
/// <param name="Username" example="ann@example.com">The user name for the login.</param>
/// <param name="AllowInvalidCertificate" example="false">True to accept any certificate, for self-signed ones.</param>
[GenerateSerializer, Immutable]
public sealed record AccountServer(string Host, int Port, Security Security, string Username, bool AllowInvalidCertificate)
{
    /// <summary>The server of damaged stored settings. No client can give these values.</summary>
    internal static readonly AccountServer Unreadable = new("", 0, Security.Tls, "", false);

    public MailServer ToMailServer() => new(Host, Port, Security, Username, AllowInvalidCertificate);
}

/// <summary>The reason why an account does not work, or not fully.</summary>
/// <param name="Code">The code from the closed list of error codes.</param>
/// <param name="Detail">The fault and what to do about it.</param>
/// <param name="Upstream">The response of the mail server.</param>
/// <param name="At">The time when it happened.</param>
[GenerateSerializer, Immutable]
public sealed record AccountError([property: SchemaOf(typeof(ErrorCode))] string Code, string Detail, Upstream? Upstream, DateTimeOffset At)
{
    public static AccountError Of(Problem problem, DateTimeOffset at) => new(problem.Code.Describe().Name, problem.Detail, problem.Upstream, at);
}
