using System.Globalization;
using ImapGateway.Access;
using ImapGateway.GraphQL.Schema;
using ImapGateway.Mail;

namespace ImapGateway.Changes;

/// <summary>The GraphQL types of changes: one for each record of the log.</summary>
public static class ChangeGraphTypes
{
    public const string Interface = "Change";

    /// <summary>The types for which the log has the summary of the message.</summary>
    public static readonly IReadOnlyList<string> WithMessage = ["MessageAdded", "MessageMoved", "MessageRemoved"];

    public static readonly IReadOnlyList<string> OfMessages = [.. WithMessage, "MessageFlagsChanged"];

    public static readonly IReadOnlyList<string> OfMailboxes = ["MailboxAdded", "MailboxRenamed", "MailboxReset", "MailboxRemoved"];

    public static readonly IReadOnlyList<string> All = [.. OfMessages, .. OfMailboxes, "AccountChanged"];

    private const string Id = "The same wherever the change is told of, and however often: what was handled once need not be handled again.";
    private const string Kind = "What has happened.";
    private const string Timestamp = "When the gateway noticed it.";
    private const string AccountId = "The id of the account.";
    private const string Metadata = "The client's notes on the account at that time, by their names.";
    private const string Sequence = "Without gaps, and increasing, in each account; a number of 63 bits, hence a string.";
    private const string Position = "`after` for what comes after this: of the feed it was followed by.";
    private const string ObjectId = "The id of the message or mailbox it is about; null where it is about the account.";

    public static void Build(GraphBuilder graph)
    {
        graph.Enum<ChangeType>(
            "ChangeType", "What can be told of an account.",
            (ChangeType.MessageAdded, "A message has arrived, or has become visible."), (ChangeType.MessageFlagsChanged, "Flags of a message have changed."),
            (ChangeType.MessageMoved, "A message is in another mailbox."), (ChangeType.MessageRemoved, "A message is gone."),
            (ChangeType.MailboxAdded, "There is a new mailbox."), (ChangeType.MailboxRenamed, "A mailbox has another path."), (ChangeType.MailboxRemoved, "A mailbox is gone."),
            (ChangeType.MailboxReset, "What was known of a mailbox cannot be continued."),
            (ChangeType.AccountSynced, "The account is indexed: what arrives from now on is told."), (ChangeType.AccountConnected, "The mail server can be used, again or for the first time."),
            (ChangeType.AccountAuthFailed, "The mail server refuses the credentials; they are not tried again until they change."),
            (ChangeType.AccountUnavailable, "The mail server cannot be used; it is tried again."), (ChangeType.AccountRemoved, "The account was removed: its last change."));
        graph.Interface(
            Interface, "Something that has become of an account, a mailbox or a message.",
            ("id", "ID!", Id), ("type", "ChangeType!", Kind), ("timestamp", "DateTime!", Timestamp), ("accountId", "ID!", AccountId), ("metadata", "[Metadata!]!", Metadata),
            ("sequence", "String!", Sequence), ("position", "String!", Position), ("objectId", "ID", ObjectId),
            ("account", "Account", "As it is now; null where it is removed."));
        BuildMessages(graph);
        BuildMailboxes(graph);
        var account = Object<AccountChanged>(graph, "The state of the account.");
        account.Leaf("reason", "String", one => one.Data.Reason, "A code of the error list, where something failed.");
        account.Leaf("detail", "String", one => one.Data.Detail, "What the mail server said, for people.");
    }

    private static void BuildMessages(GraphBuilder graph)
    {
        const string In = "The mailbox it is in, or was.";
        var added = Object<MessageAdded>(graph, "A message has arrived, or has become visible.");
        added.Leaf("mailboxId", "ID!", one => one.Data.MailboxId, In);
        Truncated(added);
        var flags = Object<MessageFlagsChanged>(graph, "Flags of a message have changed.");
        flags.Leaf("mailboxId", "ID!", one => one.Data.MailboxId, In);
        flags.Leaf("added", "[String!]!", one => one.Data.Added, "These it has now.").Requires(Scope.MailReadBasic);
        flags.Leaf("removed", "[String!]!", one => one.Data.Removed, "These it has no longer.").Requires(Scope.MailReadBasic);
        flags.Leaf("flags", "[String!]!", one => one.Data.Flags, "All it has now.").Requires(Scope.MailReadBasic);
        var moved = Object<MessageMoved>(graph, "A message is in another mailbox, and has kept its id.");
        moved.Leaf("mailboxId", "ID!", one => one.Data.MailboxId, In);
        moved.Leaf("fromMailboxId", "ID!", one => one.Data.FromMailboxId, "Where it was.");
        moved.Leaf("flags", "[String!]!", one => one.Data.Flags, "As they were known before; a difference follows as a change of its own.").Requires(Scope.MailReadBasic);
        Truncated(moved);
        var removed = Object<MessageRemoved>(graph, "A message is gone; its id is never used again.");
        removed.Leaf("mailboxId", "ID!", one => one.Data.MailboxId, In);
        Truncated(removed);
    }

    private static void BuildMailboxes(GraphBuilder graph)
    {
        OfMailbox(Object<MailboxAdded>(graph, "There is a new mailbox."), data => data.Path, data => data.Role);
        var renamed = Object<MailboxRenamed>(graph, "A mailbox has another path; it has kept its id, and so have its messages.");
        OfMailbox(renamed, data => data.Path, data => data.Role);
        renamed.Leaf("oldPath", "String!", one => one.Data.OldPath, "Where it was.").Requires(Scope.MailReadBasic);
        OfMailbox(Object<MailboxRemoved>(graph, "A mailbox is gone."), data => data.Path, data => data.Role);
        var reset = Object<MailboxReset>(graph, "What was known of a mailbox's messages cannot be continued; what has become of each follows.");
        OfMailbox(reset, data => data.Path, data => data.Role);
        reset.Leaf("reason", "String!", one => one.Data.Reason, "`uid_validity`: the mail server has lost it; `index_lost`: the gateway has.").Requires(Scope.MailReadBasic);
    }

    private static void OfMailbox<T>(GraphObject<FollowedChange<T>> mailbox, Func<T, string> path, Func<T, Role?> role) where T : Change
    {
        mailbox.Leaf("path", "String!", one => path(one.Data), "Its path.").Requires(Scope.MailReadBasic);
        mailbox.Choice<Role>("role", "Role", one => role(one.Data), "Its role, where it has one.").Requires(Scope.MailReadBasic);
    }

    private static void Truncated<T>(GraphObject<FollowedChange<T>> change) where T : Change =>
        change.Leaf("truncated", "[String!]!", one => one.Truncated, $"Lists of `message` of which only the first {ChangeData.MostAddresses} are there.").Requires(Scope.MailReadBasic);

    private static GraphObject<FollowedChange<T>> Object<T>(GraphBuilder graph, string description) where T : Change
    {
        var change = graph.Object<FollowedChange<T>>(typeof(T).Name, description).Implements(Interface);
        change.Leaf("id", "ID!", one => one.Row.Id, Id);
        change.Choice<ChangeType>("type", "ChangeType!", one => one.Row.Type, Kind);
        change.Leaf("timestamp", "DateTime!", one => one.Row.Timestamp, Timestamp);
        change.Leaf("accountId", "ID!", one => one.Row.Account, AccountId);
        change.Part("metadata", "[Metadata!]!", one => one.Metadata, Metadata);
        change.Leaf("sequence", "String!", one => one.Row.Sequence.ToString(CultureInfo.InvariantCulture), Sequence);
        change.Leaf("position", "String!", one => one.Position, Position);
        change.Leaf("objectId", "ID", one => one.ObjectId, ObjectId);
        return change;
    }
}
