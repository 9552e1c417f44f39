using System.Collections.Immutable;
using System.Text.Json.Serialization;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Sync.Watching;

namespace ImapGateway.Accounts;

/// <summary>Whether the gateway can reach the account's mail, and whether it knows all of it.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AccountState>))]
public enum AccountState
{
    /// <summary>No login was tried yet.</summary>
    [JsonStringEnumMemberName("connecting")] Connecting,
    /// <summary>Logins work.</summary>
    [JsonStringEnumMemberName("connected")] Connected,
    /// <summary>The server refused the credentials; they are not tried again until they change.</summary>
    [JsonStringEnumMemberName("auth_failed")] AuthFailed,
    /// <summary>The server cannot be reached or does not answer; recovers by itself.</summary>
    [JsonStringEnumMemberName("unavailable")] Unavailable,
    /// <summary>Logins work, and the mailboxes that are watched are being indexed for the first time.</summary>
    [JsonStringEnumMemberName("syncing")] Syncing,
    /// <summary>Nothing is watched until it is resumed.</summary>
    [JsonStringEnumMemberName("paused")] Paused,
    /// <summary>Logins work, but the connection that listens for changes is ended again and again: changes are seen late. `lastError` has the reason.</summary>
    [JsonStringEnumMemberName("degraded")] Degraded,
}

/// <summary>A mail account as clients see it; secrets never come back.</summary>
[GenerateSerializer, Immutable]
public sealed record Account
{
    /// <summary>Chosen by the client ([A-Za-z0-9_-]{1,64}) or made up.</summary>
    /// <example>acc_k3v7q2mzp4x6a</example>
    [Id(0)] public required string Id { get; init; }
    /// <summary>Shown to people.</summary>
    /// <example>Ann Example</example>
    [Id(1)] public required string Name { get; init; }
    /// <summary>Its address.</summary>
    /// <example>ann@example.com</example>
    [Id(2)] public required string Email { get; init; }
    /// <summary>The client's own notes; at most 50 strings.</summary>
    /// <example>{"customer": "4711"}</example>
    [Id(3)] public required ImmutableDictionary<string, string> Metadata { get; init; }
    /// <summary>What it is doing.</summary>
    /// <example>connected</example>
    [Id(4)] public required AccountState State { get; init; }
    /// <summary>Where its mail is.</summary>
    [Id(5)] public required AccountServer Imap { get; init; }
    /// <summary>Where it hands in mail, if that was given.</summary>
    [Id(6), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public AccountServer? Smtp { get; init; }
    /// <summary>When it was added.</summary>
    [Id(7)] public required DateTimeOffset CreatedAt { get; init; }
    /// <summary>What went wrong at the last login, or why fewer connections or mailboxes are used than the server has, or why changes are seen late, or a message that cannot be read; absent when all is well.</summary>
    [Id(8), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public AccountError? LastError { get; init; }
    /// <summary>IMAP capabilities that change what the gateway can do, as last seen after login.</summary>
    /// <example>["CONDSTORE", "IDLE", "MOVE", "QRESYNC", "UIDPLUS"]</example>
    [Id(9)] public required ImmutableArray<string> Capabilities { get; init; }
    /// <summary>What the mail server advertises and refuses; the gateway does without it, and tries it again a day later.</summary>
    [Id(12)] public ImmutableArray<Quirk> Quirks { get; init; } = [];
    /// <summary>Which mailboxes are watched.</summary>
    /// <example>all</example>
    [Id(10)] public required WatchScope Watch { get; init; }
    /// <summary>`after` for the feed of the account, which then misses nothing that comes after this.</summary>
    /// <example>a_k3v7q2mz_42</example>
    [Id(11)] public required string FeedPosition { get; init; }

    /// <summary>For entity tags: what clients set. What the account is doing changes by itself, and is no reason against a change.</summary>
    public string Settings() => EntityTags.DigestOf(new { Id, Name, Email, Metadata = new SortedDictionary<string, string>(Metadata, StringComparer.Ordinal), Imap, Smtp, Watch, CreatedAt, Paused = State == AccountState.Paused });
}

/// <summary>Where a mail server listens and as whom to log in.</summary>
/// <param name="Host" example="imap.example.com">Its name or address.</param>
/// <param name="Port" example="993">Its port.</param>
/// <param name="Security">How the connection is protected.</param>
/// <param name="Username" example="ann@example.com">Whom to log in as.</param>
/// <param name="AllowInvalidCertificate" example="false">Accept any certificate, for self-signed ones.</param>
[GenerateSerializer, Immutable]
public sealed record AccountServer(string Host, int Port, Security Security, string Username, bool AllowInvalidCertificate)
{
    /// <summary>The stored settings are damaged. No client can give these.</summary>
    internal static readonly AccountServer Unreadable = new("", 0, Security.Tls, "", false);

    public MailServer ToMailServer() => new(Host, Port, Security, Username, AllowInvalidCertificate);
}

/// <summary>Why an account does not work, or not fully.</summary>
/// <param name="Code">From the closed list of error codes.</param>
/// <param name="Detail">What is wrong and what to do.</param>
/// <param name="Upstream">The mail server's words.</param>
/// <param name="At">When it happened.</param>
[GenerateSerializer, Immutable]
public sealed record AccountError([property: SchemaOf(typeof(ErrorCode))] string Code, string Detail, Upstream? Upstream, DateTimeOffset At)
{
    public static AccountError Of(Problem problem, DateTimeOffset at) => new(problem.Code.Describe().Name, problem.Detail, problem.Upstream, at);
}
