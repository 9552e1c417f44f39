using System.Collections.Frozen;

namespace ImapGateway.Changes;

/// <summary>The types of changes of an account. The list is closed: a new type is a new contract in schema/events.</summary>
public enum ChangeType
{
    MessageAdded,
    MessageFlagsChanged,
    MessageMoved,
    MessageRemoved,
    MailboxAdded,
    MailboxRenamed,
    MailboxRemoved,
    MailboxReset,
    AccountSynced,
    AccountConnected,
    AccountAuthFailed,
    AccountUnavailable,
    AccountRemoved,
    /// <summary>A test that a client requests for one endpoint. It is never in the log.</summary>
    WebhookTest,
}

/// <summary>The names of <see cref="ChangeType"/> on the wire and in the log.</summary>
public static class ChangeTypes
{
    /// <summary>The type of a damaged row of the log. No filter admits it, so that readers skip it.</summary>
    public const ChangeType Unreadable = (ChangeType)(-1);

    private static readonly (ChangeType Type, string Name)[] All =
    [
        (ChangeType.MessageAdded, "message.added"),
        (ChangeType.MessageFlagsChanged, "message.flags_changed"),
        (ChangeType.MessageMoved, "message.moved"),
        (ChangeType.MessageRemoved, "message.removed"),
        (ChangeType.MailboxAdded, "mailbox.added"),
        (ChangeType.MailboxRenamed, "mailbox.renamed"),
        (ChangeType.MailboxRemoved, "mailbox.removed"),
        (ChangeType.MailboxReset, "mailbox.reset"),
        (ChangeType.AccountSynced, "account.synced"),
        (ChangeType.AccountConnected, "account.connected"),
        (ChangeType.AccountAuthFailed, "account.auth_failed"),
        (ChangeType.AccountUnavailable, "account.unavailable"),
        (ChangeType.AccountRemoved, "account.removed"),
        (ChangeType.WebhookTest, "webhook.test"),
    ];

    private static readonly FrozenDictionary<ChangeType, string> ByType = All.ToFrozenDictionary(entry => entry.Type, entry => entry.Name);
    private static readonly FrozenDictionary<string, ChangeType> ByName = All.ToFrozenDictionary(entry => entry.Name, entry => entry.Type);

    public static IReadOnlyList<string> Names { get; } = [.. All.Select(entry => entry.Name)];

    public static string Name(ChangeType type) => ByType.GetValueOrDefault(type, "unreadable");

    public static bool TryParse(string name, out ChangeType type) => ByName.TryGetValue(name, out type);
}
