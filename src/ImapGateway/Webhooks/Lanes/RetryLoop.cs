using ImapGateway.Changes;
using ImapGateway.Mail;
using ImapGateway.Webhooks.Endpoints;
using ImapGateway.Webhooks.Sending;

namespace ImapGateway.Webhooks.Lanes;

/// <summary>Sends the deliveries of an endpoint that were set apart, and those requested again by a user: each by its own schedule, independent of all lanes.</summary>
public sealed class RetryLoop(EndpointRunner endpoint, DeliveryContext context)
{
    private const int AtOnce = 16;

    private Task _woken = Task.CompletedTask;
    private DateTimeOffset? _next;

    public Task WaitAsync(CancellationToken cancel) => Waiting.UntilAsync(_woken, _next, context.Time, cancel);

    public async Task TurnAsync(CancellationToken cancel)
    {
        _woken = endpoint.Signal.Next;
        _next = await SendDueAsync(cancel);
    }

    /// <returns>The time at which the next one is due; null if there is none; the beginning of time if there may be more now.</returns>
    private async Task<DateTimeOffset?> SendDueAsync(CancellationToken cancel)
    {
        if (!endpoint.IsRunning)
        {
            return null;
        }
        var rows = await context.Lanes.RetryingAsync(endpoint.Webhook.Row.Id, AtOnce, cancel);
        var now = context.Time.GetUtcNow();
        // While the endpoint accepts nothing at all, the schedule of these deliveries does not advance. A delivery that was just requested by hand is tried all the same.
        var due = rows.Where(row => row.NextAttemptAt <= now && (row.Failures == 0 || endpoint.State == WebhookState.Active)).ToList();
        if (due.Count == 0)
        {
            return endpoint.State == WebhookState.Active ? rows.FirstOrDefault()?.NextAttemptAt : null;
        }
        await Task.WhenAll(due.Select(row => SendAsync(row, cancel)));
        await context.Outcomes.WrittenAsync(cancel);
        return DateTimeOffset.MinValue;
    }

    /// <summary>Sends one delivery. An unexpected failure counts as a failed attempt, and does not affect other deliveries.</summary>
    private async Task SendAsync(DeliveryEntity row, CancellationToken cancel)
    {
        var lane = new LaneRef(0, 0, row.Webhook, row.Incarnation, row.Account, null);
        try
        {
            await SendAsync(lane, row, cancel);
        }
        catch (Exception failure) when (failure is not (ProblemException or OperationCanceledException))
        {
            await EndAsync(lane, LaneItem.Of(Stub(row), row), context.Sender.Failed(row.Webhook, failure));
        }
    }

    private async Task SendAsync(LaneRef lane, DeliveryEntity row, CancellationToken cancel)
    {
        var webhook = endpoint.Webhook;
        if (await endpoint.RightsAsync(cancel) is not { } key)
        {
            return;
        }
        if (await FindAsync(row, cancel) is not { } change || !key.MaySee(row.Account))
        {
            var lost = LaneItem.Of(Stub(row), row);
            context.Outcomes.Add(null, lost.Outcome(lane, DeliveryState.Expired, context.Time.GetUtcNow()));
            return;
        }
        var item = LaneItem.Of(change, row);
        await item.PrepareAsync(webhook.Row, key, context.Payloads, cancel);
        using var slot = await endpoint.CallAsync(cancel);
        if (!endpoint.IsRunning)
        {
            return;
        }
        var attempt = await item.SendAsync(webhook, context.Sender, cancel);
        await EndAsync(lane, item, attempt);
    }

    private async Task EndAsync(LaneRef lane, LaneItem item, Attempt attempt)
    {
        item.Attempts = AttemptLog.Add(item.Attempts, attempt);
        item.Answer = attempt.Answer;
        context.Outcomes.Add(null, item.Outcome(lane, After(item, attempt), context.Time.GetUtcNow()));
        if (attempt.Succeeded)
        {
            await endpoint.SucceededAsync();
        }
        else if (attempt.IsGone)
        {
            await endpoint.DisableAsync(DisableReason.Gone);
        }
    }

    private DeliveryState After(LaneItem item, Attempt attempt)
    {
        if (attempt.Succeeded)
        {
            return DeliveryState.Delivered;
        }
        var now = context.Time.GetUtcNow();
        item.FailedSince ??= now;
        item.Failures++;
        if (context.Schedule.After(item.Failures, attempt.RetryAfter, Random.Shared.NextDouble()) is not { } wait)
        {
            return DeliveryState.Dead;
        }
        item.NextAt = now + wait;
        return DeliveryState.Retrying;
    }

    private async Task<LoggedChange?> FindAsync(DeliveryEntity row, CancellationToken cancel) =>
        await context.Log.ReadAsync(row.Incarnation, row.Sequence - 1, 1, cancel) is [var change] && change.Sequence == row.Sequence && !change.IsUnreadable ? change
            : row.Payload is not null ? Stub(row) : null;

    /// <summary>Returns a change without content, for a delivery whose bytes are stored or of which only the identity is needed.</summary>
    private static LoggedChange Stub(DeliveryEntity row) =>
        new(new GlobalPosition(0, 0, row.Epoch), row.Incarnation, row.Sequence, row.Account, row.Type, row.Timestamp, 0, 0, null, null, [], [], null);
}
