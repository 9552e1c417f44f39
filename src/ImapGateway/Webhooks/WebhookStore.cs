using ImapGateway.Access;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Webhooks;

/// <summary>The rows of endpoints. A key sees its own; admin keys that are not limited to accounts see all.</summary>
public sealed class WebhookStore(IDatabase database)
{
    public static ProblemException NotFound() => new(ErrorCode.NotFound, "There is no such webhook.");

    /// <summary>Newest first; one more than asked for where there are more.</summary>
    public Task<List<WebhookEntity>> ListAsync(Caller caller, WebhookPosition? before, int limit, CancellationToken cancel) => database.ReadAsync(
        (db, token) =>
        {
            var rows = Visible(db, caller);
            if (before is not null)
            {
                // As the database orders what it has stored: a damaged instant is not read as the one by which its row was sorted.
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

    /// <summary>Changes what <paramref name="change"/> changes of the row as it is in the transaction.</summary>
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

    /// <summary>An admin key that is limited to accounts is not among them: what others are told of is not its business.</summary>
    public static bool SeesAll(Caller caller) => caller.KeyId is null || (caller.Has(Scope.Admin) && caller.Accounts is null);
}

/// <summary>Where a page of endpoints ended.</summary>
public sealed record WebhookPosition(DateTimeOffset CreatedAt, string Id);
