using ImapGateway.Background;
using ImapGateway.Changes;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.Mail;
using ImapGateway.Settings;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImapGateway.IntegrationTests.Storage;

/// <summary>When a start takes the database for a restored copy, and what it does then.</summary>
public abstract class StoreStartTests : StoreSuite
{
    private readonly TemporaryDirectory _data = new();

    private StoreStamp Stamps => new(new DataDirectory(_data.Path));

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _data.Dispose();
    }

    [Fact]
    public async Task An_ordinary_start_changes_nothing()
    {
        var (first, epoch) = await Start();
        Assert.Equal(0, epoch);
        var (second, again) = await Start();
        Assert.Equal((first.Incarnation, 0), (second.Incarnation, again));
        // A data directory that is new, or was used with another database, says nothing.
        File.Delete(_data["stamp"]);
        Assert.Equal(0, (await Start()).Epoch);
        Stamps.Write("otherone", "s_1");
        Assert.Equal(0, (await Start()).Epoch);
    }

    [Fact]
    public async Task Between_the_file_and_the_database_a_crash_is_no_restore()
    {
        var (store, _) = await Start();
        Stamps.Write(store.Incarnation, store.Stamp, "s_next");
        var (later, epoch) = await Start();
        Assert.Equal(0, epoch);
        await Set(row => row.Stamp = "s_next2");
        Stamps.Write(store.Incarnation, later.Stamp, "s_next2");
        Assert.Equal(0, (await Start()).Epoch);
    }

    [Fact]
    public async Task A_database_that_the_data_directory_has_seen_in_a_later_state_was_restored()
    {
        await Start();
        var older = await Database.ReadAsync((db, cancel) => db.Set<StoreEntity>().Select(row => row.Stamp).SingleAsync(cancel), default);
        await Start();
        await Set(row => row.Stamp = older);
        var (_, epoch) = await Start();
        Assert.InRange(epoch, 1, ObjectId.LastEpoch);
        Assert.Equal(epoch, (await Start()).Epoch);
    }

    /// <summary>The copy may be of any age: the stamp changes only with changes.</summary>
    [Fact]
    public async Task A_copy_that_lacks_only_the_last_stamp_was_restored()
    {
        var (store, _) = await Start();
        using var loops = new Loops(TimeProvider.System, NullLogger<Loops>.Instance);
        var changes = new ChangeLog(Database, TimeProvider.System, NullLogger<ChangeLog>.Instance);
        using var worker = new StampWorker(Database, changes, store, new FatalFault([], NullLogger<FatalFault>.Instance), loops);
        await worker.StartAsync(default);
        changes.Appended(store.Incarnation);
        await TestWait.For(async () => await Database.ReadAsync((db, cancel) => db.Set<StoreEntity>().Select(row => row.Stamp).SingleAsync(cancel), default) != store.Stamp, "another stamp");
        await worker.StopAsync(default);
        await Set(row => row.Stamp = store.Stamp);
        Assert.NotEqual(0, (await Start()).Epoch);
    }

    [Fact]
    public async Task A_new_epoch_keeps_what_was_given_and_gives_nothing_twice()
    {
        await Start();
        await Database.WriteAsync(
            (db, _) =>
            {
                db.Add(new FenceEntity { Incarnation = "abcdefgh", NextCounter = 12, Sequence = 5, Generation = 3 });
                return Task.FromResult(true);
            },
            default);
        await Set(row => row.Restored = "a test");
        var (_, first) = await Start();
        var fence = await Fence();
        Assert.Equal(("0:5:12", (long)ObjectId.CounterIn(first, 1), 5, 4), (fence.EndedEpochs, fence.NextCounter, fence.Sequence, fence.Generation));

        await Set(row => row.Restored = "a test");
        var (_, second) = await Start();
        Assert.True(second > first);
        Assert.Equal($"0:5:12 {first}:5:{(long)ObjectId.CounterIn(first, 1)}", (await Fence()).EndedEpochs);
    }

    [Fact]
    public async Task Two_restores_of_the_same_copy_open_different_epochs()
    {
        await Start();
        var epochs = new HashSet<long>();
        for (var n = 0; n < 20; n++)
        {
            await Set(row => (row.Restored, row.Epoch, row.EndedEpochs) = ("a test", 0, ""));
            epochs.Add((await Start()).Epoch);
        }
        Assert.Equal(20, epochs.Count);
    }

    protected async Task<(StoreStart Store, long Epoch)> Start()
    {
        var epoch = new StoreEpoch();
        var start = new StoreStart(Database, epoch, Stamps, NullLogger<StoreStart>.Instance);
        await start.RunAsync(default);
        return (start, epoch.Value);
    }

    protected Task Set(Action<StoreEntity> change) => Database.WriteAsync(
        async (db, cancel) =>
        {
            change(await db.Set<StoreEntity>().AsTracking().SingleAsync(cancel));
            return true;
        },
        default);

    private Task<FenceEntity> Fence() => Database.ReadAsync((db, cancel) => db.Set<FenceEntity>().SingleAsync(cancel), default);
}

public class SqliteStoreStartTests : StoreStartTests
{
    protected override Task<StoreUnderTest> Make() => StoreUnderTest.Sqlite();
}

public class PostgresStoreStartTests : StoreStartTests
{
    [Fact]
    public async Task Another_cluster_timeline_or_table_is_a_restored_database()
    {
        await Start();
        await Set(row => row.Identity = "7000000000000000000" + row.Identity[row.Identity.IndexOf('/', StringComparison.Ordinal)..]);
        var (_, epoch) = await Start();
        Assert.NotEqual(0, epoch);
        Assert.Equal(epoch, (await Start()).Epoch);
    }

    protected override Task<StoreUnderTest> Make() => StoreUnderTest.Postgres();
}
