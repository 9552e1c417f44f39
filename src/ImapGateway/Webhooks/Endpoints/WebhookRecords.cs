using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using ImapGateway.Http;
using ImapGateway.Mail;
using ImapGateway.Responses;

namespace ImapGateway.Webhooks.Endpoints;

/// <summary>An endpoint that changes are delivered to.</summary>
public sealed record Webhook
{
    /// <summary>The id for the addresses below /v1/webhooks.</summary>
    /// <example>wh_q5nzb3wk7ra2d</example>
    public required string Id { get; init; }

    /// <summary>The URL that changes are sent to by POST.</summary>
    /// <example>https://app.example.com/hooks/mail</example>
    public required string Url { get; init; }

    /// <summary>The purpose of the webhook, in the client's own text.</summary>
    /// <example>new mail for the support desk</example>
    public required string? Description { get; init; }

    /// <summary>The types of changes: names, `message.*` for all of a kind, `*` for all.</summary>
    /// <example>["message.*"]</example>
    public required ImmutableArray<string> Types { get; init; }

    /// <summary>The ids of the accounts, or null for all that its key may see, now and later.</summary>
    public required ImmutableArray<string>? Accounts { get; init; }

    /// <summary>The ids of the mailboxes: only changes that concern one of them are sent. For a move either side counts.</summary>
    public required ImmutableArray<string>? Mailboxes { get; init; }

    /// <summary>The roles of the mailboxes: only changes that concern a mailbox of one of these roles are sent. For a move either side counts.</summary>
    /// <example>["inbox"]</example>
    [SchemaOf(typeof(Role[]))]
    public required ImmutableArray<string>? Roles { get; init; }

    /// <summary>The format of a change.</summary>
    public required WebhookFormat Format { get; init; }

    /// <summary>The order of deliveries.</summary>
    public required WebhookOrder Order { get; init; }

    /// <summary>The optional content that is added to a change, or null for nothing.</summary>
    public required WebhookInclude? Include { get; init; }

    /// <summary>The names of additional headers that are sent. Their values are never shown.</summary>
    /// <example>["Authorization"]</example>
    public required ImmutableArray<string> HeaderNames { get; init; }

    /// <summary>The state of the webhook.</summary>
    public required WebhookState State { get; init; }

    /// <summary>The reason why it is disabled: `key_revoked` (its key was narrowed, has expired or is deleted), `gone` (it has answered 410), `exhausted` (it has failed to the end of the schedule), `secret_unreadable` (its secret or its headers cannot be decrypted: rotating the secret, or a PATCH that gives the headers again, resumes it), `settings_unreadable` (its row in the database is damaged: a PATCH resumes it).</summary>
    public required string? Reason { get; init; }

    /// <summary>The time of the next attempt while it is failing.</summary>
    public required DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>The time at which it last accepted a delivery.</summary>
    public required DateTimeOffset? LastSuccessAt { get; init; }

    /// <summary>The time at which deliveries were last given up because they had waited longer than changes are kept.</summary>
    public required DateTimeOffset? LastExpiredAt { get; init; }

    /// <summary>The time at which it was created.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The id of the key that it belongs to, or null for the admin key of the settings. It gets no more than the key may see.</summary>
    public required string? KeyId { get; init; }

    /// <summary>The secret that signs its deliveries. It is shown only in the answers to its creation and to a rotation.</summary>
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

/// <summary>The settings of a new webhook.</summary>
public sealed record NewWebhook
{
    /// <summary>The URL that changes are sent to by POST: https, or http if private networks are allowed.</summary>
    /// <example>https://app.example.com/hooks/mail</example>
    [Required]
    public string? Url { get; init; }

    /// <summary>The purpose of the webhook, at most 500 characters.</summary>
    /// <example>new mail for the support desk</example>
    public string? Description { get; init; }

    /// <summary>The types of changes: names, `message.*` for all of a kind, `*` for all. Null or absent for all.</summary>
    /// <example>["message.added", "message.moved"]</example>
    public ImmutableArray<string>? Types { get; init; }

    /// <summary>The ids of accounts. Null or absent for all that the key may see, now and later.</summary>
    public ImmutableArray<string>? Accounts { get; init; }

    /// <summary>The ids of mailboxes, null or absent for all. If given, changes that concern no mailbox are left out.</summary>
    public ImmutableArray<string>? Mailboxes { get; init; }

    /// <summary>The roles of mailboxes, null or absent for all. If given, changes that concern no mailbox are left out.</summary>
    /// <example>["inbox"]</example>
    [SchemaOf(typeof(Role[]))]
    public ImmutableArray<string>? Roles { get; init; }

    /// <summary>The format of a change. The default is `standard`.</summary>
    [SchemaOf(typeof(WebhookFormat))]
    public string? Format { get; init; }

    /// <summary>The order of deliveries. The default is `account`.</summary>
    [SchemaOf(typeof(WebhookOrder))]
    public string? Order { get; init; }

    /// <summary>The optional content of a change. `body` adds the text of a message, up to 256 kB, and needs the scope mail.read.</summary>
    [SchemaOf(typeof(WebhookInclude))]
    public string? Include { get; init; }

    /// <summary>The additional headers to send, at most 20. They are stored as secrets and never shown again.</summary>
    /// <example>{"Authorization": "Bearer of-the-receiver"}</example>
    public ImmutableDictionary<string, string?>? Headers { get; init; }

    /// <summary>Returns the name of the type only: the default text of a record would contain the secrets.</summary>
    public override string ToString() => nameof(NewWebhook);
}

/// <summary>A JSON merge patch (RFC 7396) of an endpoint.</summary>
public sealed record WebhookPatch
{
    /// <summary>The URL that changes are sent to by POST.</summary>
    public Optional<string?> Url { get; init; }

    /// <summary>The purpose of the webhook, at most 500 characters.</summary>
    public Optional<string?> Description { get; init; }

    /// <summary>The types of changes, or null for all.</summary>
    /// <example>["message.*"]</example>
    public Optional<ImmutableArray<string>?> Types { get; init; }

    /// <summary>The ids of accounts, or null for all that the key may see, now and later.</summary>
    public Optional<ImmutableArray<string>?> Accounts { get; init; }

    /// <summary>The ids of mailboxes, or null for all.</summary>
    public Optional<ImmutableArray<string>?> Mailboxes { get; init; }

    /// <summary>The roles of mailboxes, or null for all.</summary>
    [SchemaOf(typeof(Role[]))]
    public Optional<ImmutableArray<string>?> Roles { get; init; }

    /// <summary>The format of a change. Null means `standard`.</summary>
    [SchemaOf(typeof(WebhookFormat))]
    public Optional<string?> Format { get; init; }

    /// <summary>The order of deliveries. Null means `account`.</summary>
    [SchemaOf(typeof(WebhookOrder))]
    public Optional<string?> Order { get; init; }

    /// <summary>The optional content of a change: `body`, or null for nothing.</summary>
    [SchemaOf(typeof(WebhookInclude))]
    public Optional<string?> Include { get; init; }

    /// <summary>The headers to set, and with null to remove. Null in place of the object removes all.</summary>
    /// <example>{"Authorization": "Bearer of-the-receiver", "X-Old": null}</example>
    public Optional<ImmutableDictionary<string, string?>?> Headers { get; init; }

    /// <summary>Returns the name of the type only: the default text of a record would contain the secrets.</summary>
    public override string ToString() => nameof(WebhookPatch);
}
