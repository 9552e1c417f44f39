using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ImapGateway.Webhooks;

/// <summary>How far an endpoint has come with the changes of an account. What lies behind the cursor is settled, or has an outcome of its own.</summary>
public sealed class LaneEntity
{
    public long Id { get; init; }

    public required string Webhook { get; init; }

    public required string Incarnation { get; init; }

    /// <summary>The account's id; the account itself may be gone.</summary>
    public required string Account { get; init; }

    /// <summary>A sequence of the account. It never goes back.</summary>
    public required long Cursor { get; set; }

    /// <summary>Of a replay: the last sequence it delivers. Null: it goes on for as long as there is the account.</summary>
    public long? End { get; init; }

    /// <summary>Counts those who have worked on it; a write of an earlier one is refused.</summary>
    public long Generation { get; set; }
}

public sealed class LaneConfiguration : IEntityTypeConfiguration<LaneEntity>
{
    public void Configure(EntityTypeBuilder<LaneEntity> builder)
    {
        builder.ToTable("webhook_lane");
        builder.HasKey(lane => lane.Id);
        builder.Property(lane => lane.Webhook).HasMaxLength(64);
        builder.Property(lane => lane.Incarnation).HasMaxLength(16);
        builder.Property(lane => lane.Account).HasMaxLength(64);
        builder.HasIndex(lane => new { lane.Webhook, lane.Incarnation }).IsUnique().HasFilter("\"End\" IS NULL");
        // A second replay of the same would only repeat the first.
        builder.HasIndex(lane => new { lane.Webhook, lane.Incarnation, lane.End }).IsUnique().HasFilter("\"End\" IS NOT NULL");
        builder.HasIndex(lane => new { lane.Incarnation, lane.Cursor });
        builder.HasOne<WebhookEntity>().WithMany().HasForeignKey(lane => lane.Webhook).OnDelete(DeleteBehavior.Cascade);
    }
}
