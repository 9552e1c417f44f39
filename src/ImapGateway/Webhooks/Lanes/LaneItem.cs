using System.Collections.Immutable;
using ImapGateway.Access;
using ImapGateway.Changes;
using ImapGateway.Webhooks.Endpoints;
using ImapGateway.Webhooks.Sending;

namespace ImapGateway.Webhooks.Lanes;

/// <summary>A change in a lane, with the state of its delivery.</summary>
public sealed class LaneItem(LoggedChange change)
{
    public LoggedChange Change => change;

    public long Sequence => change.Sequence;

    public bool InFlight { get; set; }

    /// <summary>True if the lane has nothing left to do for this change.</summary>
    public bool IsSettled { get; set; }

    /// <summary>The number of failures that count for the schedule. A failure while the endpoint accepts nothing at all does not count.</summary>
    public int Failures { get; set; }

    /// <summary>The time at which the first attempt failed.</summary>
    public DateTimeOffset? FailedSince { get; set; }

    public DateTimeOffset LastFailure { get; set; }

    /// <summary>The time of the next attempt by the schedule. Null if it has no time of its own: it was not tried yet, or it waits for the endpoint as a whole.</summary>
    public DateTimeOffset? NextAt { get; set; }

    public bool IsExhausted { get; set; }

    /// <summary>True if it has failed since the endpoint was last known to work.</summary>
    public bool IsJudged { get; set; }

    public ImmutableArray<DeliveryAttempt> Attempts { get; set; } = [];

    public byte[] Answer { get; set; } = [];

    /// <summary>The form of the payload, which the first attempt fixes.</summary>
    public PayloadForm? Form { get; set; }

    public byte[]? Bytes { get; set; }

    /// <summary>True if the endpoint's key may not see the change.</summary>
    public bool IsUnseen { get; set; }

    public bool IsUntried => FailedSince is null;

    /// <summary>True if the last attempt failed in the gateway itself. Such a failure says nothing about the endpoint.</summary>
    public bool FailedHere => Attempts is [.., { Error: AttemptError.Internal }];

    public bool IsDue(DateTimeOffset now) => NextAt is null || NextAt <= now;

    /// <param name="known">The stored outcome of earlier attempts.</param>
    public static LaneItem Of(LoggedChange change, DeliveryEntity? known)
    {
        var item = new LaneItem(change);
        if (known is not null)
        {
            item.Attempts = AttemptLog.Read(known.Attempts);
            item.Answer = known.Answer;
            item.Form = known.Form;
            item.Bytes = known.Payload;
            item.Failures = known.Failures;
            item.FailedSince = item.Attempts is [var first, ..] ? first.At : null;
            item.NextAt = known.NextAttemptAt;
        }
        return item;
    }

    /// <summary>Returns an item for one more delivery, with the same bytes as before.</summary>
    public static LaneItem Again(LoggedChange change, DeliveryEntity earlier) =>
        new(change) { Attempts = AttemptLog.Read(earlier.Attempts), Answer = earlier.Answer, Form = earlier.Form, Bytes = earlier.Payload };

    /// <summary>Sets the form and the bytes, if the item has none yet.</summary>
    /// <param name="rights">The rights of the endpoint at this moment.</param>
    /// <returns>True if the bytes must be stored before they are sent, because they cannot be made again from the log.</returns>
    public async Task<bool> PrepareAsync(WebhookEntity webhook, Caller rights, PayloadWriter payloads, CancellationToken cancel)
    {
        if (Bytes is not null)
        {
            return false;
        }
        var form = Form ??= Payload.FormOf(webhook, Change, rights);
        Bytes = await payloads.WriteAsync(Change, form, cancel);
        return form.HasFlag(PayloadForm.Body);
    }

    /// <summary>Sends the prepared bytes.</summary>
    public Task<Attempt> SendAsync(LoadedWebhook webhook, WebhookSender sender, CancellationToken cancel) => sender.SendAsync(webhook, Change.Id, Form!.Value, Bytes!, cancel);

    public DeliveryEntity Outcome(LaneRef lane, DeliveryState state, DateTimeOffset now) => new()
    {
        Webhook = lane.Webhook,
        Incarnation = Change.Incarnation,
        Sequence = Sequence,
        Epoch = Change.Position.Epoch,
        Account = Change.Account,
        Type = Change.Type,
        Timestamp = Change.Timestamp,
        State = state,
        Form = Form ?? PayloadForm.Standard,
        Failures = Failures,
        Attempts = AttemptLog.Write(Attempts),
        Answer = Answer,
        NextAttemptAt = state is DeliveryState.Pending or DeliveryState.Retrying && !IsUntried ? NextAt : null,
        Payload = Form?.HasFlag(PayloadForm.Body) == true ? Bytes : null,
        UpdatedAt = now,
    };
}
