using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ImapGateway.Changes;

/// <summary>A row of the change log. It is never updated, and deleted by retention only.</summary>
public sealed class ChangeEntity
{
    /// <summary>The row number. The database gives it and never uses it twice, not even when the log has become empty.</summary>
    public long Row { get; init; }

    /// <summary>
    /// The transaction that wrote the row, set by PostgreSQL itself: rows of transactions below the oldest one that runs are complete, and what commits later
    /// has a larger number. On SQLite it is 0, because its single writer commits in the order of the rows.
    /// </summary>
    public long Transaction { get; init; }

    /// <summary>The epoch of the database when the row was written. It comes first in the order of the feed of all accounts: a restored server may count its transactions from a smaller number.</summary>
    public long Epoch { get; init; }

    public required string Incarnation { get; init; }

    public required long Sequence { get; init; }

    /// <summary>The account's id when the row was written.</summary>
    public required string Account { get; init; }

    public required ChangeType Type { get; init; }

    public required DateTimeOffset Timestamp { get; init; }

    public required long Mailbox { get; init; }

    public required long FromMailbox { get; init; }

    public Role? Role { get; init; }

    public Role? FromRole { get; init; }

    public required byte[] Metadata { get; init; }

    public required byte[] Data { get; init; }

    public byte[]? Message { get; init; }
}

public static class ChangeRows
{
    /// <summary>Returns the rows whose position can be right. A damaged one would come after all others, or lead a reader back.</summary>
    /// <param name="epoch">The epoch of the database.</param>
    public static IQueryable<ChangeEntity> WithPosition(this IQueryable<ChangeEntity> rows, long epoch) =>
        rows.Where(row => row.Epoch <= epoch && row.Transaction <= UsableNumbers.Last && row.Row <= UsableNumbers.Last);
}

public sealed class ChangeConfiguration : IEntityTypeConfiguration<ChangeEntity>
{
    public void Configure(EntityTypeBuilder<ChangeEntity> builder)
    {
        builder.ToTable("change");
        builder.HasKey(change => change.Row);
        // This is explicit for SQLite (AUTOINCREMENT): otherwise rows would begin at 1 again after retention has emptied the table.
        builder.Property(change => change.Row).ValueGeneratedOnAdd();
        builder.Property(change => change.Transaction).WrittenByTransaction();
        builder.Property(change => change.Incarnation).HasMaxLength(16);
        builder.Property(change => change.Account).HasMaxLength(64);
        builder.Property(change => change.Type).HasConversion<string>(type => ChangeTypes.Name(type), name => Parse(name)).HasMaxLength(32);
        builder.Property(change => change.Timestamp).HasConversion<UnixMilliseconds>();
        // The index also stops a stale owner that the fence would have stopped.
        builder.HasIndex(change => new { change.Incarnation, change.Sequence }).IsUnique();
        builder.HasIndex(change => new { change.Epoch, change.Transaction, change.Row });
    }

    /// <summary>Parses a type. An exception here would fail the query for all other rows too.</summary>
    private static ChangeType Parse(string name) => ChangeTypes.TryParse(name, out var type) ? type : ChangeTypes.Unreadable;
}
