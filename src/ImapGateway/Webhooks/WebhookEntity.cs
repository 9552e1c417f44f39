using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using ImapGateway.Access;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ImapGateway.Webhooks;

/// <summary>What becomes of changes for an endpoint.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WebhookState>))]
public enum WebhookState
{
    /// <summary>They are delivered.</summary>
    [JsonStringEnumMemberName("active")] Active,
    /// <summary>It has taken nothing for a while: one delivery after the other tries for all, and nothing is skipped.</summary>
    [JsonStringEnumMemberName("failing")] Failing,
    /// <summary>They wait until somebody resumes it.</summary>
    [JsonStringEnumMemberName("paused")] Paused,
    /// <summary>They wait until somebody has mended what `reason` says, and resumes it.</summary>
    [JsonStringEnumMemberName("disabled")] Disabled,
}

/// <summary>How a change is written.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WebhookFormat>))]
public enum WebhookFormat
{
    /// <summary>The record of the feed.</summary>
    [JsonStringEnumMemberName("standard")] Standard,
    /// <summary>CloudEvents 1.0, structured, with that record as its data.</summary>
    [JsonStringEnumMemberName("cloudevents")] CloudEvents,
}

/// <summary>What waits for what.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WebhookOrder>))]
public enum WebhookOrder
{
    /// <summary>Each change of an account waits for the one before.</summary>
    [JsonStringEnumMemberName("account")] Account,
    /// <summary>Up to 16 changes of an account at once.</summary>
    [JsonStringEnumMemberName("none")] None,
}

/// <summary>What is added to a change.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WebhookInclude>))]
public enum WebhookInclude
{
    /// <summary>The text of the message.</summary>
    [JsonStringEnumMemberName("body")] Body,
}

/// <summary>An endpoint as stored. One that was read is never changed: a change is a new row read anew.</summary>
public sealed class WebhookEntity
{
    public required string Id { get; init; }

    public required string Url { get; set; }

    public required string? Description { get; set; }

    public required ImmutableArray<string> Types { get; set; }

    /// <summary>Null: all that the key may see.</summary>
    public required ImmutableArray<string>? Accounts { get; set; }

    public required ImmutableArray<string>? Mailboxes { get; set; }

    public required ImmutableArray<string>? Roles { get; set; }

    public required WebhookFormat Format { get; set; }

    public required WebhookOrder Order { get; set; }

    public required bool IncludeBody { get; set; }

    /// <summary>Of the headers of its own, the names in the order given; their values are in <see cref="HeaderSecret"/>.</summary>
    public required ImmutableArray<string> HeaderNames { get; set; }

    /// <summary>By <see cref="WebhookProtector"/>: a JSON object of the headers.</summary>
    public required string? HeaderSecret { get; set; }

    /// <summary>By <see cref="WebhookProtector"/>.</summary>
    public required string Secret { get; set; }

    /// <summary>Signs as well until <see cref="PreviousSecretUntil"/>.</summary>
    public string? PreviousSecret { get; set; }

    public DateTimeOffset? PreviousSecretUntil { get; set; }

    /// <summary>The key it belongs to; null: the admin key of the settings.</summary>
    public required string? KeyId { get; set; }

    /// <summary>What the key had when it made the endpoint, of what an endpoint lives on: with less it is disabled.</summary>
    public required Scope GrantedScopes { get; set; }

    public required ImmutableArray<string>? GrantedAccounts { get; set; }

    public WebhookState State { get; set; }

    public string? Reason { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Since then its filters are what they are: accounts added later are followed from their first change, others from then on.</summary>
    public required DateTimeOffset FollowsSince { get; set; }

    /// <summary>Failed attempts of whichever delivery tries for all while it is failing.</summary>
    public int ProbeFailures { get; set; }

    public DateTimeOffset? NextProbeAt { get; set; }

    public DateTimeOffset? LastSuccessAt { get; set; }

    /// <summary>When deliveries were last given up because they had waited longer than the log is kept.</summary>
    public DateTimeOffset? LastExpiredAt { get; set; }

    /// <summary>False where a column holds something that this version never writes.</summary>
    public bool HasKnownValues => Enum.IsDefined(State) && Enum.IsDefined(Format) && Enum.IsDefined(Order)
        && new[] { Types, HeaderNames, Accounts, Mailboxes, Roles, GrantedAccounts }.All(list => list?.Contains(Unreadable) != true);

    /// <summary>Stands in a list that cannot be read. It is no name or id of anything, so that the endpoint is sent nothing.</summary>
    internal const string Unreadable = "(unreadable)";
}

public sealed class WebhookConfiguration : IEntityTypeConfiguration<WebhookEntity>
{
    public void Configure(EntityTypeBuilder<WebhookEntity> builder)
    {
        builder.ToTable("webhook");
        builder.HasKey(webhook => webhook.Id);
        builder.Property(webhook => webhook.Id).HasMaxLength(64);
        builder.Property(webhook => webhook.KeyId).HasMaxLength(64);
        builder.HasIndex(webhook => new { webhook.CreatedAt, webhook.Id });
        builder.HasIndex(webhook => webhook.KeyId);
        List(builder.Property(webhook => webhook.Types));
        List(builder.Property(webhook => webhook.HeaderNames));
        ListOrNone(builder.Property(webhook => webhook.Accounts));
        ListOrNone(builder.Property(webhook => webhook.Mailboxes));
        ListOrNone(builder.Property(webhook => webhook.Roles));
        ListOrNone(builder.Property(webhook => webhook.GrantedAccounts));
        builder.Ignore(webhook => webhook.HasKnownValues);
    }

    private static void List(PropertyBuilder<ImmutableArray<string>> property) => property.HasConversion(
        list => JsonSerializer.Serialize(list, JsonSerializerOptions.Default),
        text => Read(text) ?? ImmutableArray.Create(WebhookEntity.Unreadable),
        new ValueComparer<ImmutableArray<string>>((a, b) => a.SequenceEqual(b), list => list.Length, list => list));

    private static void ListOrNone(PropertyBuilder<ImmutableArray<string>?> property) => property.HasConversion(
        list => JsonSerializer.Serialize(list, JsonSerializerOptions.Default),
        text => Read(text),
        new ValueComparer<ImmutableArray<string>?>((a, b) => a.Equals(b), list => list.GetHashCode(), list => list));

    private static ImmutableArray<string>? Read(string text) =>
        text == "null" ? null : StoredJson.Read<ImmutableArray<string>?>(text, ImmutableArray.Create(WebhookEntity.Unreadable), JsonSerializerOptions.Default);
}
