using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ImapGateway.Changes;

/// <summary>A row of the change log. Never updated; deleted by retention alone.</summary>
public sealed class ChangeEntity
{
    /// <summary>Given by the database, never used twice, not even when the log has become empty.</summary>
    public long Row { get; init; }

    /// <summary>
    /// On PostgreSQL the transaction that wrote it, by the database itself: rows of transactions below the oldest one that runs are complete, and what commits later
    /// has a larger number. 0 on SQLite, whose one writer commits in the order of the rows.
    /// </summary>
    public long Transaction { get; init; }

    public required string Incarnation { get; init; }

    public required long Sequence { get; init; }

    /// <summary>The account's id when it was written.</summary>
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

public sealed class ChangeConfiguration : IEntityTypeConfiguration<ChangeEntity>
{
    public void Configure(EntityTypeBuilder<ChangeEntity> builder)
    {
        builder.ToTable("change");
        builder.HasKey(change => change.Row);
        // Said aloud for SQLite (AUTOINCREMENT): else rows would begin at 1 again once retention has emptied the table.
        builder.Property(change => change.Row).ValueGeneratedOnAdd();
        builder.Property(change => change.Transaction).WrittenByTransaction();
        builder.Property(change => change.Incarnation).HasMaxLength(16);
        builder.Property(change => change.Account).HasMaxLength(64);
        builder.Property(change => change.Type).HasConversion<string>(type => ChangeTypes.Name(type), name => Parse(name)).HasMaxLength(32);
        builder.Property(change => change.Timestamp).HasConversion<UnixMilliseconds>();
        // Also stops a stale owner that the fence would have stopped.
        builder.HasIndex(change => new { change.Incarnation, change.Sequence }).IsUnique();
        builder.HasIndex(change => new { change.Transaction, change.Row });
    }

    /// <summary>An exception here would fail the query of all rows beside it.</summary>
    private static ChangeType Parse(string name) => ChangeTypes.TryParse(name, out var type) ? type : ChangeTypes.Unreadable;
}
