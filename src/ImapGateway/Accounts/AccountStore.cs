using System.Collections.Immutable;
using ImapGateway.Changes;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Accounts;

/// <summary>Reads and writes the rows of accounts.</summary>
public sealed class AccountStore(IDatabase database, ChangeLog changes, StoreEpoch epoch, TimeProvider time) : IAccountFeeds
{
    private readonly DateTimeOffset _started = time.GetUtcNow();

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

    /// <summary>Returns the ids of accounts by their incarnations, without those that are gone.</summary>
    public Task<IReadOnlyDictionary<string, string>> FindIdsAsync(IReadOnlyList<string> incarnations, CancellationToken cancel) =>
        database.ReadAsync<IReadOnlyDictionary<string, string>>(
            async (db, token) => await Live(db).Where(row => incarnations.Contains(row.Incarnation)).ToDictionaryAsync(row => row.Incarnation, row => row.Id, token), cancel);

    /// <summary>Lists the accounts that a key may see, in the order of their ids.</summary>
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
    /// <exception cref="ProblemException">409 if the id exists.</exception>
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

    /// <summary>Changes the row as it is in the transaction by <paramref name="change"/>.</summary>
    public Task<Account> ChangeAsync(string id, Action<AccountEntity> change, CancellationToken cancel) =>
        database.WriteAsync(
            async (db, token) =>
            {
                var account = await Live(db).AsTracking().SingleOrDefaultAsync(row => row.Id == id, token) ?? throw NotFound();
                await FillAsync(db, [account], token);
                account.DemandWhole();
                // All rows are written again: the key of a damaged entry cannot be found.
                var notes = db.Set<AccountMetadataEntity>().Where(note => note.Incarnation == account.Incarnation);
                account.Metadata = await notes.AsNoTracking().ToListAsync(token);
                await notes.ExecuteDeleteAsync(token);
                change(account);
                account.Metadata = [.. account.Metadata.DistinctBy(note => note.Key)];
                account.RemovedAt = null;
                return account.ToAccount();
            },
            cancel);

    /// <summary>Writes the state of the logins; for a transaction of the account's owner.</summary>
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

    /// <summary>Returns the ids of all accounts.</summary>
    public Task<List<string>> IdsAsync(CancellationToken cancel) => database.ReadAsync((db, token) => Live(db).Select(account => account.Id).ToListAsync(token), cancel);

    /// <summary>Removes an account. From the commit on it is gone and its secrets are erased; <see cref="AccountRemover"/> does the rest.</summary>
    public async Task RemoveAsync(string id, Conditions when, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var incarnation = await database.WriteAsync(
            async (db, token) =>
            {
                var account = await Live(db).Include(row => row.Metadata).SingleOrDefaultAsync(row => row.Id == id, token) ?? throw NotFound();
                when.Demand(account.ToAccount().Settings());
                // A row with a damaged incarnation could not be found again. Its metadata rows would prevent a new one.
                await db.Set<AccountMetadataEntity>().Where(note => Live(db).Any(row => row.Id == id && row.Incarnation == note.Incarnation)).ExecuteDeleteAsync(token);
                var incarnation = ObjectId.IsIncarnation(account.Incarnation) ? account.Incarnation : ObjectId.NewIncarnation();
                await Live(db).Where(row => row.Id == id).ExecuteUpdateAsync(
                    update => update.SetProperty(row => row.Incarnation, incarnation).SetProperty(row => row.RemovedAt, now).SetProperty(row => row.ImapSecret, "").SetProperty(row => row.SmtpSecret, (string?)null),
                    token);
                await AppendRemovedAsync(db, account, incarnation, now, token);
                return incarnation;
            },
            cancel);
        changes.Appended(incarnation);
    }

    /// <summary>
    /// Appends the last change of the account, whoever owns it. After it nothing of the account can be written any more, so no row is left behind when the others are deleted.
    /// </summary>
    private async Task AppendRemovedAsync(GatewayDbContext db, AccountEntity account, string incarnation, DateTimeOffset now, CancellationToken cancel)
    {
        // If the fence is lost or damaged, the log still has the last sequence.
        var told = await db.Set<ChangeEntity>().Where(change => change.Incarnation == incarnation && change.Sequence < ObjectId.LastNumber).MaxAsync(change => (long?)change.Sequence, cancel);
        var given = await Fence.Usable(db, epoch.Value).Where(fence => fence.Incarnation == incarnation).Select(fence => (long?)fence.Sequence).SingleOrDefaultAsync(cancel);
        await db.Set<FenceEntity>().Where(fence => fence.Incarnation == incarnation).ExecuteDeleteAsync(cancel);
        var notes = ChangeData.Of(account.Metadata.DistinctBy(pair => pair.Key).ToDictionary(pair => pair.Key, pair => pair.Value));
        var sequence = Math.Max(Math.Max(told ?? 0, given ?? 0), 0) + 1;
        await db.InsertAsync([ChangeRow.Of(new AccountChanged(ChangeType.AccountRemoved, null, null), incarnation, account.Id, epoch.Value, sequence, now, notes)], cancel);
    }

    /// <summary>Adds data that the rows of accounts do not have: the counters of their fences, and whether these can be right.</summary>
    private async Task FillAsync(GatewayDbContext db, IReadOnlyCollection<AccountEntity> accounts, CancellationToken cancel)
    {
        var incarnations = accounts.Select(account => account.Incarnation).ToList();
        var counters = await Fence.Usable(db, epoch.Value)
            .Where(fence => incarnations.Contains(fence.Incarnation)
                && !db.Set<ChangeEntity>().Any(change => change.Incarnation == fence.Incarnation && change.Sequence > fence.Sequence && change.Sequence < ObjectId.LastNumber))
            .ToDictionaryAsync(fence => fence.Incarnation, fence => fence.Counters, cancel);
        foreach (var account in accounts)
        {
            var isWhole = counters.TryGetValue(account.Incarnation, out var found) && ObjectId.IsIncarnation(account.Incarnation);
            (account.Counters, account.Damage) = (found, isWhole ? null : AccountError.Of(AccountEntity.Damaged, _started));
        }
    }

    private static IQueryable<AccountEntity> Live(GatewayDbContext db) => db.Set<AccountEntity>().Where(AccountEntity.IsLive);
}
