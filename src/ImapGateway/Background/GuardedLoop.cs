using System.Runtime.ExceptionServices;

namespace ImapGateway.Background;

/// <summary>
/// Background work that no failure ends: a turn that fails is logged once per kind, counted, reported by /health/ready, and repeated after a backoff. Runs one turn at a time,
/// on the scheduler of its caller.
/// </summary>
/// <param name="name">What the loop does; one of a few names.</param>
/// <param name="item">What it does it for, for the log; null where there is only one loop of the name.</param>
/// <param name="loops">All loops of the process.</param>
public sealed class GuardedLoop(string name, string? item, Loops loops) : IDisposable
{
    public static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private int _failures;

    /// <summary>Repeats the work until it is cancelled.</summary>
    /// <param name="wait">Waits until there is work. Not called after a failure.</param>
    /// <param name="turn">Does the work.</param>
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

    /// <summary>Runs one turn. After a failure it returns when the backoff is over.</summary>
    /// <returns>The failure; null where there was none, or where it was cancelled.</returns>
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
            // What the work needs may already be closed.
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

    /// <summary>Within a turn that lasts long: the work succeeds again, so that an earlier failure is over.</summary>
    public void Recover()
    {
        if (_failures > 0)
        {
            _failures = 0;
            loops.Recovered(name);
        }
    }

    /// <summary>Runs the work for each item, and fails with the first failure only after the last item: one that fails keeps no other from its turn.</summary>
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

    /// <param name="failures">In a row, at least 1.</param>
    /// <param name="random">0 to 1; spreads the next turn over the upper half of the pause.</param>
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
