using ImapGateway.Access;
using ImapGateway.GraphQL.Schema;
using ImapGateway.Webhooks.Deliveries;
using ImapGateway.Webhooks.Lanes;

namespace ImapGateway.Webhooks.Endpoints;

/// <summary>The REST operations below /v1/webhooks, as mutations.</summary>
public static class WebhookMutations
{
    public static void Build(GraphBuilder graph)
    {
        graph.Input("WebhookHeaderInput", "A header to send along.").Field("key", "String!", "Its name.").Field("value", "String", "Kept as a secret and never shown again; null removes it.");
        Mutation("createWebhook", "It is told of what happens from now on. The only answer with its `secret`, but for a rotation.", input => Settings(input.Field("url", "String!", "Where changes are sent to by POST: https, or http where private networks are allowed.")),
            async input => await Registry(input).AddAsync(input.Call.Caller, input.Body<NewWebhook>("headers"), input.Call.Cancel) is var (row, secret) ? Webhook.Of(row, secret) : null);
        Mutation("updateWebhook", "What is absent stays. What is on its way is not affected.", input => Settings(Id(input).Field("url", "String", "Where changes are sent to by POST.")),
            async input => Webhook.Of(await Registry(input).ChangeAsync(input.Call.Caller, input.Id, input.Without("id").Body<WebhookPatch>("headers"), input.Call.Cancel)));
        Mutation("pauseWebhook", "What happens meanwhile is delivered once it is resumed, for as long as changes are kept.", input => Id(input),
            async input => Webhook.Of(await Registry(input).PauseAsync(input.Call.Caller, input.Id, input.Call.Cancel)));
        Mutation("resumeWebhook", "It goes on where it stopped, whether it was paused, failing or disabled, and retries begin anew.", input => Id(input),
            async input => Webhook.Of(await Registry(input).ResumeAsync(input.Call.Caller, input.Id, input.Call.Cancel)));
        Mutation("rotateWebhookSecret", "The only answer with the new `secret`. For 24 hours deliveries are signed with the old one, too.", input => Id(input),
            async input => await Registry(input).RotateAsync(input.Call.Caller, input.Id, input.Call.Cancel) is var (row, secret) ? Webhook.Of(row, secret) : null);
        graph.Mutation("testWebhook", Scope.Webhooks, "result", "WebhookTest", "Sends a `webhook.test` event at once, whatever state the webhook is in, and tells what came of it. It is not tried again.", input => Id(input), async input =>
            await input.Call.Service<WebhookTester>().RunAsync(await input.Call.Service<WebhookStore>().GetAsync(input.Call.Caller, input.Id, input.Call.Cancel), input.Call.Cancel));
        var test = graph.Object<WebhookTestResult>("WebhookTest", "What came of a test.");
        test.Leaf("id", "ID!", one => one.Id, "The `webhook-id` that was sent.");
        test.Leaf("delivered", "Boolean!", one => one.Delivered, "Whether the endpoint has answered 2xx.");
        test.Leaf("answer", "String", one => one.Answer, "The first 512 octets of the answer as text; null where it had no body.");
        BuildRedelivery(graph);
        graph.Mutation<string>("deleteWebhook", Scope.Webhooks, "deletedId", "ID", "What was not delivered never will be.", input => Id(input), async input =>
        {
            await Registry(input).RemoveAsync(input.Call.Caller, input.Id, input.Call.Cancel);
            return input.Id;
        });

        void Mutation(string name, string description, Action<GraphInput> members, Func<MutationInput, Task<Webhook?>> run) => graph.Mutation(name, Scope.Webhooks, "webhook", "Webhook", description, members, run);
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

    private static WebhookRegistry Registry(MutationInput input) => input.Call.Service<WebhookRegistry>();

    private static GraphInput Id(GraphInput input) => input.Field("id", "ID!", "The webhook's id.");

    private static void Settings(GraphInput input) => input
        .Field("description", "String", "What it is for: at most 500 characters.")
        .Field("types", "[String!]", "Which changes: names, `message.*` for all of a kind, `*` for all. Null: all.")
        .Field("accounts", "[ID!]", "Ids of accounts; null: all that the key may see, now and later.")
        .Field("mailboxes", "[ID!]", "Ids of mailboxes; null: all. Changes that concern no mailbox are then left out.")
        .Field("roles", "[Role!]", "Roles of mailboxes; null: all. Changes that concern no mailbox are then left out.")
        .Field("format", "WebhookFormat", "How a change is written; null: STANDARD.")
        .Field("order", "WebhookOrder", "What waits for what; null: ACCOUNT.")
        .Field("include", "WebhookInclude", "What is added to a change; null: nothing. A body needs the scope mail.read.")
        .Field("headers", "[WebhookHeaderInput!]", "Headers to send along: 20 at most. Null removes all.");
}
