using ImapGateway.Webhooks.Endpoints;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ImapGateway.Webhooks.Lanes;

/// <summary>The stored progress of an endpoint with the changes of an account. Each change up to the cursor is done, or has an outcome of its own.</summary>
public sealed class LaneEntity
{
    public long Id { get; init; }

    public required string Webhook { get; init; }

    public required string Incarnation { get; init; }

    /// <summary>The account's id. The account itself may be gone.</summary>
    public required string Account { get; init; }

    /// <summary>A sequence number of the account. It never decreases.</summary>
    public required long Cursor { get; set; }

    /// <summary>The last sequence number that a replay delivers. Null if the lane continues as long as the account exists.</summary>
    public long? End { get; init; }

    /// <summary>The number of owners that have worked on the lane. A write of an earlier owner is refused.</summary>
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
        // A second identical replay would only repeat the first.
        builder.HasIndex(lane => new { lane.Webhook, lane.Incarnation, lane.End }).IsUnique().HasFilter("\"End\" IS NOT NULL");
        builder.HasIndex(lane => new { lane.Incarnation, lane.Cursor });
        builder.HasOne<WebhookEntity>().WithMany().HasForeignKey(lane => lane.Webhook).OnDelete(DeleteBehavior.Cascade);
    }
}
