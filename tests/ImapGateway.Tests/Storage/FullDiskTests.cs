using ImapGateway.Mail;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Tests.Storage;

public sealed class FullDiskTests : IAsyncDisposable
{
    private readonly TestDatabase _test = new();

    public ValueTask DisposeAsync() => _test.DisposeAsync();

    [Fact]
    public async Task A_job_that_fills_the_disk_fails_alone_though_it_killed_the_transaction_of_its_group()
    {
        await Limit(freePages: 4);
        var runs = 0;
        var gate = await _test.HoldWriter();
        var before = _test.Database.WriteAsync(
            (context, _) =>
            {
                context.Add(new Entry { Writer = "before", Number = 1 });
                return Task.FromResult(++runs);
            },
            default);
        var big = Fill(100_000);
        var after = _test.Add("after", 1);
        await gate.Open();

        Assert.Equal(2, await before);   // once in the group that died, once alone
        await after;
        var full = await Assert.ThrowsAsync<ProblemException>(() => big);
        Assert.Equal(ErrorCode.Unavailable, full.Code);
        Assert.True(full.Problem.RetryAfter > TimeSpan.Zero);
        Assert.Equal(["before", "after"], (await _test.Entries()).Select(entry => entry.Writer));
    }

    [Fact]
    public async Task A_group_ends_after_its_time_and_what_was_committed_is_not_run_again()
    {
        await Limit(freePages: 4);
        var runs = 0;
        var gate = await _test.HoldWriter();
        var before = _test.Database.WriteAsync(
            (context, _) =>
            {
                _test.Time.Advance(TimeSpan.FromMilliseconds(10));
                context.Add(new Entry { Writer = "before", Number = 1 });
                return Task.FromResult(++runs);
            },
            default);
        var big = Fill(100_000);
        await gate.Open();
        await before;
        await Assert.ThrowsAsync<ProblemException>(() => big);
        Assert.Equal(1, runs);
        Assert.Single(await _test.Entries());
    }

    [Fact]
    public async Task A_full_disk_is_unavailable_until_space_is_freed()
    {
        await Limit(freePages: 4);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(ErrorCode.Unavailable, (await Assert.ThrowsAsync<ProblemException>(() => Fill(100_000))).Code);
        }
        Assert.True(_test.Database.WritesFail);
        Assert.Empty(await _test.Entries());   // reads go on

        await Limit(freePages: 1000);
        await Fill(100_000);
        Assert.False(_test.Database.WritesFail);
    }

    private Task<int> Fill(int bytes) => _test.Database.WriteAsync(
        (context, _) =>
        {
            context.Add(new Blob { Data = new byte[bytes] });
            return Task.FromResult(0);
        },
        default);

    /// <summary>SQLite answers SQLITE_FULL beyond this, as on a full disk.</summary>
    private Task<int> Limit(int freePages) => _test.Database.WriteAsync(
        async (context, cancel) =>
        {
            var pages = await context.Database.SqlQueryRaw<int>("SELECT page_count AS Value FROM pragma_page_count").SingleAsync(cancel);
            var pragma = "PRAGMA max_page_count = " + (pages + freePages);   // pragmas take no parameters
            return await context.Database.ExecuteSqlRawAsync(pragma, cancel);
        },
        default);
}
