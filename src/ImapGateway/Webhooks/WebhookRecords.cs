using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using ImapGateway.Http;
using ImapGateway.Mail;
using ImapGateway.Responses;

namespace ImapGateway.Webhooks;

/// <summary>An endpoint that changes are delivered to.</summary>
public sealed record Webhook
{
    /// <summary>For the addresses below /v1/webhooks.</summary>
    /// <example>wh_q5nzb3wk7ra2d</example>
    public required string Id { get; init; }

    /// <summary>Where changes are sent to by POST.</summary>
    /// <example>https://app.example.com/hooks/mail</example>
    public required string Url { get; init; }

    /// <summary>What it is for, as its maker put it.</summary>
    /// <example>new mail for the support desk</example>
    public required string? Description { get; init; }

    /// <summary>Which changes: names, `message.*` for all of a kind, `*` for all.</summary>
    /// <example>["message.*"]</example>
    public required ImmutableArray<string> Types { get; init; }

    /// <summary>Of which accounts; null: all that its key may see, now and later.</summary>
    public required ImmutableArray<string>? Accounts { get; init; }

    /// <summary>Only what concerns one of these mailboxes; of a move either side counts.</summary>
    public required ImmutableArray<string>? Mailboxes { get; init; }

    /// <summary>Only what concerns a mailbox of one of these roles; of a move either side counts.</summary>
    /// <example>["inbox"]</example>
    [SchemaOf(typeof(Role[]))]
    public required ImmutableArray<string>? Roles { get; init; }

    /// <summary>How a change is written.</summary>
    public required WebhookFormat Format { get; init; }

    /// <summary>What waits for what.</summary>
    public required WebhookOrder Order { get; init; }

    /// <summary>What is added to a change; null: nothing.</summary>
    public required WebhookInclude? Include { get; init; }

    /// <summary>Names of the headers of its own that are sent along; their values are never shown.</summary>
    /// <example>["Authorization"]</example>
    public required ImmutableArray<string> HeaderNames { get; init; }

    /// <summary>What becomes of changes.</summary>
    public required WebhookState State { get; init; }

    /// <summary>Why it is disabled: `key_revoked` (its key was narrowed, has expired or is deleted), `gone` (it has answered 410), `exhausted` (it has failed to the end of the schedule), `secret_unreadable` (its secret or its headers cannot be decrypted: rotating the secret, or a PATCH that gives the headers again, resumes it), `settings_unreadable` (its row in the database is damaged: a PATCH resumes it).</summary>
    public required string? Reason { get; init; }

    /// <summary>The next attempt while it is failing.</summary>
    public required DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>When it last took a delivery.</summary>
    public required DateTimeOffset? LastSuccessAt { get; init; }

    /// <summary>When deliveries were last given up because they had waited longer than changes are kept.</summary>
    public required DateTimeOffset? LastExpiredAt { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The id of the key it belongs to, and sees no more than; null for the admin key of the settings.</summary>
    public required string? KeyId { get; init; }

    /// <summary>What its deliveries are signed with, in the answers to its creation and to a rotation, and nowhere else.</summary>
    /// <example>whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD1LSK3PNjCs0=</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Secret { get; init; }

    public static Webhook Of(WebhookEntity row, string? secret = null) => new()
    {
        Id = row.Id,
        Url = row.Url,
        Description = row.Description,
        Types = row.Types,
        Accounts = row.Accounts,
        Mailboxes = row.Mailboxes,
        Roles = row.Roles,
        Format = row.Format,
        Order = row.Order,
        Include = row.IncludeBody ? WebhookInclude.Body : null,
        HeaderNames = row.HeaderNames,
        State = row.State,
        Reason = row.Reason,
        NextAttemptAt = row.State == WebhookState.Failing ? row.NextProbeAt : null,
        LastSuccessAt = row.LastSuccessAt,
        LastExpiredAt = row.LastExpiredAt,
        CreatedAt = row.CreatedAt,
        KeyId = row.KeyId,
        Secret = secret,
    };
}

/// <summary>What a new endpoint shall be.</summary>
public sealed record NewWebhook
{
    /// <summary>Where changes are sent to by POST: https, or http where private networks are allowed.</summary>
    /// <example>https://app.example.com/hooks/mail</example>
    [Required]
    public string? Url { get; init; }

    /// <summary>What it is for: at most 500 characters.</summary>
    /// <example>new mail for the support desk</example>
    public string? Description { get; init; }

    /// <summary>Which changes: names, `message.*` for all of a kind, `*` for all. Null or absent: all.</summary>
    /// <example>["message.added", "message.moved"]</example>
    public ImmutableArray<string>? Types { get; init; }

    /// <summary>Ids of accounts; null or absent: all that the key may see, now and later.</summary>
    public ImmutableArray<string>? Accounts { get; init; }

    /// <summary>Ids of mailboxes; null or absent: all. Changes that concern no mailbox are then left out.</summary>
    public ImmutableArray<string>? Mailboxes { get; init; }

    /// <summary>Roles of mailboxes; null or absent: all. Changes that concern no mailbox are then left out.</summary>
    /// <example>["inbox"]</example>
    [SchemaOf(typeof(Role[]))]
    public ImmutableArray<string>? Roles { get; init; }

    /// <summary>`standard` where it is missing.</summary>
    [SchemaOf(typeof(WebhookFormat))]
    public string? Format { get; init; }

    /// <summary>`account` where it is missing.</summary>
    [SchemaOf(typeof(WebhookOrder))]
    public string? Order { get; init; }

    /// <summary>`body` adds the text of a message, up to 256 kB. Needs the scope mail.read.</summary>
    [SchemaOf(typeof(WebhookInclude))]
    public string? Include { get; init; }

    /// <summary>Headers to send along: 20 at most. They are kept as secrets and never shown again.</summary>
    /// <example>{"Authorization": "Bearer of-the-receiver"}</example>
    public ImmutableDictionary<string, string?>? Headers { get; init; }

    /// <summary>A record's own form would print the secrets.</summary>
    public override string ToString() => nameof(NewWebhook);
}

/// <summary>A JSON merge patch (RFC 7396) of an endpoint.</summary>
public sealed record WebhookPatch
{
    /// <summary>Where changes are sent to by POST.</summary>
    public Optional<string?> Url { get; init; }

    /// <summary>What it is for: at most 500 characters.</summary>
    public Optional<string?> Description { get; init; }

    /// <summary>Which changes; null: all.</summary>
    /// <example>["message.*"]</example>
    public Optional<ImmutableArray<string>?> Types { get; init; }

    /// <summary>Ids of accounts; null: all that the key may see, now and later.</summary>
    public Optional<ImmutableArray<string>?> Accounts { get; init; }

    /// <summary>Ids of mailboxes; null: all.</summary>
    public Optional<ImmutableArray<string>?> Mailboxes { get; init; }

    /// <summary>Roles of mailboxes; null: all.</summary>
    [SchemaOf(typeof(Role[]))]
    public Optional<ImmutableArray<string>?> Roles { get; init; }

    /// <summary>Null: `standard`.</summary>
    [SchemaOf(typeof(WebhookFormat))]
    public Optional<string?> Format { get; init; }

    /// <summary>Null: `account`.</summary>
    [SchemaOf(typeof(WebhookOrder))]
    public Optional<string?> Order { get; init; }

    /// <summary>`body`, or null for nothing.</summary>
    [SchemaOf(typeof(WebhookInclude))]
    public Optional<string?> Include { get; init; }

    /// <summary>Headers to set, and with null to remove; null for all removes all.</summary>
    /// <example>{"Authorization": "Bearer of-the-receiver", "X-Old": null}</example>
    public Optional<ImmutableDictionary<string, string?>?> Headers { get; init; }

    /// <summary>A record's own form would print the secrets.</summary>
    public override string ToString() => nameof(WebhookPatch);
}
