using ImapGateway.Imap;

namespace ImapGateway.Tests.Imap;

public class AnswerBudgetTests
{
    private readonly AnswerBudget _budget = new(100);

    private Task<IDisposable> Enter(string account, int messages, CancellationToken cancel = default) => _budget.EnterAsync(account, messages, cancel);

    private static async Task End(Task<IDisposable> share) => (await share).Dispose();

    [Fact]
    public async Task Accounts_read_side_by_side_while_there_is_room()
    {
        var (first, second, third) = (Enter("a", 50), Enter("b", 50), Enter("c", 1));
        await Task.WhenAll(first, second);
        Assert.False(third.IsCompleted);
        await End(second);
        await End(third);
    }

    [Fact]
    public async Task What_is_larger_than_the_whole_runs_alone()
    {
        var large = Enter("a", 1000);
        await large;
        var small = Enter("b", 1);
        Assert.False(small.IsCompleted);
        await End(large);
        await small;
        var next = Enter("a", 1000);
        Assert.False(next.IsCompleted);
        await End(small);
        await next;
    }

    [Fact]
    public async Task Small_ones_do_not_pass_a_large_one_that_waits()
    {
        var first = Enter("a", 60);
        var (large, small) = (Enter("b", 60), Enter("c", 10));
        await first;
        Assert.False(small.IsCompleted);
        await End(first);
        await Task.WhenAll(large, small);
    }

    [Fact]
    public async Task An_account_has_one_at_a_time_and_does_not_hold_up_others()
    {
        var (first, second, other) = (Enter("a", 10), Enter("a", 100), Enter("b", 50));
        await Task.WhenAll(first, other);
        await End(first);
        Assert.False(second.IsCompleted);
        await End(other);
        await second;
    }

    [Fact]
    public async Task Who_does_not_wait_any_more_makes_room()
    {
        using var cancelled = new CancellationTokenSource();
        var first = Enter("a", 60);
        var (large, small) = (Enter("b", 60, cancelled.Token), Enter("c", 10));
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        await Task.WhenAll(first, small);
        await End(first);
        await End(Enter("b", 90));
    }

    [Fact]
    public async Task Giving_back_twice_counts_once()
    {
        var share = await Enter("a", 100);
        share.Dispose();
        share.Dispose();
        await Enter("b", 100);
        Assert.False(Enter("c", 1).IsCompleted);
    }

    [Fact]
    public async Task Never_more_is_read_than_the_budget_allows()
    {
        var (now, most) = (0, 0);
        await Task.WhenAll(Enumerable.Range(0, 500).Select(i => Task.Run(async () =>
        {
            var messages = 1 + i * 37 % 70;
            using var share = await Enter($"account{i % 20}", messages);
            InterlockedMax(ref most, Interlocked.Add(ref now, messages));
            await Task.Yield();
            Interlocked.Add(ref now, -messages);
        })));
        Assert.Equal(0, now);
        Assert.InRange(most, 1, 100);
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); value > seen; seen = Volatile.Read(ref most))
        {
            Interlocked.CompareExchange(ref most, value, seen);
        }
    }
}
