using ImapGateway.Access;
using ImapGateway.GraphQL.Fields;
using ImapGateway.GraphQL.Schema;
using ImapGateway.Responses;

namespace ImapGateway.Webhooks.Endpoints;

/// <summary>The webhook endpoints in the GraphQL schema.</summary>
public sealed class WebhooksGraph : IGraph
{
    private const string Kind = "webhooks";

    public void Build(GraphBuilder graph)
    {
        BuildWebhook(graph);
        graph.Connection<Webhook>("Webhook", "Webhooks, newest first.");
        graph.Query.Field("webhooks", "WebhookConnection!", (_, call) => ListAsync(call), "The webhooks of the key; an admin key that is not limited to accounts sees all.", PageAsked.Forward).Requires(Scope.Webhooks).Counts(PageAsked.Size);
        graph.Node("wh_", async (call, id) => call.Caller.Has(Scope.Webhooks) ? Webhook.Of(await call.Service<WebhookStore>().GetAsync(call.Caller, id, call.Cancel)) : null);
        WebhookMutations.Build(graph);
    }

    private static void BuildWebhook(GraphBuilder graph)
    {
        graph.Enum<WebhookFormat>("WebhookFormat", "How a change is written.", (WebhookFormat.Standard, "As the feed has it."), (WebhookFormat.CloudEvents, "As a CloudEvent."));
        graph.Enum<WebhookOrder>("WebhookOrder", "What waits for what.", (WebhookOrder.Account, "The changes of an account come one after the other."), (WebhookOrder.None, "Nothing waits."));
        graph.Enum<WebhookInclude>("WebhookInclude", "What is added to a change.", (WebhookInclude.Body, "The text of a message, up to 256 kB."));
        graph.Enum<WebhookState>(
            "WebhookState", "What becomes of changes.", (WebhookState.Active, "They are delivered."), (WebhookState.Failing, "Nothing gets through; it is tried again by the schedule."),
            (WebhookState.Paused, "They wait until it is resumed."), (WebhookState.Disabled, "They wait until somebody mends it and resumes it."));
        var hook = graph.Object<Webhook>("Webhook", "An endpoint that changes are delivered to.").Implements("Node");
        hook.Leaf("id", "ID!", one => one.Id, "Ours, opaque.");
        hook.Leaf("url", "String!", one => one.Url, "Where changes are sent to by POST.");
        hook.Leaf("description", "String", one => one.Description, "What it is for, as its maker put it.");
        hook.Leaf("types", "[String!]!", one => one.Types, "Which changes: names, `message.*` for all of a kind, `*` for all.");
        hook.Leaf("accounts", "[ID!]", one => one.Accounts is { } ids ? ids : null, "Of which accounts; null: all that its key may see, now and later.");
        hook.Leaf("mailboxes", "[ID!]", one => one.Mailboxes is { } ids ? ids : null, "Only what concerns one of these mailboxes; of a move either side counts.");
        hook.Leaf("roles", "[String!]", one => one.Roles is { } roles ? roles : null, "Only what concerns a mailbox of one of these roles; of a move either side counts.");
        hook.Choice<WebhookFormat>("format", "WebhookFormat!", one => one.Format, "How a change is written.");
        hook.Choice<WebhookOrder>("order", "WebhookOrder!", one => one.Order, "What waits for what.");
        hook.Choice<WebhookInclude>("include", "WebhookInclude", one => one.Include, "What is added to a change; null: nothing.");
        hook.Leaf("headerNames", "[String!]!", one => one.HeaderNames, "Names of the headers of its own that are sent along; their values are never shown.");
        hook.Choice<WebhookState>("state", "WebhookState!", one => one.State, "What becomes of changes.");
        hook.Leaf("reason", "String", one => one.Reason, "Why it is disabled: key_revoked, gone, or exhausted.");
        hook.Leaf("nextAttemptAt", "DateTime", one => one.NextAttemptAt, "The next attempt while it is failing.");
        hook.Leaf("lastSuccessAt", "DateTime", one => one.LastSuccessAt, "When it last took a delivery.");
        hook.Leaf("lastExpiredAt", "DateTime", one => one.LastExpiredAt, "When deliveries were last given up because they had waited longer than changes are kept.");
        hook.Leaf("createdAt", "DateTime!", one => one.CreatedAt, "When it was made.");
        hook.Leaf("keyId", "ID", one => one.KeyId, "The id of the key it belongs to, and sees no more than; null for the admin key of the settings.");
        hook.Leaf("secret", "String", one => one.Secret, "What its deliveries are signed with; only where it was just made.");
    }

    private static async Task<Connection<Webhook>> ListAsync(FieldCall call)
    {
        var page = PageAsked.Of(call);
        var rows = await call.Service<WebhookStore>().ListAsync(call.Caller, Cursor.Decode<CreatedPosition>(Kind, "", page.Cursor), page.Limit, call.Cancel);
        return new Connection<Webhook>(
            [.. rows.Take(page.Limit).Select(row => Webhook.Of(row))], hook => Cursor.Encode(Kind, "", new CreatedPosition(hook.CreatedAt, hook.Id)), rows.Count > page.Limit, page.Cursor is not null);
    }
}
