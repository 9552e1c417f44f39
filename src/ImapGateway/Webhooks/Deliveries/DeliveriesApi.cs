using System.Collections.Immutable;
using ImapGateway.Access;
using ImapGateway.Mail;
using ImapGateway.OpenApi;
using ImapGateway.Responses;
using ImapGateway.Webhooks.Endpoints;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ImapGateway.Webhooks.Deliveries;

/// <summary>The API for the deliveries of an endpoint, redelivery, replays and tests.</summary>
public static class DeliveriesApi
{
    private const string Kind = "deliveries";

    public static void MapDeliveries(this RouteGroupBuilder webhooks)
    {
        var deliveries = webhooks.MapGroup("/{id}/deliveries").WithPathParameter("delivery", "The id of the delivery, which is that of the change.", "e_kq3zvw5xc");
        deliveries.MapGet("", List).WithName("listDeliveries").WithSummary("List deliveries")
            .WithDescription("First what is still to be delivered, the next one of each account first; then what has become of the others, newest first.");
        deliveries.MapGet("/{delivery}", Get).WithName("getDelivery").WithSummary("Read a delivery")
            .WithDescription("410 for a change that belongs to a state that is lost.").CanFail(ErrorCode.Gone);
        deliveries.MapPost("/{delivery}/redeliver", Redeliver).WithName("redeliver").WithSummary("Deliver once more")
            .WithDescription("With the same id and the same bytes, beside everything else, and tried again by the schedule. 410 where the change is kept no longer.")
            .CanFail(ErrorCode.Conflict, ErrorCode.Gone);
        webhooks.MapPost("/{id}/test", Test).WithName("testWebhook").WithSummary("Call a webhook")
            .WithDescription("Sends a `webhook.test` event at once, whatever state the webhook is in, and tells what came of it. It is not tried again.");
        webhooks.MapPost("/{id}/replay", Replay).WithName("replayWebhook").WithSummary("Deliver everything since a position again")
            .WithDescription("In order, with the same ids and bytes, up to the newest change of this moment; what happens later is delivered beside it.")
            .CanFail(ErrorCode.Conflict, ErrorCode.Gone);
    }

    private static async Task<PageResult<Delivery>> List(
        Caller caller, string id, [AsParameters] DeliveryQuery query, [AsParameters] Paging page, WebhookStore webhooks, DeliveryStore store, CancellationToken cancel)
    {
        var webhook = await webhooks.GetAsync(caller, id, cancel);
        var filter = $"{id}\n{query.Filter}";
        var (items, next) = await store.ListAsync(webhook, query, Cursor.Decode<DeliveryPosition>(Kind, filter, page.Cursor), page.Limit, cancel);
        return new PageResult<Delivery>(new Page<Delivery>(items.ToImmutableArray(), next is null ? null : Cursor.Encode(Kind, filter, next)));
    }

    private static async Task<Ok<Delivery>> Get(Caller caller, string id, string delivery, WebhookStore webhooks, DeliveryStore store, CancellationToken cancel) =>
        TypedResults.Ok(await store.GetAsync(await webhooks.GetAsync(caller, id, cancel), delivery, cancel));

    private static async Task<Accepted<Delivery>> Redeliver(Caller caller, string id, string delivery, Redelivery redelivery, CancellationToken cancel) =>
        TypedResults.Accepted((string?)null, await redelivery.RedeliverAsync(caller, id, delivery, cancel));

    private static async Task<Ok<WebhookTestResult>> Test(Caller caller, string id, WebhookStore store, WebhookTester tester, CancellationToken cancel) =>
        TypedResults.Ok(await tester.RunAsync(await store.GetAsync(caller, id, cancel), cancel));

    private static async Task<Accepted<Replay>> Replay(Caller caller, string id, NewReplay body, Redelivery redelivery, CancellationToken cancel) =>
        TypedResults.Accepted((string?)null, await redelivery.ReplayAsync(caller, id, body, cancel));
}
