using ImapGateway.Mail;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ImapGateway.Sync;

/// <summary>A stored mailbox of an account, in the state that was last seen.</summary>
public sealed class MailboxEntity
{
    public required string Incarnation { get; init; }

    /// <summary>The counter of the mailbox's id.</summary>
    public required long Counter { get; init; }

    public required string Path { get; set; }

    public string? Delimiter { get; set; }

    public Role? Role { get; set; }

    public bool Subscribed { get; set; }

    public bool Selectable { get; set; }

    /// <summary>The MAILBOXID (RFC 8474), if the server has one.</summary>
    public string? ObjectId { get; set; }

    /// <summary>The UIDVALIDITY, or 0 if the mailbox is not indexed yet.</summary>
    public long UidValidity { get; set; }

    public long UidNext { get; set; }

    public long HighestModSeq { get; set; }

    public Precision Precision { get; set; }

    /// <summary>The uid below which messages existed when the account was first listed, or null if it is not known yet.</summary>
    public long? Baseline { get; set; }

    /// <summary>True if the mailbox is gone and only its messages are left, whose fate is not certain yet.</summary>
    public bool Lost { get; set; }

    /// <summary>The counter of the mailbox that clients know. It is the mailbox's own counter, unless the row keeps the messages of a mailbox from before a new UIDVALIDITY.</summary>
    public long ShownAs { get; set; }

    /// <summary>True if the messages have not been searched for among the new ones.</summary>
    public bool Unmatched { get; set; }

    /// <summary>The number of messages in all index pages together. It shows if a page is missing.</summary>
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

/// <summary>A message that may be in the middle of a move: gone from its mailbox (its row is in the index still), or new in it (it has no row yet).</summary>
public sealed class PendingEntity
{
    public required string Incarnation { get; init; }

    public required long Mailbox { get; init; }

    public required long Uid { get; init; }

    /// <summary>True if the message is gone. False if it is new; the other properties then hold what is known of it.</summary>
    public required bool Leaving { get; init; }

    /// <summary>The flags, separated by spaces.</summary>
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
