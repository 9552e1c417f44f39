using System.Text.Json.Serialization;

namespace ImapGateway.Mail;

/// <summary>The role of a mailbox: from SPECIAL-USE (RFC 6154), otherwise from its name in the common mail languages.</summary>
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
/// The precision of the flags of a mailbox: <c>exact</c> if the server reports every change (CONDSTORE), <c>windowed</c> if only the newest
/// messages are compared at every refresh and the rest in turn.
/// </summary>
[JsonConverter(typeof(JsonStringEnumConverter<Precision>))]
public enum Precision
{
    [JsonStringEnumMemberName("exact")] Exact,
    [JsonStringEnumMemberName("windowed")] Windowed,
}

/// <summary>
/// A mailbox in the form for clients. Counters count messages. uidValidity, uidNext, total and unseen are 0 if the mailbox cannot be selected, and null if the mail server does not report them
/// (then `problem` has the reason).
/// </summary>
[GenerateSerializer, Immutable]
public sealed record Mailbox
{
    /// <summary>The id of the mailbox. It is opaque, and does not change when the mailbox is renamed.</summary>
    /// <example>b_kq3zvw5xc</example>
    [Id(0)] public required string Id { get; init; }
    /// <summary>The path, decoded to Unicode, with the server's delimiter.</summary>
    /// <example>Projects/2026</example>
    [Id(1)] public required string Path { get; init; }
    /// <summary>The last segment of the path.</summary>
    /// <example>2026</example>
    [Id(2)] public required string Name { get; init; }
    /// <summary>The separator between the levels of a path, or null on a server without hierarchy.</summary>
    /// <example>/</example>
    [Id(3)] public required string? Delimiter { get; init; }
    /// <summary>The id of the mailbox above it, or null at the top.</summary>
    /// <example>b_kq3zvw5xb</example>
    [Id(4)] public required string? ParentId { get; init; }
    /// <summary>The role of the mailbox, or null for an ordinary one.</summary>
    /// <example>archive</example>
    [Id(5)] public required Role? Role { get; init; }
    /// <summary>True if other mail clients show the mailbox.</summary>
    [Id(6)] public required bool Subscribed { get; init; }
    /// <summary>True if the mailbox can have messages. False for \Noselect and \NonExistent: it only contains other mailboxes.</summary>
    [Id(7)] public required bool Selectable { get; init; }
    /// <summary>The number of messages in the mailbox.</summary>
    /// <example>1204</example>
    [Id(8)] public required long? Total { get; init; }
    /// <summary>The number of messages in the mailbox without `$seen`.</summary>
    /// <example>3</example>
    [Id(9)] public required long? Unseen { get; init; }
    /// <summary>The UIDVALIDITY (RFC 3501 section 2.3.1.1).</summary>
    /// <example>1748695500</example>
    [Id(10)] public required uint? UidValidity { get; init; }
    /// <summary>The UIDNEXT: the uid that a new message will have, or a smaller one.</summary>
    /// <example>4712</example>
    [Id(11)] public required uint? UidNext { get; init; }
    /// <summary>The precision with which `flags` are known.</summary>
    [Id(12)] public required Precision Precision { get; init; }
    /// <summary>The rights as RFC 4314 letters, if the server has ACL. They are shown for a single mailbox.</summary>
    /// <example>lrswipkxtea</example>
    [Id(13), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? MyRights { get; init; }
    /// <summary>The reason why the mailbox cannot be read now: the mail server refuses it. All other mailboxes work, and this one is tried again. Absent if there is no problem.</summary>
    [Id(14), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public ResourceProblem? Problem { get; init; }
}
