using System.Collections.Immutable;
using ImapGateway.Changes;

namespace ImapGateway.Webhooks;

/// <summary>A change on its way through a lane.</summary>
public sealed class LaneItem(LoggedChange change)
{
    public LoggedChange Change => change;

    public long Sequence => change.Sequence;

    public bool InFlight { get; set; }

    /// <summary>Nothing is left to do for it here.</summary>
    public bool IsSettled { get; set; }

    /// <summary>Those that count for the schedule: what fails while the endpoint takes nothing at all does not.</summary>
    public int Failures { get; set; }

    /// <summary>When its first attempt failed.</summary>
    public DateTimeOffset? FailedSince { get; set; }

    public DateTimeOffset LastFailure { get; set; }

    /// <summary>By the schedule; null where it has no time of its own: it was not tried yet, or the endpoint as a whole is what is waited for.</summary>
    public DateTimeOffset? NextAt { get; set; }

    public bool IsExhausted { get; set; }

    /// <summary>It has failed since the endpoint was last known to be well.</summary>
    public bool IsJudged { get; set; }

    public ImmutableArray<DeliveryAttempt> Attempts { get; set; } = [];

    public byte[] Answer { get; set; } = [];

    /// <summary>Fixed by the first attempt.</summary>
    public PayloadForm? Form { get; set; }

    public byte[]? Bytes { get; set; }

    /// <summary>The endpoint's key may not see it.</summary>
    public bool IsUnseen { get; set; }

    public bool IsUntried => FailedSince is null;

    /// <summary>The last attempt failed in the gateway itself. That says nothing about the endpoint.</summary>
    public bool FailedHere => Attempts is [.., { Error: AttemptError.Internal }];

    public bool IsDue(DateTimeOffset now) => NextAt is null || NextAt <= now;

    /// <param name="known">What was kept of earlier attempts.</param>
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

    /// <summary>To be delivered once more, with the bytes of before.</summary>
    public static LaneItem Again(LoggedChange change, DeliveryEntity earlier) =>
        new(change) { Attempts = AttemptLog.Read(earlier.Attempts), Answer = earlier.Answer, Form = earlier.Form, Bytes = earlier.Payload };

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
