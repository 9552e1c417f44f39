using ImapGateway.Mail;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Tests.Storage;

public sealed class SqliteDatabaseTests : IAsyncDisposable
{
    private readonly TestDatabase _test = new();

    public ValueTask DisposeAsync() => _test.DisposeAsync();

    [Fact]
    public async Task Sixteen_writers_in_parallel_lose_nothing_and_each_keeps_its_order()
    {
        await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(() =>
            Task.WhenAll(Enumerable.Range(0, 200).Select(number => _test.Add($"w{writer}", number))))));

        var byWriter = (await _test.Entries()).GroupBy(entry => entry.Writer).ToList();
        Assert.Equal(16, byWriter.Count);
        Assert.All(byWriter, entries => Assert.Equal(Enumerable.Range(0, 200), entries.Select(entry => entry.Number)));
    }

    [Fact]
    public async Task A_failing_job_of_a_group_rolls_back_alone()
    {
        var gate = await _test.HoldWriter();
        var before = _test.Add("before", 1);
        var failing = _test.Database.WriteAsync<int>(
            async (context, cancel) =>
            {
                context.Add(new Entry { Writer = "failing", Number = 1 });
                await context.SaveChangesAsync(cancel);
                throw new ProblemException(ErrorCode.Conflict, "no");
            },
            default);
        var doubled = _test.Add("before", 1);
        var after = _test.Add("after", 1);
        await gate.Open();

        await before;
        await after;
        Assert.Equal(ErrorCode.Conflict, (await Assert.ThrowsAsync<ProblemException>(() => failing)).Code);
        await Assert.ThrowsAsync<DbUpdateException>(() => doubled);
        Assert.Equal(["before", "after"], (await _test.Entries()).Select(entry => entry.Writer));
    }

    [Fact]
    public async Task A_job_after_which_the_transaction_is_gone_does_not_pass_and_costs_no_other()
    {
        var gate = await _test.HoldWriter();
        var before = _test.Add("before", 1);
        var ending = _test.Database.WriteAsync(
            async (context, cancel) =>
            {
                context.Add(new Entry { Writer = "ending", Number = 1 });
                await context.SaveChangesAsync(cancel);
                return await context.Database.ExecuteSqlRawAsync("ROLLBACK", cancel);   // as SQLite itself may do
            },
            default);
        var after = _test.Add("after", 1);
        await gate.Open();
        await before;
        await after;
        await Assert.ThrowsAnyAsync<Exception>(() => ending);
        Assert.Equal(["before", "after"], (await _test.Entries()).Select(entry => entry.Writer));
    }

    [Fact]
    public async Task A_job_sees_what_the_jobs_before_it_wrote()
    {
        var gate = await _test.HoldWriter();
        var first = _test.Add("w", 1);
        var count = _test.Database.WriteAsync((context, cancel) => context.Set<Entry>().CountAsync(cancel), default);
        await gate.Open();
        await first;
        Assert.Equal(1, await count);
    }

    [Fact]
    public async Task A_job_cancelled_before_it_began_never_runs()
    {
        var gate = await _test.HoldWriter();
        using var cancel = new CancellationTokenSource();
        var job = _test.Add("cancelled", 1, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => job);   // the caller is free while the writer is still held
        await gate.Open();

        await _test.Add("later", 1);
        Assert.Equal(["later"], (await _test.Entries()).Select(entry => entry.Writer));
    }

    [Fact]
    public async Task Cancelling_a_job_that_has_begun_changes_nothing()
    {
        using var cancel = new CancellationTokenSource();
        var written = await _test.Database.WriteAsync(
            (context, given) =>
            {
                cancel.Cancel();
                context.Add(new Entry { Writer = "w", Number = 1 });
                return Task.FromResult(given.IsCancellationRequested);
            },
            cancel.Token);
        Assert.False(written);
        Assert.Single(await _test.Entries());
    }

    [Fact]
    public async Task Readers_see_committed_rows_only_and_are_not_held_by_the_writer()
    {
        var inserted = new TaskCompletionSource();
        using var release = new ManualResetEventSlim();
        var write = _test.Database.WriteAsync(
            async (context, cancel) =>
            {
                context.Add(new Entry { Writer = "w", Number = 1 });
                await context.SaveChangesAsync(cancel);
                inserted.SetResult();
                release.Wait(cancel);
                return 0;
            },
            default);
        await inserted.Task;
        Assert.Empty(await _test.Entries());
        release.Set();
        await write;
        Assert.Single(await _test.Entries());
    }

    [Fact]
    public async Task A_read_is_one_snapshot()
    {
        await _test.Add("w", 1);
        var counts = await _test.Database.ReadAsync(
            async (context, cancel) =>
            {
                var before = await context.Set<Entry>().CountAsync(cancel);
                await _test.Add("w", 2, cancel);
                return (before, after: await context.Set<Entry>().CountAsync(cancel));
            },
            default);
        Assert.Equal((1, 1), counts);
        Assert.Equal(2, (await _test.Entries()).Count);
    }

    [Fact]
    public async Task A_read_cannot_write() =>
        await Assert.ThrowsAsync<ProblemException>(() =>
            _test.Database.ReadAsync((context, cancel) => context.Database.ExecuteSqlRawAsync("DELETE FROM Entry", cancel), default));

    [Fact]
    public async Task Disposing_runs_what_is_queued_and_refuses_what_comes_later()
    {
        var gate = await _test.HoldWriter();
        var queued = Enumerable.Range(0, 500).Select(number => _test.Add("w", number)).ToList();
        var disposed = _test.Database.DisposeAsync().AsTask();
        var late = await Assert.ThrowsAsync<ProblemException>(() => _test.Add("late", 1));
        Assert.Equal(ErrorCode.Unavailable, late.Code);
        Assert.NotNull(late.Problem.RetryAfter);
        await Assert.ThrowsAsync<ProblemException>(_test.Entries);
        await gate.Open();
        await disposed;
        await Task.WhenAll(queued);

        await _test.Reopen();
        Assert.Equal(500, (await _test.Entries()).Count);
    }

    [Fact]
    public async Task Instants_are_ordered_and_compared_in_the_database()
    {
        var noon = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        await _test.Database.WriteAsync(
            (context, _) =>
            {
                context.AddRange(
                    new Entry { Writer = "late", Number = 1, At = noon.AddMinutes(1).ToOffset(TimeSpan.FromHours(-9)) },
                    new Entry { Writer = "early", Number = 1, At = noon.AddMinutes(-1).ToOffset(TimeSpan.FromHours(9)) },
                    new Entry { Writer = "noon", Number = 1, At = noon });
                return Task.FromResult(0);
            },
            default);
        var since = await _test.Database.ReadAsync(
            (context, cancel) => context.Set<Entry>().Where(entry => entry.At >= noon).OrderBy(entry => entry.At).ToListAsync(cancel), default);
        Assert.Equal(["noon", "late"], since.Select(entry => entry.Writer));
        Assert.Equal(TimeSpan.Zero, since[1].At.Offset);
    }

    [Fact]
    public async Task Every_commit_is_synced_and_the_files_are_private()
    {
        var pragmas = await _test.Database.WriteAsync(
            (context, cancel) => context.Database
                .SqlQuery<int>($"SELECT synchronous AS Value FROM pragma_synchronous")
                .Concat(context.Database.SqlQuery<int>($"SELECT foreign_keys AS Value FROM pragma_foreign_keys"))
                .Concat(context.Database.SqlQuery<int>($"SELECT auto_vacuum AS Value FROM pragma_auto_vacuum"))
                .ToListAsync(cancel),
            default);
        Assert.Equal([2, 1, 0], pragmas);
        await _test.Add("w", 1);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_test.File.Path));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_test.File.Path + "-wal"));
        }
    }
}
