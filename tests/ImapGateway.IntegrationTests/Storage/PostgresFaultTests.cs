using ImapGateway.Changes;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using ErrorCode = ImapGateway.Mail.ErrorCode;

namespace ImapGateway.IntegrationTests.Storage;

/// <summary>What goes wrong with a server, and what callers notice of it.</summary>
public class PostgresFaultTests
{
    private static async Task IsUnavailable(Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<ProblemException>(call);
        Assert.Equal((ErrorCode.Unavailable, true), (refused.Code, refused.Problem.RetryAfter > TimeSpan.Zero));
    }

    private static async Task<HealthStatus> Health(StoreUnderTest store) => (await new StorageHealth(store.Storage).CheckHealthAsync(new HealthCheckContext())).Status;

    [Fact]
    public async Task Jobs_that_wait_for_each_other_both_get_through()
    {
        await using var store = await StoreUnderTest.Postgres();
        await store.Database.Add("a");
        await store.Database.Add("b");
        using var both = new Barrier(2);
        Task<int> Touch(string first, string second)
        {
            var runs = 0;
            return store.Database.WriteAsync(
                async (db, cancel) =>
                {
                    runs++;
                    await Touched(db, first, cancel);
                    if (runs == 1)
                    {
                        both.SignalAndWait(cancel);
                    }
                    await Touched(db, second, cancel);
                    return runs;
                },
                default);
        }
        var runs = await Task.WhenAll(Touch("a", "b"), Touch("b", "a"));
        Assert.True(runs.Sum() >= 3, $"{runs[0]} and {runs[1]} runs");
        var octets = await store.Database.ReadAsync((db, cancel) => db.Set<Http.IdempotencyRecord>().SumAsync(row => row.PayloadHash.Length, cancel), default);
        Assert.Equal(2 + 4, octets);

        static async Task Touched(GatewayDbContext db, string id, CancellationToken cancel)
        {
            var row = await db.Set<Http.IdempotencyRecord>().AsTracking().SingleAsync(one => one.Id == id, cancel);
            row.PayloadHash = [.. row.PayloadHash, 1];
            await db.SaveChangesAsync(cancel);
        }
    }

    [Fact]
    public async Task Connections_that_died_in_the_pool_are_noticed_by_nobody()
    {
        await using var store = await StoreUnderTest.Postgres();
        var server = await SharedServers.Postgres;
        await Task.WhenAll(Enumerable.Range(0, 10).Select(n => store.Database.Add($"{n}")));
        for (var round = 0; round < 3; round++)
        {
            await server.Execute($"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{store.DatabaseName}'");
            var reads = Enumerable.Range(0, 5).Select(_ => (Task)store.Database.Ids());
            var writes = Enumerable.Range(0, 5).Select(n => (Task)store.Database.Add($"{round}-{n}"));
            await Task.WhenAll([.. reads, .. writes]);
        }
        Assert.Equal(10 + 15, (await store.Database.Ids()).Count);
    }

    [Fact]
    public async Task A_read_that_its_caller_has_given_up_is_cancelled_and_no_fault_of_the_storage()
    {
        await using var store = await StoreUnderTest.Postgres();
        var server = await SharedServers.Postgres;
        using var caller = new CancellationTokenSource();
        var read = store.Database.ReadAsync((db, cancel) => db.Database.ExecuteSqlRawAsync("SELECT pg_sleep(60)", cancel), caller.Token);
        await TestWait.For(async () => await server.Execute($"SELECT count(*) FROM pg_stat_activity WHERE datname = '{store.DatabaseName}' AND wait_event = 'PgSleep'") is 1L);
        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
    }

    [Fact]
    public async Task A_commit_whose_answer_was_lost_is_told_and_never_repeated()
    {
        var server = await SharedServers.Postgres;
        await using var direct = await StoreUnderTest.Postgres();
        await using var thief = new CommitThief(server.Port);
        var way = new NpgsqlConnectionStringBuilder(direct.ConnectionString) { Port = thief.Port, SslMode = SslMode.Disable, GssEncryptionMode = GssEncryptionMode.Disable };
        await using var database = direct.Beside(way.ConnectionString);
        await AddFence(database);
        var runs = 0;
        Task<int> Increment() => database.WriteAsync(
            async (db, cancel) =>
            {
                runs++;
                await db.Set<FenceEntity>().ExecuteUpdateAsync(set => set.SetProperty(fence => fence.NextCounter, fence => fence.NextCounter + 1), cancel);
                return 0;
            },
            default);
        thief.Arm();
        await IsUnavailable(Increment);
        Assert.Equal(1, runs);
        await TestWait.For(async () => await Counter(direct.Database) == 2);
        await Increment();
        Assert.Equal(3, await Counter(database));
    }

    [Fact]
    public async Task An_owner_whose_commit_was_lost_on_the_way_finds_out_before_it_writes_again()
    {
        var server = await SharedServers.Postgres;
        await using var direct = await StoreUnderTest.Postgres();
        await using var thief = new CommitThief(server.Port);
        var way = new NpgsqlConnectionStringBuilder(direct.ConnectionString) { Port = thief.Port, SslMode = SslMode.Disable, GssEncryptionMode = GssEncryptionMode.Disable };
        await using var database = direct.Beside(way.ConnectionString);
        await AddFence(database);
        Task<(Owner Owner, FenceCounters Counters)> Claim() => database.WriteAsync((db, cancel) => Fence.ClaimAsync(db, "i", cancel), default);
        Task<int> Pass(Owner owner, FenceCounters counters) => database.WriteAsync(
            async (db, cancel) =>
            {
                await Fence.PassAsync(db, owner, counters, counters with { NextCounter = counters.NextCounter + 1 }, cancel);
                return 0;
            },
            default);
        var (owner, counters) = await Claim();
        thief.Arm();
        await IsUnavailable(() => Pass(owner, counters));
        await TestWait.For(async () => await Counter(direct.Database) == (long)counters.NextCounter + 1);
        await Assert.ThrowsAsync<LostOwnershipException>(() => Pass(owner, counters));
        var (again, next) = await Claim();
        Assert.Equal(counters.NextCounter + 1, next.NextCounter);
        await Pass(again, next);
    }

    [Fact]
    public async Task A_full_disk_is_unavailable_until_space_is_freed()
    {
        await using var store = await StoreUnderTest.Postgres();
        var server = await SharedServers.Postgres;
        await store.Database.Add("before");
        // The server's own words for a file that cannot be extended.
        await server.Execute(
            """
            CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
            CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON idempotency FOR EACH ROW EXECUTE FUNCTION full_disk();
            CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON "__EFMigrationsHistory" FOR EACH ROW EXECUTE FUNCTION full_disk();
            """,
            store.DatabaseName!);
        Assert.Equal(HealthStatus.Healthy, await Health(store));   // nobody has written yet
        for (var i = 0; i < 3; i++)
        {
            var full = await Assert.ThrowsAsync<ProblemException>(() => store.Database.Add("full"));
            Assert.Equal(ErrorCode.Unavailable, full.Code);
            Assert.Contains("full", full.Problem.Detail, StringComparison.Ordinal);
            Assert.Equal(HealthStatus.Unhealthy, await Health(store));
        }
        Assert.Equal(["before"], await store.Database.Ids());   // reads go on
        await server.Execute("DROP FUNCTION full_disk CASCADE", store.DatabaseName!);
        Assert.Equal(HealthStatus.Healthy, await Health(store));
        await store.Database.Add("after");
        Assert.Equal(["after", "before"], await store.Database.Ids());
    }

    [Fact]
    public async Task While_the_server_is_away_all_is_unavailable_and_when_it_is_back_all_goes_on()
    {
        await using var server = await PostgresServer.Start();
        await using var store = await StoreUnderTest.Postgres(await server.NewDatabase());
        await store.Database.Add("before");
        for (var round = 0; round < 2; round++)
        {
            await server.Stop();
            await IsUnavailable(() => store.Database.Add("away"));
            await IsUnavailable(() => store.Database.Ids());
            Assert.Equal(HealthStatus.Unhealthy, await Health(store));
            await server.Resume();
            // Also the session that holds the database has to come back.
            await TestWait.For(async () => await Health(store) == HealthStatus.Healthy);
            await store.Database.Add($"back {round}");
        }
        Assert.Equal(["back 0", "back 1", "before"], await store.Database.Ids());
    }

    [Fact]
    public async Task A_server_that_no_longer_answers_is_unhealthy_and_who_waits_may_leave()
    {
        await using var server = await PostgresServer.Start();
        await using var store = await StoreUnderTest.Postgres(await server.NewDatabase());
        await store.Database.Add("before");
        await server.Freeze();
        try
        {
            Assert.Equal(HealthStatus.Unhealthy, await Health(store));
            using var gone = new CancellationTokenSource();
            var read = store.Database.ReadAsync((db, cancel) => db.Set<FenceEntity>().CountAsync(cancel), gone.Token);
            await gone.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        }
        finally
        {
            await server.Thaw();
        }
        await TestWait.For(async () => await Health(store) == HealthStatus.Healthy);
        Assert.Equal(["before"], await store.Database.Ids());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_that_is_stopped_or_killed_under_load_loses_and_doubles_nothing(bool killed)
    {
        const int Writers = 6;
        await using var server = await PostgresServer.Start(durable: true);
        await using var store = await StoreUnderTest.Postgres(await server.NewDatabase());
        for (var n = 0; n < Writers; n++)
        {
            await AddFence(store.Database, $"w{n}");
        }
        var acknowledged = new int[Writers];
        using var enough = new CancellationTokenSource();
        var writers = Enumerable.Range(0, Writers).Select(n => Task.Run(() => WriteUntil(store.Database, n, acknowledged, enough.Token))).ToList();
        for (var round = 0; round < 3; round++)
        {
            await Progress(acknowledged);
            await (killed ? server.Kill() : server.Stop());
            await server.Resume();
        }
        await Progress(acknowledged);
        await enough.CancelAsync();
        await Task.WhenAll(writers);

        var ids = await store.Database.Ids();
        var fences = await store.Database.ReadAsync((db, cancel) => db.Set<FenceEntity>().OrderBy(fence => fence.Incarnation).ToListAsync(cancel), default);
        for (var n = 0; n < Writers; n++)
        {
            // What was written, once each and in order, and no less than what was acknowledged: the writer asked after each commit it was not sure of.
            Assert.Equal(Enumerable.Range(1, acknowledged[n]).Select(number => $"w{n}-{number:00000}"), ids.Where(id => id.StartsWith($"w{n}-", StringComparison.Ordinal)));
            Assert.Equal(acknowledged[n] + 1, fences[n].NextCounter);
        }
    }

    /// <summary>As an owner does: after a commit it cannot be sure of it reads how far it came.</summary>
    private static async Task WriteUntil(IDatabase database, int writer, int[] acknowledged, CancellationToken enough)
    {
        var name = $"w{writer}";
        while (!enough.IsCancellationRequested)
        {
            try
            {
                var next = acknowledged[writer] + 1;
                await database.WriteAsync(
                    async (db, cancel) =>
                    {
                        var rows = await db.Set<FenceEntity>().Where(fence => fence.Incarnation == name && fence.NextCounter == next)
                            .ExecuteUpdateAsync(set => set.SetProperty(fence => fence.NextCounter, next + 1), cancel);
                        Assert.Equal(1, rows);
                        db.Add(StoreRows.Row($"{name}-{next:00000}"));
                        return 0;
                    },
                    default);
                acknowledged[writer] = next;
            }
            catch (ProblemException away) when (away.Code == ErrorCode.Unavailable)
            {
                acknowledged[writer] = await Reached(database, name);
            }
        }
    }

    private static async Task<int> Reached(IDatabase database, string name)
    {
        var reached = 0;
        await TestWait.For(async () =>
        {
            try
            {
                reached = await database.ReadAsync(async (db, cancel) => (int)(await db.Set<FenceEntity>().SingleAsync(fence => fence.Incarnation == name, cancel)).NextCounter - 1, default);
                return true;
            }
            catch (ProblemException away) when (away.Code == ErrorCode.Unavailable)
            {
                return false;
            }
        });
        return reached;
    }

    private static async Task Progress(int[] acknowledged)
    {
        var before = acknowledged.ToArray();
        await TestWait.For(() => acknowledged.Zip(before, (now, then) => now - then).All(more => more >= 5));
    }

    private static Task<long> Counter(IDatabase database) => database.ReadAsync(async (db, cancel) => (await db.Set<FenceEntity>().SingleAsync(cancel)).NextCounter, default);

    private static Task<int> AddFence(IDatabase database, string incarnation = "i") => database.WriteAsync(
        (db, _) =>
        {
            db.Add(new FenceEntity { Incarnation = incarnation });
            return Task.FromResult(0);
        },
        default);
}
