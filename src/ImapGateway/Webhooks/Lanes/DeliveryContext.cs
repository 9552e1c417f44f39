using ImapGateway.Background;
using ImapGateway.Changes;
using ImapGateway.Webhooks.Sending;
using Microsoft.Extensions.Options;

namespace ImapGateway.Webhooks.Lanes;

/// <summary>The services and settings that deliveries of all endpoints use.</summary>
public sealed class DeliveryContext(ChangeLog log, LaneStore lanes, OutcomeWriter outcomes, PayloadWriter payloads, WebhookSender sender, IOptions<WebhooksOptions> options, Loops loops)
{
    public ChangeLog Log => log;

    public LaneStore Lanes => lanes;

    public OutcomeWriter Outcomes => outcomes;

    public PayloadWriter Payloads => payloads;

    public WebhookSender Sender => sender;

    public RetrySchedule Schedule { get; } = new(options.Value.RetrySchedule);

    public TimeSpan OrderHold => options.Value.OrderHold;

    public Loops Loops => loops;

    public TimeProvider Time => loops.Time;
}
