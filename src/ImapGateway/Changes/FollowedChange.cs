using System.Runtime.CompilerServices;
using ImapGateway.Mail;

namespace ImapGateway.Changes;

/// <summary>A change as the graph shows it: read once, and shared by all who follow the same feed and may see as much of it.</summary>
/// <param name="row">As the log gave it.</param>
/// <param name="position">Where to go on after it.</param>
public abstract class FollowedChange(LoggedChange row, string position, Message? message)
{
    /// <summary>Only as long as somebody is at it: what is read and written of a change takes more room than its row, and rows stay in memory for those who come later.</summary>
    private static readonly ConditionalWeakTable<LoggedChange, WeakReference<FollowedChange>?[]> Known = [];

    public LoggedChange Row => row;

    public string Position => position;

    /// <summary>By their names.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Metadata { get; } = [.. ChangeData.ReadMetadata(row.Metadata)];

    /// <summary>The summary, where it was known and may be seen.</summary>
    public Message? Message => message;

    /// <summary>The message or mailbox it is about; null where that is the account.</summary>
    public abstract string? ObjectId { get; }

    /// <summary>The mailbox it is about, or its message is in; null where that is the account.</summary>
    public abstract string? MailboxId { get; }

    /// <param name="feed">What the position belongs to.</param>
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

    /// <summary>Lists of the summary of which only the first are there.</summary>
    public IReadOnlyList<string> Truncated { get; } = message is null ? [] : ChangeData.ReadTruncated(row.Data);
}
