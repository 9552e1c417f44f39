using ImapGateway.Changes;
using ImapGateway.Http;
using ImapGateway.Mail;
using Microsoft.EntityFrameworkCore;
using ErrorCode = ImapGateway.Mail.ErrorCode;

namespace ImapGateway.IntegrationTests.Storage;

public sealed class SqliteStoreTests : StoreTests
{
    protected override Task<StoreUnderTest> Make() => StoreUnderTest.Sqlite();
}

public sealed class PostgresStoreTests : StoreTests
{
    protected override Task<StoreUnderTest> Make() => StoreUnderTest.Postgres();
}

/// <summary>What every feature relies on, whatever the database.</summary>
public abstract class StoreTests : StoreSuite
{
    [Fact]
    public async Task Sixteen_writers_in_parallel_lose_nothing()
    {
        await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(async () =>
        {
            for (var number = 0; number < 50; number++)
            {
                await Database.Add($"w{writer:00}-{number:000}");
            }
        })));
        Assert.Equal(Enumerable.Range(0, 16).SelectMany(writer => Enumerable.Range(0, 50).Select(number => $"w{writer:00}-{number:000}")), await Database.Ids());
        await Store.Reopen();
        Assert.Equal(16 * 50, (await Database.Ids()).Count);
    }

    [Fact]
    public async Task A_job_that_throws_leaves_nothing_and_its_exception_arrives()
    {
        var refused = await Assert.ThrowsAsync<ProblemException>(() => Database.WriteAsync<int>(
            async (db, cancel) =>
            {
                db.Add(StoreRows.Row("one"));
                await db.SaveChangesAsync(cancel);
                throw new ProblemException(ErrorCode.Conflict, "no");
            },
            default));
        Assert.Equal(ErrorCode.Conflict, refused.Code);
        Assert.Empty(await Database.Ids());
    }

    [Fact]
    public async Task A_row_that_is_there_already_is_refused_and_costs_nobody_else()
    {
        await Database.Add("one");
        await Assert.ThrowsAsync<DbUpdateException>(() => Database.Add("one"));
        await Database.Add("two");
        Assert.Equal(["one", "two"], await Database.Ids());
    }

    [Fact]
    public async Task Two_that_look_before_they_add_do_not_both_add()
    {
        // Both look at the same time where that is possible at all.
        using var both = new Barrier(2);
        Task<bool> AddOnce() => Database.WriteAsync(
            async (db, cancel) =>
            {
                if (await db.Set<IdempotencyRecord>().AnyAsync(row => row.Id == "one", cancel))
                {
                    return false;
                }
                both.SignalAndWait(TimeSpan.FromMilliseconds(200), cancel);
                db.Add(StoreRows.Row("one"));
                return true;
            },
            default);
        var added = await Task.WhenAll(AddOnce(), AddOnce());
        Assert.Single(added, true);
        Assert.Equal(["one"], await Database.Ids());
    }

    [Fact]
    public async Task Of_many_that_add_to_what_they_have_read_none_is_overwritten()
    {
        await AddFence("abc");
        await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => Database.WriteAsync(
            async (db, cancel) => (await db.Set<FenceEntity>().AsTracking().SingleAsync(cancel)).NextCounter++, default)));
        var fence = await Database.ReadAsync((db, cancel) => db.Set<FenceEntity>().SingleAsync(cancel), default);
        Assert.Equal(41, fence.NextCounter);
    }

    [Fact]
    public async Task A_job_cancelled_before_it_began_never_runs()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Database.Add("one", cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Database.ReadAsync((db, cancel) => db.Set<IdempotencyRecord>().CountAsync(cancel), cancelled.Token));
        Assert.Empty(await Database.Ids());
    }

    [Fact]
    public async Task Cancelling_a_job_that_has_begun_changes_nothing()
    {
        using var cancel = new CancellationTokenSource();
        var seen = await Database.WriteAsync(
            async (db, given) =>
            {
                await cancel.CancelAsync();
                db.Add(StoreRows.Row("one"));
                return given.IsCancellationRequested;
            },
            cancel.Token);
        Assert.False(seen);
        Assert.Equal(["one"], await Database.Ids());
    }

    [Fact]
    public async Task A_read_is_one_snapshot_of_what_was_committed()
    {
        await Database.Add("one");
        var (before, after) = await Database.ReadAsync(
            async (db, cancel) =>
            {
                var first = await db.Set<IdempotencyRecord>().CountAsync(cancel);
                await Database.Add("two", cancel);
                return (first, await db.Set<IdempotencyRecord>().CountAsync(cancel));
            },
            default);
        Assert.Equal((1, 1), (before, after));
        Assert.Equal(["one", "two"], await Database.Ids());
    }

    [Fact]
    public async Task What_is_not_committed_is_seen_by_nobody_and_holds_no_reader()
    {
        var read = await Database.WriteAsync(
            async (db, cancel) =>
            {
                db.Add(StoreRows.Row("one"));
                await db.SaveChangesAsync(cancel);
                return Database.Ids().GetAwaiter().GetResult();
            },
            default);
        Assert.Empty(read);
        Assert.Equal(["one"], await Database.Ids());
    }

    [Fact]
    public async Task A_read_cannot_write_and_tracks_nothing()
    {
        await Database.Add("one");
        await Assert.ThrowsAsync<ProblemException>(() => Database.ReadAsync((db, cancel) => db.Set<IdempotencyRecord>().ExecuteDeleteAsync(cancel), default));
        var tracked = await Database.ReadAsync(
            async (db, cancel) =>
            {
                await db.Set<IdempotencyRecord>().ToListAsync(cancel);
                return db.ChangeTracker.Entries().Count();
            },
            default);
        Assert.Equal(0, tracked);
        Assert.Equal(["one"], await Database.Ids());
    }

    [Fact]
    public async Task Instants_keep_their_milliseconds_are_utc_and_can_be_compared()
    {
        var noon = new DateTimeOffset(2026, 3, 1, 12, 0, 0, 123, TimeSpan.Zero).AddTicks(4567);
        await Database.WriteAsync(
            (db, _) =>
            {
                db.AddRange(
                    StoreRows.Row("late", noon.AddMilliseconds(1).ToOffset(TimeSpan.FromHours(-9))),
                    StoreRows.Row("early", noon.AddMilliseconds(-1).ToOffset(TimeSpan.FromHours(9))),
                    StoreRows.Row("noon", noon),
                    StoreRows.Row("first", DateTimeOffset.MinValue),
                    StoreRows.Row("last", DateTimeOffset.MaxValue));
                return Task.FromResult(0);
            },
            default);
        var rows = await Database.ReadAsync((db, cancel) => db.Set<IdempotencyRecord>().OrderBy(row => row.ExpiresAt).ToListAsync(cancel), default);
        Assert.Equal(["first", "early", "noon", "late", "last"], rows.Select(row => row.Id));
        Assert.Equal(noon.AddTicks(-4567), rows[2].ExpiresAt);
        Assert.All(rows, row => Assert.Equal(TimeSpan.Zero, row.ExpiresAt.Offset));
        var since = await Database.ReadAsync((db, cancel) => db.Set<IdempotencyRecord>().CountAsync(row => row.ExpiresAt > noon, cancel), default);
        Assert.Equal(2, since);
    }

    [Fact]
    public async Task Texts_are_ordered_by_their_characters_not_by_a_language()
    {
        string[] ids = ["a", "A", "_", "b", "B", "ä", "-1", "1", "z", "a-b", "ab"];
        foreach (var id in ids)
        {
            await Database.Add(id);
        }
        Assert.Equal(ids.Order(StringComparer.Ordinal), await Database.Ids());
        var after = await Database.ReadAsync((db, cancel) => db.Set<IdempotencyRecord>().Where(row => row.Id.CompareTo("B") > 0).CountAsync(cancel), default);
        Assert.Equal(ids.Count(id => string.CompareOrdinal(id, "B") > 0), after);
    }

    [Theory]
    [InlineData("a\0b")]
    [InlineData("\0")]
    [InlineData("\uFFFF0000")]
    [InlineData("Größe \U0001F600 \uFFFE ' \" \\ % \r\n\t\u0001")]
    public async Task Any_text_comes_back_and_is_found(string text)
    {
        await Database.Add(text);
        Assert.Equal([text], await Database.Ids());
        string[] wanted = [text, "other"];
        var found = await Database.ReadAsync((db, cancel) => db.Set<IdempotencyRecord>().Where(row => row.Id == text && wanted.Contains(row.Id)).CountAsync(cancel), default);
        Assert.Equal(1, found);
    }

    [Fact]
    public async Task Of_those_that_are_to_go_only_the_first_go()
    {
        var noon = DateTimeOffset.UnixEpoch;
        await Database.WriteAsync(
            (db, _) =>
            {
                db.AddRange(Enumerable.Range(0, 9).Select(n => StoreRows.Row($"{n}", noon.AddMinutes(n))));
                return Task.FromResult(0);
            },
            default);
        var gone = await Database.WriteAsync((db, cancel) => db.Set<IdempotencyRecord>().Where(row => row.ExpiresAt > noon).OrderBy(row => row.ExpiresAt).Take(3).ExecuteDeleteAsync(cancel), default);
        Assert.Equal(3, gone);
        Assert.Equal(["0", "4", "5", "6", "7", "8"], await Database.Ids());
    }

    [Fact]
    public async Task Before_it_is_opened_and_after_it_is_closed_it_is_unavailable()
    {
        await Database.Add("one");
        var closed = Database;
        await Store.Storage.DisposeAsync();
        foreach (var call in new Func<Task>[] { () => closed.Add("two"), () => closed.Ids() })
        {
            var refused = await Assert.ThrowsAsync<ProblemException>(call);
            Assert.Equal((ErrorCode.Unavailable, true), (refused.Code, refused.Problem.RetryAfter > TimeSpan.Zero));
        }
        await Store.Reopen();
        Assert.Equal(["one"], await Database.Ids());
    }

    [Fact]
    public async Task Closing_waits_for_what_runs()
    {
        var entered = new TaskCompletionSource();
        using var release = new ManualResetEventSlim();
        var write = Database.WriteAsync(
            (db, cancel) =>
            {
                entered.TrySetResult();
                release.Wait(cancel);
                db.Add(StoreRows.Row("one"));
                return Task.FromResult(0);
            },
            default);
        await TestWait.For(entered.Task);
        var closing = Store.Storage.DisposeAsync().AsTask();
        Assert.False(closing.IsCompleted);
        release.Set();
        await write;
        await closing;
        await Store.Reopen();
        Assert.Equal(["one"], await Database.Ids());
    }

    private Task<int> AddFence(string incarnation) => Database.WriteAsync(
        (db, _) =>
        {
            db.Add(new FenceEntity { Incarnation = incarnation });
            return Task.FromResult(0);
        },
        default);
}
