using System.Collections.Immutable;
using System.Text.Json;
using ImapGateway.Mail;

namespace ImapGateway.Changes;

/// <summary>The range of a log: the oldest sequence number that is kept (head + 1 if there is none), and the newest one.</summary>
/// <param name="Epoch">The present epoch.</param>
/// <param name="Ended">The earlier epochs of the account.</param>
public readonly record struct LogRange(long Oldest, long Head, long Epoch, ImmutableArray<EndedEpoch> Ended)
{
    public FeedBounds Bounds => new(new GlobalPosition(0, Oldest - 1, EpochOf(Oldest - 1)), new GlobalPosition(0, Head, Epoch))
    {
        Ends = [.. Ended.Select(ended => new GlobalPosition(0, ended.Sequence, ended.Epoch))],
    };

    /// <summary>True if the id was given in an epoch that is not part of the history of the account, or after the end of that epoch.</summary>
    public bool IsLost(ObjectId id)
    {
        var isChange = id.Kind == ObjectId.Change;
        return id.Epoch != Epoch && !Ended.Any(ended => ended.Epoch == id.Epoch && (isChange ? id.Number <= ended.Sequence : id.Counter < ended.NextCounter));
    }

    /// <summary>Returns the epoch in which a sequence number was given.</summary>
    public long EpochOf(long sequence)
    {
        foreach (var ended in Ended)
        {
            if (sequence <= ended.Sequence)
            {
                return ended.Epoch;
            }
        }
        return Epoch;
    }
}

/// <summary>A change from the log. All readers share the arrays.</summary>
/// <param name="Account">The account's id when the change was written.</param>
/// <param name="Mailbox">The counter of the mailbox's id, or 0 for none.</param>
/// <param name="FromMailbox">The counter of the mailbox that a moved message comes from.</param>
/// <param name="Metadata">The account's metadata when the change was written, a JSON object.</param>
/// <param name="Data">The data, a JSON object without <c>message</c>.</param>
/// <param name="Message">The summary, if it was known.</param>
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
    /// <summary>The id of the change. It is the same for every reader, endpoint and attempt.</summary>
    public string Id => ObjectId.OfChange(Incarnation, Position.Epoch, Sequence);

    /// <summary>Returns the change in a row. A damaged row keeps its position and is <see cref="ChangeTypes.Unreadable"/>: what is not JSON must not appear in pages and streams with other rows.</summary>
    public static LoggedChange Of(ChangeEntity row) => new(
        new GlobalPosition(row.Transaction, row.Row, row.Epoch), row.Incarnation, row.Sequence, row.Account,
        HasId(row) && IsObject(row.Metadata) && IsObject(row.Data) && (row.Message is null || IsObject(row.Message)) ? row.Type : ChangeTypes.Unreadable,
        row.Timestamp, (ulong)row.Mailbox, (ulong)row.FromMailbox, row.Role, row.FromRole, row.Metadata, row.Data, row.Message);

    public bool IsUnreadable => Type == ChangeTypes.Unreadable;

    private static bool HasId(ChangeEntity row) => ObjectId.IsIncarnation(row.Incarnation) && AccountId.IsValid(row.Account)
        && row is { Epoch: >= 0 and <= ObjectId.LastEpoch, Sequence: > 0 and < ObjectId.LastNumber, Mailbox: >= 0, FromMailbox: >= 0 }
        && (row.Role is null || Enum.IsDefined(row.Role.Value)) && (row.FromRole is null || Enum.IsDefined(row.FromRole.Value));

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
