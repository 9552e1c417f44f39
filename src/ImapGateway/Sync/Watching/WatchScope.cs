using System.Text.Json.Serialization;

namespace ImapGateway.Sync.Watching;

/// <summary>The mailboxes of an account that are watched.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WatchScope>))]
public enum WatchScope
{
    /// <summary>Every mailbox, on one connection.</summary>
    [JsonStringEnumMemberName("all")] All,
    /// <summary>The inbox alone, with plain IDLE: cheap on servers that put idle connections to sleep.</summary>
    [JsonStringEnumMemberName("inbox")] Inbox,
    /// <summary>None: there is no permanent connection, and changes are found when mail is read.</summary>
    [JsonStringEnumMemberName("none")] None,
}
