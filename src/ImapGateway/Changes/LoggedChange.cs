using System.Text.Json;
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

    /// <summary>A damaged row keeps its place and is <see cref="ChangeTypes.Unreadable"/>: what is not JSON must not get into the pages and streams of those who read it among others.</summary>
    public static LoggedChange Of(ChangeEntity row) => new(
        new GlobalPosition(row.Transaction, row.Row), row.Incarnation, row.Sequence, row.Account,
        IsObject(row.Metadata) && IsObject(row.Data) && (row.Message is null || IsObject(row.Message)) ? row.Type : ChangeTypes.Unreadable,
        row.Timestamp, (ulong)row.Mailbox, (ulong)row.FromMailbox, row.Role, row.FromRole, row.Metadata, row.Data, row.Message);

    public bool IsUnreadable => Type == ChangeTypes.Unreadable;

    private static bool IsObject(byte[] json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            return reader.Read() && reader.TokenType == JsonTokenType.StartObject && reader.TrySkip() && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
