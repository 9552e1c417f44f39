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

/// <summary>A mailbox as clients see it. Counters are messages; uidValidity, uidNext, total and unseen are 0 where it cannot be selected.</summary>
[GenerateSerializer, Immutable]
public sealed record Mailbox
{
    /// <summary>Survives renames.</summary>
    [Id(0)] public required string Id { get; init; }
    /// <summary>Decoded to Unicode, with the server's delimiter.</summary>
    [Id(1)] public required string Path { get; init; }
    /// <summary>The last segment of the path.</summary>
    [Id(2)] public required string Name { get; init; }
    /// <summary>Null on a server without hierarchy.</summary>
    [Id(3)] public required string? Delimiter { get; init; }
    [Id(4)] public required string? ParentId { get; init; }
    [Id(5)] public required Role? Role { get; init; }
    [Id(6)] public required bool Subscribed { get; init; }
    /// <summary>False for \Noselect and \NonExistent: it only holds other mailboxes.</summary>
    [Id(7)] public required bool Selectable { get; init; }
    [Id(8)] public required long Total { get; init; }
    [Id(9)] public required long Unseen { get; init; }
    [Id(10)] public required uint UidValidity { get; init; }
    [Id(11)] public required uint UidNext { get; init; }
    [Id(12)] public required Precision Precision { get; init; }
    /// <summary>RFC 4314 letters, where the server has ACL.</summary>
    [Id(13), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? MyRights { get; init; }
}
