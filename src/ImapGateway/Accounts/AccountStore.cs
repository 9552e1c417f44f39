using System.Collections.Immutable;
using ImapGateway.Changes;
using ImapGateway.Http;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Accounts;

/// <summary>The rows of accounts.</summary>
public sealed class AccountStore(IDatabase database, ChangeLog changes, StoreEpoch epoch, TimeProvider time) : IAccountFeeds
{
    public static ProblemException NotFound() => new(ErrorCode.NotFound, "There is no such account.");

    public Task<AccountEntity?> FindAsync(string id, CancellationToken cancel) =>
        database.ReadAsync(
            async (db, token) =>
            {
                var account = await Live(db).Include(row => row.Metadata).SingleOrDefaultAsync(row => row.Id == id, token);
                await FillAsync(db, account is null ? [] : [account], token);
                return account;
            },
            cancel);

    public Task<string?> FindIncarnationAsync(string account, CancellationToken cancel) =>
        database.ReadAsync((db, token) => Live(db).Where(row => row.Id == account).Select(row => row.Incarnation).SingleOrDefaultAsync(token), cancel);

    /// <summary>Ids of accounts by their incarnations; those that are gone are left out.</summary>
    public Task<IReadOnlyDictionary<string, string>> FindIdsAsync(IReadOnlyList<string> incarnations, CancellationToken cancel) =>
        database.ReadAsync<IReadOnlyDictionary<string, string>>(
            async (db, token) => await Live(db).Where(row => incarnations.Contains(row.Incarnation)).ToDictionaryAsync(row => row.Incarnation, row => row.Id, token), cancel);

    /// <summary>Accounts in the order of their ids, those a key may see.</summary>
    public Task<List<AccountEntity>> ListAsync(
        string? email, IReadOnlyDictionary<string, string> metadata, ImmutableHashSet<string>? visible, string? after, int count, CancellationToken cancel) =>
        database.ReadAsync(
            async (db, token) =>
            {
                var accounts = Live(db).Include(account => account.Metadata).AsQueryable();
                accounts = email is null ? accounts : accounts.Where(account => account.Email == email);
                accounts = after is null ? accounts : accounts.Where(account => account.Id.CompareTo(after) > 0);
                if (visible is not null)
                {
                    var ids = visible.ToList();
                    accounts = accounts.Where(account => ids.Contains(account.Id));
                }
                foreach (var (key, value) in metadata)
                {
                    accounts = accounts.Where(account => account.Metadata.Any(pair => pair.Key == key && pair.Value == value));
                }
                var rows = await accounts.OrderBy(account => account.Id).Take(count).ToListAsync(token);
                await FillAsync(db, rows, token);
                return rows;
            },
            cancel);

    /// <summary>Adds the account with its fence.</summary>
    /// <exception cref="ProblemException">409 where the id is taken.</exception>
    public Task AddAsync(AccountEntity account, CancellationToken cancel) =>
        database.WriteAsync(
            async (db, token) =>
            {
                if (await Live(db).AnyAsync(other => other.Id == account.Id, token))
                {
                    throw new ProblemException(ErrorCode.Conflict, "There is an account with this id. PUT changes it.");
                }
                db.Add(account);
                db.Add(FenceEntity.Of(account.Incarnation, epoch));
                return true;
            },
            cancel);

    /// <summary>Changes what <paramref name="change"/> changes of the row as it is in the transaction.</summary>
    public Task<Account> ChangeAsync(string id, Action<AccountEntity> change, CancellationToken cancel) =>
        database.WriteAsync(
            async (db, token) =>
            {
                var account = await Live(db).AsTracking().Include(row => row.Metadata).SingleOrDefaultAsync(row => row.Id == id, token) ?? throw NotFound();
                change(account);
                await FillAsync(db, [account], token);
                return account.ToAccount();
            },
            cancel);

    /// <summary>What has become of its logins; for a transaction of the account's owner.</summary>
    public static async Task WriteStateAsync(GatewayDbContext db, string incarnation, AccountLife life, Account shown, CancellationToken cancel)
    {
        if (await Live(db).AsTracking().SingleOrDefaultAsync(row => row.Incarnation == incarnation, cancel) is { } account)
        {
            account.Life = life;
            account.LastError = shown.LastError;
            account.Capabilities = shown.Capabilities;
            account.Quirks = shown.Quirks;
        }
    }

    /// <summary>All accounts there are, by their ids.</summary>
    public Task<List<string>> IdsAsync(CancellationToken cancel) => database.ReadAsync((db, token) => Live(db).Select(account => account.Id).ToListAsync(token), cancel);

    /// <summary>From the commit on the account is gone and its secrets are erased; <see cref="AccountRemover"/> does the rest.</summary>
    public async Task RemoveAsync(string id, Conditions when, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var incarnation = await database.WriteAsync(
            async (db, token) =>
            {
                var account = await Live(db).AsTracking().Include(row => row.Metadata).SingleOrDefaultAsync(row => row.Id == id, token) ?? throw NotFound();
                when.Demand(account.ToAccount().Settings());
                account.RemovedAt = now;
                account.ImapSecret = "";
                account.SmtpSecret = null;
                await AppendRemovedAsync(db, account, now, token);
                return account.Incarnation;
            },
            cancel);
        changes.Appended(incarnation);
    }

    /// <summary>The last change of the account, whoever owns it: after it nothing of the account can be written any more, so no row is left behind when the others are deleted.</summary>
    private static async Task AppendRemovedAsync(GatewayDbContext db, AccountEntity account, DateTimeOffset now, CancellationToken cancel)
    {
        var fences = db.Set<FenceEntity>().Where(fence => fence.Incarnation == account.Incarnation);
        // If the fence is lost, the log still has the last sequence.
        var last = (await fences.AsNoTracking().SingleOrDefaultAsync(cancel))?.Counters
            ?? await db.Set<ChangeEntity>().AsNoTracking().Where(change => change.Incarnation == account.Incarnation).OrderByDescending(change => change.Sequence)
                .Select(change => new { change.Epoch, change.Sequence }).FirstOrDefaultAsync(cancel) switch
            {
                { } change => new FenceCounters(ObjectId.CounterIn(change.Epoch, 1), change.Sequence),
                null => default,
            };
        await fences.ExecuteDeleteAsync(cancel);
        var notes = ChangeData.Of(account.Metadata.ToDictionary(pair => pair.Key, pair => pair.Value));
        await db.InsertAsync([ChangeRow.Of(new AccountChanged(ChangeType.AccountRemoved, null, null), account.Incarnation, account.Id, last.Epoch, last.Sequence + 1, now, notes)], cancel);
    }

    private static async Task FillAsync(GatewayDbContext db, IReadOnlyCollection<AccountEntity> accounts, CancellationToken cancel)
    {
        var incarnations = accounts.Select(account => account.Incarnation).ToList();
        var counters = await db.Set<FenceEntity>().Where(fence => incarnations.Contains(fence.Incarnation))
            .AsNoTracking().ToDictionaryAsync(fence => fence.Incarnation, fence => fence.Counters, cancel);
        foreach (var account in accounts)
        {
            account.Counters = counters.GetValueOrDefault(account.Incarnation);
        }
    }

    private static IQueryable<AccountEntity> Live(GatewayDbContext db) => db.Set<AccountEntity>().Where(account => account.RemovedAt == null);
}
