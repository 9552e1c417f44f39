using ImapGateway.Access;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Keys;

/// <summary>
/// Stores the keys that a caller may see and change. The admin key of the settings and keys for all accounts see all; a key limited to accounts sees those that it made,
/// and those that they made. No key changes itself or a key that it descends from: that could only widen or end its own rights.
/// </summary>
public sealed class KeyStore(IDatabase database, KeyLookup lookup, TimeProvider time)
{
    private static readonly Problem NoSuchKey = new(ErrorCode.NotFound, "There is no such key.");

    /// <summary>Returns keys, newest first, and one more than requested if there are more.</summary>
    public Task<List<ApiKey>> ListAsync(Caller caller, CreatedPosition? before, int limit, CancellationToken cancel) =>
        database.ReadAsync(async (db, c) => await (await VisibleAsync(db, caller, c)).Page(db.Set<ApiKey>(), before, limit).ToListAsync(c), cancel);

    public Task<ApiKey> GetAsync(Caller caller, string id, CancellationToken cancel) => database.ReadAsync((db, c) => FindAsync(db, caller, id, c), cancel);

    public async Task<(ApiKey Key, string Value)> CreateAsync(Caller caller, NewKey input, CancellationToken cancel)
    {
        var now = Now();
        var value = KeyValue.New();
        var id = ObjectId.NewRandom("key");
        var key = await database.WriteAsync(async (db, c) =>
        {
            var maker = await Maker.ReadAsync(db, caller, now, c);
            var wanted = KeyInput.Checked(input.Name, input.Scopes, input.Accounts, input.ExpiresAt, maker.Caller, now);
            maker.CheckDepth();
            var row = new ApiKey
            {
                Id = id,
                Sha256 = KeyValue.Hash(value),
                Hint = KeyValue.Hint(value),
                Name = wanted.Name,
                Scopes = wanted.Scopes,
                Accounts = wanted.Accounts,
                ExpiresAt = wanted.ExpiresAt,
                CreatedAt = now,
                CreatedBy = caller.KeyId,
            };
            db.Add(row);
            return row;
        }, cancel);
        return (key, value);
    }

    public async Task<ApiKey> ChangeAsync(Caller caller, string id, KeyPatch patch, CancellationToken cancel)
    {
        var now = Now();
        var key = await database.WriteAsync(async (db, c) =>
        {
            var (maker, row) = await FindToChangeAsync(db, caller, id, c);
            // Unchanged accounts and expiry are not checked again: they count only as far as all keys above allow, and an expired key may be renamed.
            var wanted = KeyInput.Checked(
                patch.Name.Or(row.Name), patch.Scopes.Or(Access.Scopes.NamesOf(row.Scopes)), patch.Accounts.Or(null), patch.ExpiresAt.Or(null), maker.Caller, now);
            row.Name = wanted.Name;
            row.Scopes = wanted.Scopes;
            row.Accounts = patch.Accounts.IsGiven ? wanted.Accounts : row.Accounts;
            row.ExpiresAt = patch.ExpiresAt.IsGiven ? wanted.ExpiresAt : row.ExpiresAt;
            return row;
        }, cancel);
        lookup.Forget();
        return key;
    }

    /// <summary>Removes the key and all keys that descend from it.</summary>
    public async Task RemoveAsync(Caller caller, string id, CancellationToken cancel)
    {
        await database.WriteAsync(async (db, c) =>
        {
            await FindToChangeAsync(db, caller, id, c);
            var gone = await KeyChain.DescendantsAsync(db, id, c);
            gone.Add(id);
            return await db.Set<ApiKey>().Where(key => gone.Contains(key.Id)).ExecuteDeleteAsync(c);
        }, cancel);
        lookup.Forget();
    }

    /// <summary>Returns the present time in the precision of the database.</summary>
    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());

    private static async Task<IQueryable<ApiKey>> VisibleAsync(DbContext db, Caller caller, CancellationToken cancel)
    {
        IQueryable<ApiKey> keys = db.Set<ApiKey>();
        if (caller.KeyId is null || caller.Accounts is null)
        {
            return keys;
        }
        var own = await KeyChain.DescendantsAsync(db, caller.KeyId, cancel);
        return keys.Where(key => own.Contains(key.Id));
    }

    private static async Task<ApiKey> FindAsync(DbContext db, Caller caller, string id, CancellationToken cancel) =>
        await (await VisibleAsync(db, caller, cancel)).SingleOrDefaultAsync(key => key.Id == id, cancel) ?? throw new ProblemException(NoSuchKey);

    private async Task<(Maker Maker, ApiKey Key)> FindToChangeAsync(DbContext db, Caller caller, string id, CancellationToken cancel)
    {
        var maker = await Maker.ReadAsync(db, caller, Now(), cancel);
        var key = await FindAsync(db, maker.Caller, id, cancel);
        return maker.DescendsFrom(id) ? throw new ProblemException(ErrorCode.Forbidden, "A key cannot change itself or a key it descends from.") : (maker, key);
    }
}
