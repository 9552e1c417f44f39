using System.Collections.Immutable;
using ImapGateway.Mail;

namespace ImapGateway.Changes;

/// <summary>Where a change happened, so that readers can be limited to mailboxes and roles.</summary>
/// <param name="Mailbox">The counter of the mailbox's id; 0: none.</param>
public readonly record struct ChangePlace(ulong Mailbox, Role? Role);

/// <summary>
/// Something that has become of an account, about to be written to its log: one of the records below and nothing else. The parameters are the members
/// of <c>data</c>, apart from the places.
/// </summary>
public abstract record Change
{
    private protected Change()
    {
    }

    public abstract ChangeType Type { get; }

    public ChangePlace At { get; init; }

    /// <summary>Of a move: where it was.</summary>
    public ChangePlace From { get; init; }

    /// <summary>The summary of the message it is about, where it is known: stored apart from the other members, for not every reader may see it.</summary>
    public Message? Message { get; init; }
}

/// <summary>A message has arrived, or has become visible.</summary>
public sealed record MessageAdded(string Id, string MailboxId) : Change
{
    public override ChangeType Type => ChangeType.MessageAdded;
}

/// <param name="Flags">All it has now.</param>
public sealed record MessageFlagsChanged(string Id, string MailboxId, ImmutableArray<string> Added, ImmutableArray<string> Removed, Flags Flags) : Change
{
    public override ChangeType Type => ChangeType.MessageFlagsChanged;
}

/// <summary>The message is in another mailbox and has kept its id. From and to are the same where it went away and came back between two looks: its uid is a new one.</summary>
/// <param name="Flags">As they were known before; a difference follows as a change of its own.</param>
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

/// <summary>What is known of the mailbox's messages cannot be continued; what became of each follows.</summary>
/// <param name="Reason">`uid_validity` or `index_lost`.</param>
public sealed record MailboxReset(string Id, string Path, Role? Role, string Reason) : Change
{
    public override ChangeType Type => ChangeType.MailboxReset;
}

/// <summary>The state of the account itself.</summary>
/// <param name="Type">One of account.*.</param>
/// <param name="Reason">A code of the error list, where something failed.</param>
/// <param name="Detail">What the mail server said, for people.</param>
public sealed record AccountChanged(ChangeType Type, string? Reason, string? Detail) : Change
{
    public override ChangeType Type { get; } = Type;
}
