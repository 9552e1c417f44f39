using ImapGateway.Storage;
using ImapGateway.Webhooks.Endpoints;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Webhooks.Lanes;

/// <summary>Writes outcomes, one for each change and endpoint.</summary>
public static class DeliveryRows
{
    private static readonly string[] Key = [nameof(DeliveryEntity.Webhook), nameof(DeliveryEntity.Incarnation), nameof(DeliveryEntity.Sequence)];

    /// <summary>Writes outcomes of endpoints that still exist: an endpoint may have been deleted while it was called.</summary>
    public static async Task WriteAsync(GatewayDbContext db, IReadOnlyCollection<DeliveryEntity> rows, CancellationToken cancel)
    {
        if (rows.Count == 0)
        {
            return;
        }
        var named = rows.Select(row => row.Webhook).Distinct().ToList();
        var there = (await db.Set<WebhookEntity>().Where(row => named.Contains(row.Id)).Select(row => row.Id).ToListAsync(cancel)).ToHashSet();
        await db.UpsertAsync([.. rows.Where(row => there.Contains(row.Webhook))], Key, cancel);
    }
}
