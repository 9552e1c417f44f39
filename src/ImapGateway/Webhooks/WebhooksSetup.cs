using ImapGateway.Access;
using ImapGateway.Changes;
using ImapGateway.Mail;
using ImapGateway.OpenApi;
using ImapGateway.Settings;
using ImapGateway.Storage;
using ImapGateway.Webhooks.Deliveries;
using ImapGateway.Webhooks.Endpoints;
using ImapGateway.Webhooks.Lanes;
using ImapGateway.Webhooks.Sending;

namespace ImapGateway.Webhooks;

/// <summary>Registers the services of webhooks and their routes.</summary>
public static class WebhooksSetup
{
    public static void AddWebhooks(this WebApplicationBuilder builder)
    {
        builder.AddSettings<WebhooksOptions>("Webhooks");
        var services = builder.Services;
        services.AddSingleton<WebhookProtector>();
        services.AddUsableIds("webhook", ObjectId.LooksMinted, () => ObjectId.NewRandom("wh"));
        services.AddUsableNumbers("webhook_lane", nameof(LaneEntity.Id), (_, _) => Task.FromResult(0L));
        services.AddUsableNumbers("webhook_delivery", nameof(DeliveryEntity.Id), (_, _) => Task.FromResult(0L));
        services.AddSingleton<WebhookStore>();
        services.AddSingleton<WebhookStates>();
        services.AddSingleton<WebhookRights>();
        services.AddSingleton<WebhookSender>();
        services.AddSingleton<PayloadWriter>();
        services.AddSingleton<WebhookTester>();
        services.AddSingleton<WebhookRegistry>();
        services.AddSingleton<LaneStore>();
        services.AddSingleton<DeliveryStore>();
        services.AddSingleton<ReplayStore>();
        services.AddSingleton<Redelivery>();
        services.AddSingleton<DeliveryContext>();
        services.AddSingleton<OutcomeWriter>();
        services.AddSingleton<DeliveryWorker>();
        services.AddSingleton<IEndpointLanes>(provider => provider.GetRequiredService<DeliveryWorker>());
        // Services stop in the opposite order: the outcomes of the last calls are still written.
        services.AddHostedService(provider => provider.GetRequiredService<OutcomeWriter>());
        services.AddHostedService(provider => provider.GetRequiredService<DeliveryWorker>());
        services.AddSingleton<IRetentionHold, LaneRetention>();
        services.AddHostedService<DeliveryPurgeWorker>();
        services.ConfigureSwaggerGen(options => options.DocumentFilter<WebhookEvents>());
    }

    public static void MapWebhooks(this IEndpointRouteBuilder v1)
    {
        var webhooks = v1.MapGroup("/webhooks").Requires(Scope.Webhooks).WithTag("Webhooks", "Endpoints that changes are delivered to: signed, in order, and until they have taken them.")
            .WithPathParameter("id", "The id of the webhook.", "wh_q5nzb3wk7ra2d");
        webhooks.MapEndpoints();
        webhooks.MapDeliveries();
    }
}
