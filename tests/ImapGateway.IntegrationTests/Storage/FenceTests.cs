using ImapGateway.Changes;
using ImapGateway.Http;
using ImapGateway.Storage;
using ImapGateway.Storage.Postgres;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.IntegrationTests.Storage;

public sealed class SqliteFenceTests : FenceTests
{
    protected override Task<StoreUnderTest> Make() => StoreUnderTest.Sqlite();

    /// <summary>A second process is kept away by the lock on the data directory: two owners are two activations in one.</summary>
    protected override Task<IDatabase> Other() => Task.FromResult(Database);

    protected override Task ClaimWaits() => Task.CompletedTask;
}

public sealed class PostgresFenceTests : FenceTests
{
    private PostgresDatabase? _other;

    [Fact]
    public async Task An_owner_that_was_replaced_after_its_transaction_began_is_refused()
    {
        var (stale, counter) = await Claim(Database);
        var other = await Other();
        var runs = 0;
        await Assert.ThrowsAsync<LostOwnershipException>(() => Database.WriteAsync(
            async (db, cancel) =>
            {
                // It has its snapshot, on which it still owns the account.
                Assert.Equal(0, await db.Set<IdempotencyRecord>().CountAsync(cancel));
                if (++runs == 1)
                {
                    await Claim(other);
                }
                await Fence.PassAsync(db, stale, At(counter), At(counter + 1), cancel);
                db.Add(StoreRows.Row("stale"));
                return 0;
            },
            default));
        Assert.Equal(2, runs);
        Assert.Empty(await Database.Ids());
    }

    public override async ValueTask DisposeAsync()
    {
        if (_other is not null)
        {
            await _other.DisposeAsync();
        }
        await base.DisposeAsync();
    }

    protected override Task<StoreUnderTest> Make() => StoreUnderTest.Postgres();

    protected override Task<IDatabase> Other() => Task.FromResult<IDatabase>(_other ??= Store.Beside());

    protected override async Task ClaimWaits()
    {
        var server = await SharedServers.Postgres;
        await TestWait.For(async () => await server.Execute($"SELECT count(*) FROM pg_stat_activity WHERE datname = '{Store.DatabaseName}' AND wait_event_type = 'Lock'") is 1L);
    }
}

/// <summary>Two gateways that both believe to own an account, on one database.</summary>
public abstract class FenceTests : StoreSuite
{
    private const string Incarnation = "abcdefgh";

    protected abstract Task<IDatabase> Other();

    /// <summary>Until a claim is known to wait for a transaction, where it can.</summary>
    protected abstract Task ClaimWaits();

    [Fact]
    public async Task The_write_of_a_stale_owner_is_refused_as_a_whole()
    {
        var other = await Other();
        var (stale, counter) = await Claim(Database);
        var (owner, same) = await Claim(other);
        Assert.Equal((counter, stale.Generation + 1), (same, owner.Generation));
        await Assert.ThrowsAsync<LostOwnershipException>(() => Write(Database, stale, counter));
        await Write(other, owner, counter);
        await Assert.ThrowsAsync<LostOwnershipException>(() => Write(Database, stale, counter + 1));
        await Write(other, owner, counter + 1);
        Assert.Equal([$"{counter:00000}", $"{counter + 1:00000}"], await Database.Ids());
    }

    [Fact]
    public async Task A_claim_waits_for_the_write_that_has_passed_and_begins_where_it_ended()
    {
        var other = await Other();
        var (owner, counter) = await Claim(Database);
        Task<(Owner Owner, FenceCounters Counters)>? claim = null;
        await Database.WriteAsync(
            async (db, cancel) =>
            {
                await Fence.PassAsync(db, owner, At(counter), At(counter + 5), cancel);
                claim = other.WriteAsync((claiming, token) => Fence.ClaimAsync(claiming, Incarnation, token), cancel);
                ClaimWaits().GetAwaiter().GetResult();
                db.Add(StoreRows.Row("written"));
                return 0;
            },
            default);
        Assert.Equal(At(counter + 5), (await claim!).Counters);
        await Assert.ThrowsAsync<LostOwnershipException>(() => Write(Database, owner, counter + 5));
        Assert.Equal(["written"], await Database.Ids());
    }

    [Fact]
    public async Task A_write_from_a_counter_that_is_not_the_stored_one_is_refused()
    {
        var (owner, counter) = await Claim(Database);
        await Write(Database, owner, counter);
        await Assert.ThrowsAsync<LostOwnershipException>(() => Write(Database, owner, counter));
        await Assert.ThrowsAsync<LostOwnershipException>(() => Write(Database, owner, counter + 2));
        Assert.Single(await Database.Ids());
    }

    [Fact]
    public async Task Claims_at_the_same_time_make_different_generations()
    {
        var other = await Other();
        await Claim(Database);
        var claims = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => Task.Run(() => Claim(n % 2 == 0 ? Database : other))));
        Assert.Equal(Enumerable.Range(2, 20).Select(n => (long)n), claims.Select(claim => claim.Owner.Generation).Order());
    }

    [Fact]
    public async Task A_removed_account_cannot_be_claimed_nor_written()
    {
        var (owner, counter) = await Claim(Database);
        await Database.WriteAsync((db, cancel) => db.Set<FenceEntity>().ExecuteDeleteAsync(cancel), default);
        await Assert.ThrowsAsync<LostOwnershipException>(() => Database.WriteAsync((db, cancel) => Fence.ClaimAsync(db, Incarnation, cancel), default));
        await Assert.ThrowsAsync<LostOwnershipException>(() => Write(Database, owner, counter));
    }

    [Fact]
    public async Task However_often_owners_replace_each_other_no_counter_is_given_twice_or_skipped()
    {
        IDatabase[] nodes = [Database, await Other()];
        await Claim(Database);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(n => Task.Run(() => OwnAndWrite(nodes[n % 2], rounds: 8))));
        var rows = await Database.ReadAsync((db, cancel) => db.Set<IdempotencyRecord>().OrderBy(row => row.Id).ToListAsync(cancel), default);
        var fence = await Database.ReadAsync((db, cancel) => db.Set<FenceEntity>().SingleAsync(cancel), default);
        Assert.Equal(Enumerable.Range(1, rows.Count).Select(counter => $"{counter:00000}"), rows.Select(row => row.Id));
        Assert.Equal(rows.Count + 1, fence.NextCounter);
        var generations = rows.Select(row => BitConverter.ToInt64(row.PayloadHash)).ToList();
        Assert.Equal(generations.Order(), generations);
        Assert.NotEmpty(rows);
    }

    protected static async Task<(Owner Owner, ulong NextCounter)> Claim(IDatabase database) => await database.WriteAsync(
        async (db, cancel) =>
        {
            if (!await db.Set<FenceEntity>().AnyAsync(cancel))
            {
                db.Add(new FenceEntity { Incarnation = Incarnation });
                await db.SaveChangesAsync(cancel);
            }
            var (owner, counters) = await Fence.ClaimAsync(db, Incarnation, cancel);
            return (owner, counters.NextCounter);
        },
        default);

    protected static FenceCounters At(ulong counter) => new(counter, 0);

    /// <summary>Gives one counter, and notes by whom.</summary>
    private static Task<int> Write(IDatabase database, Owner owner, ulong counter) => database.WriteAsync(
        async (db, cancel) =>
        {
            await Fence.PassAsync(db, owner, At(counter), At(counter + 1), cancel);
            var row = StoreRows.Row($"{counter:00000}");
            row.PayloadHash = BitConverter.GetBytes(owner.Generation);
            db.Add(row);
            return 0;
        },
        default);

    private static async Task OwnAndWrite(IDatabase database, int rounds)
    {
        for (var round = 0; round < rounds; round++)
        {
            var (owner, counter) = await Claim(database);
            try
            {
                for (var writes = 0; writes < 10; writes++)
                {
                    await Write(database, owner, counter++);
                }
            }
            catch (LostOwnershipException)
            {
                // As it should be: somebody else has claimed it.
            }
        }
    }
}
