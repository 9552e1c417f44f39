using System.Linq.Expressions;
using System.Text.Json.Serialization;
using ImapGateway.Changes;
using ImapGateway.Mail;
using ImapGateway.Webhooks.Sending;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ImapGateway.Webhooks.Lanes;

/// <summary>The state of a delivery.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DeliveryState>))]
public enum DeliveryState
{
    /// <summary>The delivery waits until it is sent, or for its next attempt while later deliveries wait for it.</summary>
    [JsonStringEnumMemberName("pending")] Pending,
    /// <summary>The delivery has failed and is tried again by the schedule; other deliveries do not wait for it.</summary>
    [JsonStringEnumMemberName("retrying")] Retrying,
    /// <summary>The endpoint has answered 2xx.</summary>
    [JsonStringEnumMemberName("delivered")] Delivered,
    /// <summary>The delivery has failed until the end of the schedule.</summary>
    [JsonStringEnumMemberName("dead")] Dead,
    /// <summary>The delivery has waited longer than changes are kept.</summary>
    [JsonStringEnumMemberName("expired")] Expired,
}

/// <summary>The outcome of a change at an endpoint. A change that was never tried has none; another change has exactly one, however often it was delivered.</summary>
public sealed class DeliveryEntity
{
    public long Id { get; init; }

    public required string Webhook { get; init; }

    public required string Incarnation { get; init; }

    public required long Sequence { get; init; }

    /// <summary>The epoch of the change.</summary>
    public required long Epoch { get; init; }

    public required string Account { get; init; }

    public required ChangeType Type { get; init; }

    /// <summary>The time of the change.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    public required DeliveryState State { get; init; }

    public required PayloadForm Form { get; init; }

    /// <summary>The number of failed attempts that count for the schedule.</summary>
    public required int Failures { get; init; }

    /// <summary>The attempts, as JSON of <see cref="AttemptLog"/>.</summary>
    public required string Attempts { get; init; }

    /// <summary>The first octets of the last answer.</summary>
    public required byte[] Answer { get; init; }

    public required DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>The bytes that are sent, if they cannot be made again from the log.</summary>
    public required byte[]? Payload { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>True if the row names a change. A damaged row belongs to no change: it is neither shown nor tried again, and it is deleted with its endpoint or by its age.</summary>
    public static readonly Expression<Func<DeliveryEntity, bool>> IsReadable = row => row.Sequence > 0 && row.Sequence < ObjectId.LastNumber && row.Epoch >= 0 && row.Epoch <= ObjectId.LastEpoch;
}

public sealed class DeliveryConfiguration : IEntityTypeConfiguration<DeliveryEntity>
{
    public void Configure(EntityTypeBuilder<DeliveryEntity> builder)
    {
        builder.ToTable("webhook_delivery");
        builder.HasKey(delivery => delivery.Id);
        builder.Property(delivery => delivery.Webhook).HasMaxLength(64);
        builder.Property(delivery => delivery.Incarnation).HasMaxLength(16);
        builder.Property(delivery => delivery.Account).HasMaxLength(64);
        builder.HasIndex(delivery => new { delivery.Webhook, delivery.Incarnation, delivery.Sequence }).IsUnique();
        builder.HasIndex(delivery => new { delivery.Webhook, delivery.Id });
        builder.HasIndex(delivery => new { delivery.Webhook, delivery.State, delivery.NextAttemptAt });
        builder.HasIndex(delivery => delivery.UpdatedAt);
    }
}
