using System.Collections.Immutable;
using ImapGateway.Mail;

namespace ImapGateway.Changes;

/// <summary>The place of a change, so that readers can be limited to mailboxes and roles.</summary>
/// <param name="Mailbox">The counter of the mailbox's id, or 0 for none.</param>
public readonly record struct ChangePlace(ulong Mailbox, Role? Role);

/// <summary>
/// A change of an account that is about to be written to its log: one of the records below and nothing else. The parameters are the members
/// of <c>data</c>, apart from the places.
/// </summary>
public abstract record Change
{
    private protected Change()
    {
    }

    public abstract ChangeType Type { get; }

    public ChangePlace At { get; init; }

    /// <summary>The place that a moved message comes from.</summary>
    public ChangePlace From { get; init; }

    /// <summary>The summary of the message of the change, if it is known. It is stored separately from the other members, because not every reader may see it.</summary>
    public Message? Message { get; init; }
}

/// <summary>A message has arrived, or has become visible.</summary>
public sealed record MessageAdded(string Id, string MailboxId) : Change
{
    public override ChangeType Type => ChangeType.MessageAdded;
}

/// <param name="Flags">All flags that the message has now.</param>
public sealed record MessageFlagsChanged(string Id, string MailboxId, ImmutableArray<string> Added, ImmutableArray<string> Removed, Flags Flags) : Change
{
    public override ChangeType Type => ChangeType.MessageFlagsChanged;
}

/// <summary>The message is in another mailbox and has kept its id. If it left and came back between two refreshes, both mailboxes are the same, and its uid is new.</summary>
/// <param name="Flags">The flags as they were known before. A difference follows as a separate change.</param>
public sealed record MessageMoved(string Id, string MailboxId, string FromMailboxId, Flags Flags) : Change
{
    public override ChangeType Type => ChangeType.MessageMoved;
}

public sealed record MessageRemoved(string Id, string MailboxId) : Change
{
    public override ChangeType Type => ChangeType.MessageRemoved;
}

public sealed record MailboxAdded(string Id, string Path, Role? Role) : Change
{
    public override ChangeType Type => ChangeType.MailboxAdded;
}

public sealed record MailboxRenamed(string Id, string Path, string OldPath, Role? Role) : Change
{
    public override ChangeType Type => ChangeType.MailboxRenamed;
}

public sealed record MailboxRemoved(string Id, string Path, Role? Role) : Change
{
    public override ChangeType Type => ChangeType.MailboxRemoved;
}

/// <summary>The known messages of the mailbox cannot be continued. Changes for each of them follow.</summary>
/// <param name="Reason">`uid_validity` or `index_lost`.</param>
public sealed record MailboxReset(string Id, string Path, Role? Role, string Reason) : Change
{
    public override ChangeType Type => ChangeType.MailboxReset;
}

/// <summary>The state of the account itself has changed.</summary>
/// <param name="Type">One of the account.* types.</param>
/// <param name="Reason">A code of the error list, if something failed.</param>
/// <param name="Detail">The response text of the mail server, for a human reader.</param>
public sealed record AccountChanged(ChangeType Type, string? Reason, string? Detail) : Change
{
    public override ChangeType Type { get; } = Type;
}
