using System.Text.Json.Serialization;

namespace ImapGateway.Mail;

/// <summary>What a mailbox is for: SPECIAL-USE (RFC 6154), else its name in the common mail languages.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Role>))]
public enum Role
{
    [JsonStringEnumMemberName("inbox")] Inbox,
    [JsonStringEnumMemberName("sent")] Sent,
    [JsonStringEnumMemberName("drafts")] Drafts,
    [JsonStringEnumMemberName("trash")] Trash,
    [JsonStringEnumMemberName("junk")] Junk,
    [JsonStringEnumMemberName("archive")] Archive,
    [JsonStringEnumMemberName("all")] All,
    [JsonStringEnumMemberName("flagged")] Flagged,
    [JsonStringEnumMemberName("important")] Important,
}

/// <summary>
/// How exact the flags of a mailbox are: <c>exact</c> where the server tells every change (CONDSTORE), <c>windowed</c> where only the newest
/// messages are compared at every look and the rest in turn.
/// </summary>
[JsonConverter(typeof(JsonStringEnumConverter<Precision>))]
public enum Precision
{
    [JsonStringEnumMemberName("exact")] Exact,
    [JsonStringEnumMemberName("windowed")] Windowed,
}

/// <summary>
/// A mailbox as clients see it. Counters are messages; uidValidity, uidNext, total and unseen are 0 where it cannot be selected, and null where `problem` says why the mail server does not tell them.
/// </summary>
[GenerateSerializer, Immutable]
public sealed record Mailbox
{
    /// <summary>Ours, opaque; stays the same when the mailbox is renamed.</summary>
    /// <example>b_kq3zvw5xc</example>
    [Id(0)] public required string Id { get; init; }
    /// <summary>Decoded to Unicode, with the server's delimiter.</summary>
    /// <example>Projects/2026</example>
    [Id(1)] public required string Path { get; init; }
    /// <summary>The last segment of the path.</summary>
    /// <example>2026</example>
    [Id(2)] public required string Name { get; init; }
    /// <summary>Between the levels of a path; null on a server without hierarchy.</summary>
    /// <example>/</example>
    [Id(3)] public required string? Delimiter { get; init; }
    /// <summary>The mailbox above it; null at the top.</summary>
    /// <example>b_kq3zvw5xb</example>
    [Id(4)] public required string? ParentId { get; init; }
    /// <summary>What it is for; null for an ordinary one.</summary>
    /// <example>archive</example>
    [Id(5)] public required Role? Role { get; init; }
    /// <summary>Whether other mail clients show it.</summary>
    [Id(6)] public required bool Subscribed { get; init; }
    /// <summary>False for \Noselect and \NonExistent: it only holds other mailboxes.</summary>
    [Id(7)] public required bool Selectable { get; init; }
    /// <summary>Messages in it.</summary>
    /// <example>1204</example>
    [Id(8)] public required long? Total { get; init; }
    /// <summary>Messages in it without `$seen`.</summary>
    /// <example>3</example>
    [Id(9)] public required long? Unseen { get; init; }
    /// <summary>UIDVALIDITY (RFC 3501 section 2.3.1.1).</summary>
    /// <example>1748695500</example>
    [Id(10)] public required uint? UidValidity { get; init; }
    /// <summary>UIDNEXT: the uid a new message will have, or a smaller one than that.</summary>
    /// <example>4712</example>
    [Id(11)] public required uint? UidNext { get; init; }
    /// <summary>How exact `flags` are known.</summary>
    [Id(12)] public required Precision Precision { get; init; }
    /// <summary>RFC 4314 letters, where the server has ACL; shown for a single mailbox.</summary>
    /// <example>lrswipkxtea</example>
    [Id(13), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? MyRights { get; init; }
    /// <summary>Why the mailbox cannot be read now: the mail server refuses it. All others work, and it is tried again. Absent when all is well.</summary>
    [Id(14), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public ResourceProblem? Problem { get; init; }
}
