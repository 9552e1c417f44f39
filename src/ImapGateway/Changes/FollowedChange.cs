using System.Runtime.CompilerServices;
using ImapGateway.Mail;

namespace ImapGateway.Changes;

/// <summary>A change in its GraphQL form. It is read once, and shared by all clients that follow the same feed and have the same view.</summary>
/// <param name="row">The row from the log.</param>
/// <param name="position">The position after the change.</param>
public abstract class FollowedChange(LoggedChange row, string position, Message? message)
{
    /// <summary>The changes in use, and no others: the parsed form of a change takes more memory than its row, and rows stay in memory for later readers.</summary>
    private static readonly ConditionalWeakTable<LoggedChange, WeakReference<FollowedChange>?[]> Known = [];

    public LoggedChange Row => row;

    public string Position => position;

    /// <summary>The metadata in the order of their names.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Metadata { get; } = [.. ChangeData.ReadMetadata(row.Metadata)];

    /// <summary>The summary, if it was known and the reader may see it.</summary>
    public Message? Message => message;

    /// <summary>The id of the message or mailbox of the change, or null if the change is about the account.</summary>
    public abstract string? ObjectId { get; }

    /// <summary>The id of the mailbox, or of the mailbox of the message. Null if the change is about the account.</summary>
    public abstract string? MailboxId { get; }

    /// <param name="feed">The feed that the position belongs to.</param>
    public static FollowedChange Of(LoggedChange row, Feed feed, ChangeView view)
    {
        var forms = Known.GetValue(row, static _ => new WeakReference<FollowedChange>?[2 * ((int)ChangeView.Full + 1)]);
        lock (forms)
        {
            ref var form = ref forms[2 * (int)view + (feed.IsGlobal ? 1 : 0)];
            if (form is null || !form.TryGetTarget(out var known))
            {
                known = Read(row, feed, view);
                form = new WeakReference<FollowedChange>(known);
            }
            return known;
        }
    }

    private static FollowedChange Read(LoggedChange row, Feed feed, ChangeView view)
    {
        var position = feed.Format(feed.PlaceOf(row));
        var message = row.Message is null || view == ChangeView.Ids ? null : ChangeData.ReadSummary(row.Message);
        if (view != ChangeView.Full && message is not null)
        {
            message = message with { Preview = null };
        }
        return ChangeData.Read(row.Type, row.Data) switch
        {
            MessageAdded data => new FollowedChange<MessageAdded>(row, position, data, data.Id, message),
            MessageFlagsChanged data => new FollowedChange<MessageFlagsChanged>(row, position, data, data.Id, null),
            MessageMoved data => new FollowedChange<MessageMoved>(row, position, data, data.Id, message),
            MessageRemoved data => new FollowedChange<MessageRemoved>(row, position, data, data.Id, message),
            MailboxAdded data => new FollowedChange<MailboxAdded>(row, position, data, data.Id, null),
            MailboxRenamed data => new FollowedChange<MailboxRenamed>(row, position, data, data.Id, null),
            MailboxRemoved data => new FollowedChange<MailboxRemoved>(row, position, data, data.Id, null),
            MailboxReset data => new FollowedChange<MailboxReset>(row, position, data, data.Id, null),
            var data => new FollowedChange<AccountChanged>(row, position, (AccountChanged)data, null, null),
        };
    }
}

public sealed class FollowedChange<T>(LoggedChange row, string position, T data, string? objectId, Message? message) : FollowedChange(row, position, message) where T : Change
{
    public T Data => data;

    public override string? ObjectId => objectId;

    public override string? MailboxId { get; } = data switch
    {
        MessageAdded of => of.MailboxId,
        MessageFlagsChanged of => of.MailboxId,
        MessageMoved of => of.MailboxId,
        MessageRemoved of => of.MailboxId,
        _ => objectId,
    };

    /// <summary>The names of the lists in the summary that are cut.</summary>
    public IReadOnlyList<string> Truncated { get; } = message is null ? [] : ChangeData.ReadTruncated(row.Data);
}
