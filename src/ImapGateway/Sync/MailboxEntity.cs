using ImapGateway.Mail;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ImapGateway.Sync;

/// <summary>A mailbox of an account, as it was last seen.</summary>
public sealed class MailboxEntity
{
    public required string Incarnation { get; init; }

    /// <summary>The counter of its id.</summary>
    public required long Counter { get; init; }

    public required string Path { get; set; }

    public string? Delimiter { get; set; }

    public Role? Role { get; set; }

    public bool Subscribed { get; set; }

    public bool Selectable { get; set; }

    /// <summary>MAILBOXID (RFC 8474), where the server has one.</summary>
    public string? ObjectId { get; set; }

    /// <summary>0: not indexed yet.</summary>
    public long UidValidity { get; set; }

    public long UidNext { get; set; }

    public long HighestModSeq { get; set; }

    public Precision Precision { get; set; }

    /// <summary>Uids below were there when the account was first listed; null: not known yet.</summary>
    public long? Baseline { get; set; }

    /// <summary>The mailbox is gone; what is left is its messages, whose fate is not certain yet.</summary>
    public bool Lost { get; set; }

    /// <summary>The counter of the mailbox that clients know: its own, unless the row keeps the messages of one from before a new UIDVALIDITY.</summary>
    public long ShownAs { get; set; }

    /// <summary>They have not been looked for yet among the new ones.</summary>
    public bool Unmatched { get; set; }

    /// <summary>In the index pages, all together: shows that one is missing.</summary>
    public int Messages { get; set; }
}

/// <summary>A page of a mailbox's index, encoded by <see cref="Index.MailboxIndex"/>.</summary>
public sealed class IndexPageEntity
{
    public required string Incarnation { get; init; }

    public required long Mailbox { get; init; }

    public required int Number { get; init; }

    public required byte[] Data { get; set; }
}

/// <summary>A message on its way: gone from its mailbox (its row is in the index still), or new in it (it has none yet).</summary>
public sealed class PendingEntity
{
    public required string Incarnation { get; init; }

    public required long Mailbox { get; init; }

    public required long Uid { get; init; }

    /// <summary>Gone; else new, and the rest says what is known of it.</summary>
    public required bool Leaving { get; init; }

    /// <summary>Separated by spaces.</summary>
    public required string Flags { get; init; }

    public required long ModSeq { get; init; }

    public required long Fingerprint { get; init; }
}

public sealed class PendingConfiguration : IEntityTypeConfiguration<PendingEntity>
{
    public void Configure(EntityTypeBuilder<PendingEntity> builder)
    {
        builder.ToTable("pending");
        builder.HasKey(pending => new { pending.Incarnation, pending.Mailbox, pending.Uid });
        builder.Property(pending => pending.Incarnation).HasMaxLength(16);
    }
}

public sealed class MailboxConfiguration : IEntityTypeConfiguration<MailboxEntity>
{
    public void Configure(EntityTypeBuilder<MailboxEntity> builder)
    {
        builder.ToTable("mailbox");
        builder.HasKey(mailbox => new { mailbox.Incarnation, mailbox.Counter });
        builder.Property(mailbox => mailbox.Incarnation).HasMaxLength(16);
    }
}

public sealed class IndexPageConfiguration : IEntityTypeConfiguration<IndexPageEntity>
{
    public void Configure(EntityTypeBuilder<IndexPageEntity> builder)
    {
        builder.ToTable("index_page");
        builder.HasKey(page => new { page.Incarnation, page.Mailbox, page.Number });
        builder.Property(page => page.Incarnation).HasMaxLength(16);
    }
}
