using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using System.Text;
using ImapGateway.Changes;
using ImapGateway.Mail;
using ImapGateway.Webhooks.Endpoints;
using ImapGateway.Webhooks.Lanes;

namespace ImapGateway.Webhooks.Deliveries;

/// <summary>The delivery of a change to an endpoint, and its outcome.</summary>
public sealed record Delivery
{
    /// <summary>The id of the change, which is sent as `webhook-id`.</summary>
    /// <example>e_kq3zvw5xc</example>
    public required string Id { get; init; }

    /// <summary>The type of the change.</summary>
    /// <example>message.added</example>
    public required string Type { get; init; }

    /// <summary>The id of the account.</summary>
    /// <example>acc_k3v7q2mzp4x6a</example>
    public required string Account { get; init; }

    /// <summary>The sequence number of the change in its account.</summary>
    /// <example>42</example>
    public required string Sequence { get; init; }

    /// <summary>The time at which the change was found.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>The state of the delivery.</summary>
    public required DeliveryState State { get; init; }

    /// <summary>The calls that were made, oldest first. If there are very many, those in the middle are left out.</summary>
    public required ImmutableArray<DeliveryAttempt> Attempts { get; init; }

    /// <summary>The time of the next attempt. Null if there is none, if nothing was tried yet, or if the delivery waits for the webhook, whose `nextAttemptAt` then counts.</summary>
    public required DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>The first 512 octets of the last answer as text, or null if it had no body.</summary>
    /// <example>ok</example>
    public required string? Answer { get; init; }

    /// <param name="webhook">The endpoint of the delivery.</param>
    public static Delivery Of(DeliveryEntity row, WebhookEntity webhook) => new()
    {
        Id = ObjectId.OfChange(row.Incarnation, row.Epoch, row.Sequence),
        Type = ChangeTypes.Name(row.Type),
        Account = row.Account,
        Sequence = row.Sequence.ToString(System.Globalization.CultureInfo.InvariantCulture),
        Timestamp = row.Timestamp,
        State = row.State,
        Attempts = AttemptLog.Read(row.Attempts),
        NextAttemptAt = HasTimeOfItsOwn(row, webhook.State) ? row.NextAttemptAt : null,
        Answer = TextOf(row.Answer),
    };

    public static Delivery OfPending(LoggedChange change) => new()
    {
        Id = change.Id,
        Type = ChangeTypes.Name(change.Type),
        Account = change.Account,
        Sequence = change.Sequence.ToString(System.Globalization.CultureInfo.InvariantCulture),
        Timestamp = change.Timestamp,
        State = DeliveryState.Pending,
        Attempts = [],
        NextAttemptAt = null,
        Answer = null,
    };

    /// <summary>
    /// True if the delivery has its own time for the next attempt. While the endpoint accepts nothing, only a delivery that was just requested by hand is tried by itself. Earlier versions stored
    /// times years before any delivery.
    /// </summary>
    private static bool HasTimeOfItsOwn(DeliveryEntity row, WebhookState endpoint) => row.NextAttemptAt > DateTimeOffset.UnixEpoch
        && (endpoint == WebhookState.Active || (endpoint == WebhookState.Failing && row is { State: DeliveryState.Retrying, Failures: 0 }));

    /// <summary>Returns the answer as text. Whatever the octets are, they must not damage the JSON that contains them.</summary>
    public static string? TextOf(byte[] answer) => answer.Length == 0 ? null : Encoding.UTF8.GetString(answer);
}

/// <summary>The result of a test.</summary>
public sealed record WebhookTestResult
{
    /// <summary>The `webhook-id` that was sent.</summary>
    /// <example>e_kq3zvw5xb</example>
    public required string Id { get; init; }

    /// <summary>True if the endpoint has answered 2xx.</summary>
    /// <example>true</example>
    public required bool Delivered { get; init; }

    /// <summary>The call of the endpoint.</summary>
    public required DeliveryAttempt Attempt { get; init; }

    /// <summary>The first 512 octets of the answer as text, or null if it had no body.</summary>
    /// <example>ok</example>
    public required string? Answer { get; init; }
}

/// <summary>The position from which changes are delivered again.</summary>
public sealed record NewReplay
{
    /// <summary>The id of an account.</summary>
    /// <example>acc_k3v7q2mzp4x6a</example>
    [Required]
    public string? Account { get; init; }

    /// <summary>A position in the account's feed (`feedPosition`, `nextAfter`), or 0 for the oldest change that is kept.</summary>
    /// <example>0</example>
    [Required]
    public string? After { get; init; }
}

/// <summary>The range of changes that is delivered again, in addition to new changes.</summary>
public sealed record Replay
{
    /// <summary>The id of the account.</summary>
    /// <example>acc_k3v7q2mzp4x6a</example>
    public required string Account { get; init; }

    /// <summary>The sequence of the first change.</summary>
    /// <example>17</example>
    public required string From { get; init; }

    /// <summary>The sequence of the last change. Later changes are delivered once anyway.</summary>
    /// <example>42</example>
    public required string Through { get; init; }
}
