using ImapGateway.Mail;

namespace ImapGateway.Changes;

/// <summary>The oldest sequence that is kept (head + 1 where none is), and the newest that was given.</summary>
public readonly record struct LogRange(long Oldest, long Head);

/// <summary>A change as the log has it. The arrays belong to all who read it.</summary>
/// <param name="Account">The account's id when it was written.</param>
/// <param name="Mailbox">The counter of the mailbox's id; 0: none.</param>
/// <param name="FromMailbox">Of a move: where it was.</param>
/// <param name="Metadata">The account's notes when it was written; a JSON object.</param>
/// <param name="Data">A JSON object without <c>message</c>.</param>
/// <param name="Message">The summary, where it was known.</param>
public sealed record LoggedChange(
    GlobalPosition Position,
    string Incarnation,
    long Sequence,
    string Account,
    ChangeType Type,
    DateTimeOffset Timestamp,
    ulong Mailbox,
    ulong FromMailbox,
    Role? Role,
    Role? FromRole,
    byte[] Metadata,
    byte[] Data,
    byte[]? Message)
{
    /// <summary>The same for every reader, endpoint and attempt.</summary>
    public string Id => ObjectId.Format(ObjectId.Change, Incarnation, (ulong)Sequence);

    public static LoggedChange Of(ChangeEntity row) => new(
        new GlobalPosition(row.Transaction, row.Row), row.Incarnation, row.Sequence, row.Account, row.Type, row.Timestamp,
        (ulong)row.Mailbox, (ulong)row.FromMailbox, row.Role, row.FromRole, row.Metadata, row.Data, row.Message);
}
