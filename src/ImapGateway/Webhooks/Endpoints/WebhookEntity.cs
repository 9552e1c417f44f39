using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using ImapGateway.Access;
using ImapGateway.Responses;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ImapGateway.Webhooks.Endpoints;

/// <summary>The state of an endpoint.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WebhookState>))]
public enum WebhookState
{
    /// <summary>Changes are delivered.</summary>
    [JsonStringEnumMemberName("active")] Active,
    /// <summary>The endpoint has accepted nothing for a while: single deliveries are tried one after the other, and nothing is skipped.</summary>
    [JsonStringEnumMemberName("failing")] Failing,
    /// <summary>Changes wait until a client resumes the endpoint.</summary>
    [JsonStringEnumMemberName("paused")] Paused,
    /// <summary>Changes wait until the problem in `reason` is repaired and a client resumes the endpoint.</summary>
    [JsonStringEnumMemberName("disabled")] Disabled,
}

/// <summary>The format of a change.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WebhookFormat>))]
public enum WebhookFormat
{
    /// <summary>The record of the feed.</summary>
    [JsonStringEnumMemberName("standard")] Standard,
    /// <summary>CloudEvents 1.0, structured, with that record as its data.</summary>
    [JsonStringEnumMemberName("cloudevents")] CloudEvents,
}

/// <summary>The order of deliveries.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WebhookOrder>))]
public enum WebhookOrder
{
    /// <summary>Each change of an account waits for the one before it.</summary>
    [JsonStringEnumMemberName("account")] Account,
    /// <summary>Up to 16 changes of an account are sent at once.</summary>
    [JsonStringEnumMemberName("none")] None,
}

/// <summary>The optional content of a change.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WebhookInclude>))]
public enum WebhookInclude
{
    /// <summary>The text of the message.</summary>
    [JsonStringEnumMemberName("body")] Body,
}

/// <summary>A stored endpoint. An instance that was read is never changed: after a change the row is read again.</summary>
public sealed class WebhookEntity : ICreated
{
    public required string Id { get; init; }

    public required string Url { get; set; }

    public required string? Description { get; set; }

    public required ImmutableArray<string> Types { get; set; }

    /// <summary>The accounts, or null for all that the key may see.</summary>
    public required ImmutableArray<string>? Accounts { get; set; }

    public required ImmutableArray<string>? Mailboxes { get; set; }

    public required ImmutableArray<string>? Roles { get; set; }

    public required WebhookFormat Format { get; set; }

    public required WebhookOrder Order { get; set; }

    public required bool IncludeBody { get; set; }

    /// <summary>The names of the additional headers in the given order. Their values are in <see cref="HeaderSecret"/>.</summary>
    public required ImmutableArray<string> HeaderNames { get; set; }

    /// <summary>The additional headers as a JSON object, encrypted by <see cref="WebhookProtector"/>.</summary>
    public required string? HeaderSecret { get; set; }

    /// <summary>The secret, encrypted by <see cref="WebhookProtector"/>.</summary>
    public required string Secret { get; set; }

    /// <summary>The previous secret, which also signs until <see cref="PreviousSecretUntil"/>.</summary>
    public string? PreviousSecret { get; set; }

    public DateTimeOffset? PreviousSecretUntil { get; set; }

    /// <summary>The key that the endpoint belongs to, or null for the admin key of the settings.</summary>
    public required string? KeyId { get; set; }

    /// <summary>The scopes of the key when it made the endpoint, of those that matter to an endpoint. If the key has fewer, the endpoint is disabled.</summary>
    public required Scope GrantedScopes { get; set; }

    public required ImmutableArray<string>? GrantedAccounts { get; set; }

    public WebhookState State { get; set; }

    public string? Reason { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The time since which the filters have not changed. Accounts added later are followed from their first change, others from that time on.</summary>
    public required DateTimeOffset FollowsSince { get; set; }

    /// <summary>The number of failed attempts of the deliveries that were tried while the endpoint is failing.</summary>
    public int ProbeFailures { get; set; }

    public DateTimeOffset? NextProbeAt { get; set; }

    public DateTimeOffset? LastSuccessAt { get; set; }

    /// <summary>The time at which deliveries were last given up because they had waited longer than the log is kept.</summary>
    public DateTimeOffset? LastExpiredAt { get; set; }

    /// <summary>True if all columns have values that this version knows.</summary>
    public bool HasKnownValues => Enum.IsDefined(State) && Enum.IsDefined(Format) && Enum.IsDefined(Order)
        && new[] { Types, HeaderNames, Accounts, Mailboxes, Roles, GrantedAccounts }.All(list => list?.Contains(Unreadable) != true);

    /// <summary>The value in place of a list that cannot be read. It is no name or id of anything, so the endpoint is sent nothing.</summary>
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
