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
