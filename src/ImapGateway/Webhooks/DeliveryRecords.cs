using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using System.Text;
using ImapGateway.Changes;
using ImapGateway.Mail;

namespace ImapGateway.Webhooks;

/// <summary>A change on its way to an endpoint, or what has become of it.</summary>
public sealed record Delivery
{
    /// <summary>The id of the change, which is sent as `webhook-id`.</summary>
    /// <example>e_kq3zvw5xc</example>
    public required string Id { get; init; }

    /// <summary>What the change is.</summary>
    /// <example>message.added</example>
    public required string Type { get; init; }

    /// <summary>The id of the account.</summary>
    /// <example>acc_k3v7q2mzp4x6a</example>
    public required string Account { get; init; }

    /// <summary>Of the change in its account.</summary>
    /// <example>42</example>
    public required string Sequence { get; init; }

    /// <summary>When the change was found.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>What has become of it.</summary>
    public required DeliveryState State { get; init; }

    /// <summary>The calls that were made, oldest first; of very many those in the middle are left out.</summary>
    public required ImmutableArray<DeliveryAttempt> Attempts { get; init; }

    /// <summary>Null: there is none, nothing was tried yet, or it waits for the webhook, whose `nextAttemptAt` then counts.</summary>
    public required DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>The first 512 octets of the last answer as text; null where it had no body.</summary>
    /// <example>ok</example>
    public required string? Answer { get; init; }

    /// <param name="webhook">Its endpoint.</param>
    public static Delivery Of(DeliveryEntity row, WebhookEntity webhook) => new()
    {
        Id = ObjectId.Format(ObjectId.Change, row.Incarnation, (ulong)row.Sequence),
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

    /// <summary>While the endpoint takes nothing, only what somebody has just asked for is tried by itself. Years before any delivery were stored by earlier versions.</summary>
    private static bool HasTimeOfItsOwn(DeliveryEntity row, WebhookState endpoint) => row.NextAttemptAt > DateTimeOffset.UnixEpoch
        && (endpoint == WebhookState.Active || (endpoint == WebhookState.Failing && row is { State: DeliveryState.Retrying, Failures: 0 }));

    /// <summary>Whatever it is, it must not spoil the JSON it stands in.</summary>
    public static string? TextOf(byte[] answer) => answer.Length == 0 ? null : Encoding.UTF8.GetString(answer);
}

/// <summary>What came of a test.</summary>
public sealed record WebhookTestResult
{
    /// <summary>The `webhook-id` that was sent.</summary>
    /// <example>e_kq3zvw5xb</example>
    public required string Id { get; init; }

    /// <summary>Whether the endpoint has answered 2xx.</summary>
    /// <example>true</example>
    public required bool Delivered { get; init; }

    /// <summary>The call.</summary>
    public required DeliveryAttempt Attempt { get; init; }

    /// <summary>The first 512 octets of the answer as text; null where it had no body.</summary>
    /// <example>ok</example>
    public required string? Answer { get; init; }
}

/// <summary>From where to deliver again.</summary>
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

/// <summary>What is delivered again, beside what is new.</summary>
public sealed record Replay
{
    /// <summary>The id of the account.</summary>
    /// <example>acc_k3v7q2mzp4x6a</example>
    public required string Account { get; init; }

    /// <summary>The sequence of the first change.</summary>
    /// <example>17</example>
    public required string From { get; init; }

    /// <summary>The sequence of the last change; later ones are delivered once anyway.</summary>
    /// <example>42</example>
    public required string Through { get; init; }
}
