using ImapGateway.Access;
using ImapGateway.Mail;
using ImapGateway.Webhooks.Endpoints;
using ImapGateway.Webhooks.Lanes;

namespace ImapGateway.Webhooks.Deliveries;

/// <summary>Requests that changes are delivered again: one change, or all since a position.</summary>
public sealed class Redelivery(WebhookStore webhooks, WebhookRights rights, DeliveryStore deliveries, ReplayStore replays, DeliveryWorker worker, TimeProvider time)
{
    /// <exception cref="ProblemException">404; 409 if its delivery is still pending; 410 if the change is no longer kept.</exception>
    public async Task<Delivery> RedeliverAsync(Caller caller, string id, string delivery, CancellationToken cancel)
    {
        var again = await deliveries.RedeliverAsync(await webhooks.GetAsync(caller, id, cancel), delivery, time.GetUtcNow(), cancel);
        worker.Redeliver(id);
        return again;
    }

    /// <exception cref="ProblemException">404; 409 if the webhook's key was narrowed, has expired or is deleted; 410 if changes since then are no longer kept.</exception>
    public async Task<Replay> ReplayAsync(Caller caller, string id, NewReplay wanted, CancellationToken cancel)
    {
        var webhook = await webhooks.GetAsync(caller, id, cancel);
        var owner = await rights.FindAsync(webhook, cancel) ?? throw new ProblemException(ErrorCode.Conflict, "It is disabled: its key is not what it was.");
        var replay = await replays.AddAsync(webhook, owner, wanted, cancel);
        await worker.ChangedAsync(id, startAgain: false, cancel);
        return replay;
    }
}
