using ImapGateway.Access;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Webhooks.Endpoints;

/// <summary>Reads and writes the rows of endpoints. A key sees its own; admin keys that are not limited to accounts see all.</summary>
public sealed class WebhookStore(IDatabase database)
{
    public static ProblemException NotFound() => new(ErrorCode.NotFound, "There is no such webhook.");

    /// <summary>Returns endpoints, newest first, and one more than requested if there are more.</summary>
    public Task<List<WebhookEntity>> ListAsync(Caller caller, WebhookPosition? before, int limit, CancellationToken cancel) => database.ReadAsync(
        (db, token) =>
        {
            var rows = Visible(db, caller);
            if (before is not null)
            {
                // The database compares the stored value itself: a damaged instant is not read as the value by which its row was sorted.
                var last = db.Set<WebhookEntity>().Where(row => row.Id == before.Id);
                rows = rows.Where(row => last.Any()
                    ? last.Any(end => row.CreatedAt < end.CreatedAt || (row.CreatedAt == end.CreatedAt && row.Id.CompareTo(end.Id) < 0))
                    : row.CreatedAt < before.CreatedAt || (row.CreatedAt == before.CreatedAt && row.Id.CompareTo(before.Id) < 0));
            }
            return rows.OrderByDescending(row => row.CreatedAt).ThenByDescending(row => row.Id).Take(limit + 1).ToListAsync(token);
        },
        cancel);

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

/// <summary>The position at which a page of endpoints ended.</summary>
public sealed record WebhookPosition(DateTimeOffset CreatedAt, string Id);
