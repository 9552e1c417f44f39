using ImapGateway.Access;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Webhooks.Endpoints;

/// <summary>Reads and writes the rows of endpoints. A key sees its own; admin keys that are not limited to accounts see all.</summary>
public sealed class WebhookStore(IDatabase database)
{
    public static ProblemException NotFound() => new(ErrorCode.NotFound, "There is no such webhook.");

    /// <summary>Returns endpoints, newest first, and one more than requested if there are more.</summary>
    public Task<List<WebhookEntity>> ListAsync(Caller caller, CreatedPosition? before, int limit, CancellationToken cancel) =>
        database.ReadAsync((db, token) => Visible(db, caller).Page(db.Set<WebhookEntity>(), before, limit).ToListAsync(token), cancel);

    public Task<List<WebhookEntity>> AllAsync(CancellationToken cancel) => database.ReadAsync((db, token) => db.Set<WebhookEntity>().ToListAsync(token), cancel);

    public Task<WebhookEntity?> FindAsync(string id, CancellationToken cancel) =>
        database.ReadAsync((db, token) => db.Set<WebhookEntity>().SingleOrDefaultAsync(row => row.Id == id, token), cancel);

    public Task<WebhookEntity> GetAsync(Caller caller, string id, CancellationToken cancel) =>
        database.ReadAsync(async (db, token) => await Visible(db, caller).SingleOrDefaultAsync(row => row.Id == id, token) ?? throw NotFound(), cancel);

    public static async Task<WebhookEntity> GetToChangeAsync(GatewayDbContext db, Caller caller, string id, CancellationToken cancel) =>
        await Visible(db, caller).AsTracking().SingleOrDefaultAsync(row => row.Id == id, cancel) ?? throw NotFound();

    /// <summary>Applies <paramref name="change"/> to the row inside the transaction.</summary>
    public Task<WebhookEntity?> ChangeAsync(string id, Action<WebhookEntity> change, CancellationToken cancel) => database.WriteAsync(
        async (db, token) =>
        {
            var row = await db.Set<WebhookEntity>().AsTracking().SingleOrDefaultAsync(row => row.Id == id, token);
            if (row is not null)
            {
                change(row);
            }
            return row;
        },
        cancel);

    private static IQueryable<WebhookEntity> Visible(GatewayDbContext db, Caller caller)
    {
        IQueryable<WebhookEntity> rows = db.Set<WebhookEntity>();
        return SeesAll(caller) ? rows : rows.Where(row => row.KeyId == caller.KeyId);
    }

    /// <summary>True if the caller sees all endpoints. An admin key that is limited to accounts does not: it must not learn what is sent to others.</summary>
    public static bool SeesAll(Caller caller) => caller.KeyId is null || (caller.Has(Scope.Admin) && caller.Accounts is null);
}
