using System.Runtime.ExceptionServices;

namespace ImapGateway.Background;

/// <summary>
/// Runs background work that no failure ends. A failed run is logged once per kind, counted, reported by /health/ready, and repeated after a backoff. The work runs once at a time, on the
/// scheduler of its caller.
/// </summary>
/// <param name="name">The work of the loop; one of a few names.</param>
/// <param name="item">The object that the loop works for, for the log; null if there is only one loop of the name.</param>
/// <param name="loops">All loops of the process.</param>
public sealed class GuardedLoop(string name, string? item, Loops loops) : IDisposable
{
    public static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private int _failures;

    /// <summary>Repeats the work until it is cancelled.</summary>
    /// <param name="wait">Waits until there is work. Not called after a failure.</param>
    /// <param name="turn">Does the work once.</param>
    /// <param name="cancel">Ends the loop.</param>
    public async Task RunAsync(Func<CancellationToken, Task> wait, Func<CancellationToken, Task> turn, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            await TryAsync(
                async token =>
                {
                    if (_failures == 0)
                    {
                        await wait(token);
                    }
                    await turn(token);
                },
                cancel);
        }
    }

    /// <summary>Runs the work once. After a failure it returns when the backoff is over.</summary>
    /// <returns>The failure; null if there was none, or if it was cancelled.</returns>
    public async Task<Exception?> TryAsync(Func<CancellationToken, Task> turn, CancellationToken cancel)
    {
        using var scope = loops.LogAs(name);
        try
        {
            await turn(cancel);
            loops.Turned(name);
            Recover();
            return null;
        }
        catch (Exception) when (cancel.IsCancellationRequested)
        {
            // Objects that the work needs may already be closed.
            return null;
        }
        catch (Exception failure)
        {
            loops.Turned(name);
            loops.Failed(name, item, failure, isFirst: _failures++ == 0);
            await PauseAsync(cancel);
            return failure;
        }
    }

    /// <summary>Ends an earlier failure during a long run, because the work succeeds again.</summary>
    public void Recover()
    {
        if (_failures > 0)
        {
            _failures = 0;
            loops.Recovered(name);
        }
    }

    /// <summary>Runs the work for each item, and throws the first failure only after the last item: a failed item does not prevent the others.</summary>
    public static async Task ForEachAsync<T>(IEnumerable<T> items, Func<T, Task> work, CancellationToken cancel)
    {
        List<Exception> failures = [];
        foreach (var item in items)
        {
            try
            {
                cancel.ThrowIfCancellationRequested();
                await work(item);
            }
            catch (Exception failure) when (!cancel.IsCancellationRequested)
            {
                failures.Add(failure);
            }
        }
        if (failures is [var first, ..])
        {
            ExceptionDispatchInfo.Throw(first);
        }
    }

    /// <param name="failures">The number of failures in a row, at least 1.</param>
    /// <param name="random">A number from 0 to 1 that spreads the next run over the upper half of the pause.</param>
    public static TimeSpan PauseAfter(int failures, double random)
    {
        var pause = FirstPause * Math.Pow(2, Math.Min(failures - 1, 16));
        return (pause < LongestPause ? pause : LongestPause) * (0.5 + random / 2);
    }

    public void Dispose()
    {
        if (_failures > 0)
        {
            _failures = 0;
            loops.Ended(name);
        }
    }

    private async Task PauseAsync(CancellationToken cancel) =>
        await Task.Delay(PauseAfter(_failures, Random.Shared.NextDouble()), loops.Time, cancel)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
}
