using ImapGateway.Access;
using ImapGateway.GraphQL.Schema;

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
        graph.Mutation<string>("deleteWebhook", Scope.Webhooks, "deletedId", "ID", "What was not delivered never will be.", input => Id(input), async input =>
        {
            await Registry(input).RemoveAsync(input.Call.Caller, input.Id, input.Call.Cancel);
            return input.Id;
        });

        void Mutation(string name, string description, Action<GraphInput> members, Func<MutationInput, Task<Webhook?>> run) => graph.Mutation(name, Scope.Webhooks, "webhook", "Webhook", description, members, run);
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
