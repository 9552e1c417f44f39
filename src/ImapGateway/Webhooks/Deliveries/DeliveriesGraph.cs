using ImapGateway.Access;
using ImapGateway.GraphQL.Schema;
using ImapGateway.Webhooks.Endpoints;
using ImapGateway.Webhooks.Lanes;

namespace ImapGateway.Webhooks.Deliveries;

/// <summary>Tests, redelivery and replays in the GraphQL schema.</summary>
public sealed class DeliveriesGraph : IGraph
{
    public void Build(GraphBuilder graph)
    {
        BuildTest(graph);
        BuildRedelivery(graph);
    }

    private static void BuildTest(GraphBuilder graph)
    {
        graph.Mutation("testWebhook", Scope.Webhooks, "result", "WebhookTest", "Sends a `webhook.test` event at once, whatever state the webhook is in, and tells what came of it. It is not tried again.", input => Id(input), async input =>
            await input.Call.Service<WebhookTester>().RunAsync(await input.Call.Service<WebhookStore>().GetAsync(input.Call.Caller, input.Id, input.Call.Cancel), input.Call.Cancel));
        var test = graph.Object<WebhookTestResult>("WebhookTest", "What came of a test.");
        test.Leaf("id", "ID!", one => one.Id, "The `webhook-id` that was sent.");
        test.Leaf("delivered", "Boolean!", one => one.Delivered, "Whether the endpoint has answered 2xx.");
        test.Leaf("answer", "String", one => one.Answer, "The first 512 octets of the answer as text; null where it had no body.");
    }

    private static void BuildRedelivery(GraphBuilder graph)
    {
        graph.Enum<DeliveryState>(
            "DeliveryState", "What has become of a delivery.", (DeliveryState.Pending, "It waits for its turn, or for its next attempt while those behind it wait."),
            (DeliveryState.Retrying, "It has failed and is tried again by the schedule; the others do not wait for it."), (DeliveryState.Delivered, "The endpoint has answered 2xx."),
            (DeliveryState.Dead, "It has failed to the end of the schedule."), (DeliveryState.Expired, "It has waited longer than changes are kept."));
        var delivery = graph.Object<Delivery>("Delivery", "A change on its way to an endpoint, or what has become of it.");
        delivery.Leaf("id", "ID!", one => one.Id, "The id of the change, which is sent as `webhook-id`.");
        delivery.Leaf("type", "String!", one => one.Type, "What the change is: `message.added` ...");
        delivery.Leaf("accountId", "ID!", one => one.Account, "The id of the account.");
        delivery.Leaf("sequence", "String!", one => one.Sequence, "Of the change in its account.");
        delivery.Leaf("timestamp", "DateTime!", one => one.Timestamp, "When the change was found.");
        delivery.Choice<DeliveryState>("state", "DeliveryState!", one => one.State, "What has become of it.");
        delivery.Leaf("nextAttemptAt", "DateTime", one => one.NextAttemptAt, "Null: there is none, or nothing was tried yet.");
        graph.Mutation(
            "redeliver", Scope.Webhooks, "delivery", "Delivery", "Delivers a change once more, with the same id and the same bytes, beside everything else.", input => Id(input).Field("deliveryId", "ID!", "The id of the delivery, which is that of the change."),
            async input => await input.Call.Service<Redelivery>().RedeliverAsync(input.Call.Caller, input.Id, input.Get<string>("deliveryId")!, input.Call.Cancel));
        var replay = graph.Object<Replay>("Replay", "What is delivered again, beside what is new.");
        replay.Leaf("accountId", "ID!", one => one.Account, "The id of the account.");
        replay.Leaf("from", "String!", one => one.From, "The sequence of the first change.");
        replay.Leaf("through", "String!", one => one.Through, "The sequence of the last change; later ones are delivered once anyway.");
        graph.Mutation(
            "replayWebhook", Scope.Webhooks, "replay", "Replay", "Delivers everything since a position again: in order, with the same ids and bytes, up to the newest change of this moment.",
            input => Id(input).Field("account", "ID!", "The id of an account.").Field("after", "String!", "A position in the account's feed, or 0 for the oldest change that is kept."),
            async input => await input.Call.Service<Redelivery>().ReplayAsync(input.Call.Caller, input.Id, input.Without("id").Body<NewReplay>(), input.Call.Cancel));
    }

    private static GraphInput Id(GraphInput input) => input.Field("id", "ID!", "The webhook's id.");
}
