namespace ImapGateway.Webhooks.Lanes;

public static class Waiting
{
    /// <summary>Waits until the task is done, or a time is reached.</summary>
    public static async Task UntilAsync(Task next, DateTimeOffset? until, TimeProvider time, CancellationToken cancel)
    {
        if (until is not { } at)
        {
            await next.WaitAsync(cancel);
            return;
        }
        var left = at - time.GetUtcNow();
        if (left <= TimeSpan.Zero)
        {
            return;
        }
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        // If the timer ended a tick early, the caller would run in a busy loop.
        await Task.WhenAny(next, Task.Delay(left + TimeSpan.FromMilliseconds(1), time, waiting.Token));
        await waiting.CancelAsync();
        cancel.ThrowIfCancellationRequested();
    }
}
