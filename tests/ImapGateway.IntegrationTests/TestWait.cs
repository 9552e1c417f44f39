using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests;

public static class TestWait
{
    public static Task For(Func<bool> condition) => For(() => Task.FromResult(condition()));

    /// <summary>The same; a failure shows <paramref name="what"/> was waited for.</summary>
    public static async Task For(Func<Task<bool>> condition, string what)
    {
        try
        {
            await For(condition);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"Waited in vain: {what}");
        }
    }

    public static Task For(Func<bool> condition, string what) => For(() => Task.FromResult(condition()), what);

    /// <summary>Until a task has ended, with its result or failure.</summary>
    public static Task For(Task task) => task.WaitAsync(Journal<string>.Patience);

    public static Task<T> For<T>(Task<T> task) => task.WaitAsync(Journal<string>.Patience);

    /// <summary>Until nothing is missing.</summary>
    /// <param name="missing">What is not so yet; null: all is as it has to be.</param>
    /// <exception cref="TimeoutException">With what was missing last.</exception>
    public static async Task ForNothingMissing(Func<Task<string?>> missing)
    {
        string? last = null;
        try
        {
            await For(async () => (last = await missing()) is null);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException(last);
        }
    }

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);

    /// <summary>Several tests wait at the same time, and each look may be a request: the processor is for what they wait for.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(100);

    /// <summary>Until something is so; a test that waits too long has failed.</summary>
    /// <param name="condition">Asked time and again.</param>
    /// <param name="patience">Null: long enough for a busy machine.</param>
    public static async Task For(Func<Task<bool>> condition, TimeSpan? patience = null)
    {
        using var deadline = new CancellationTokenSource(patience ?? Journal<string>.Patience);
        for (var pause = FirstPause; !await condition(); pause = pause * 1.5 < LongestPause ? pause * 1.5 : LongestPause)
        {
            await Task.Delay(pause, deadline.Token);
        }
    }
}
