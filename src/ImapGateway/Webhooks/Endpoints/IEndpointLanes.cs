using ImapGateway.Access;
using ImapGateway.Storage;

namespace ImapGateway.Webhooks.Endpoints;

/// <summary>The lanes of endpoints, as far as a change of an endpoint concerns them. It keeps this folder independent of the deliveries.</summary>
public interface IEndpointLanes
{
    /// <summary>Adapts the lanes to new filters, in the transaction that writes the filters: lanes of accounts that are no longer followed are deleted, new ones begin now.</summary>
    /// <param name="rights">The rights of the endpoint's key.</param>
    Task FollowAsync(GatewayDbContext db, WebhookEntity webhook, Caller rights, CancellationToken cancel);

    /// <summary>Applies the row of an endpoint after it was committed. The database deletes the lanes of an endpoint together with its row.</summary>
    /// <param name="startAgain">True if the filters or the order have changed, or the endpoint is deleted: its lanes end, and start again at their cursors if there is still a row.</param>
    Task ChangedAsync(string id, bool startAgain, CancellationToken cancel);
}
