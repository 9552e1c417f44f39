namespace ImapGateway.Webhooks;

public static class Waiting
{
    /// <summary>Until the task is done, or it is time.</summary>
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
        // A timer that is early by a tick would have the caller turn in circles.
        await Task.WhenAny(next, Task.Delay(left + TimeSpan.FromMilliseconds(1), time, waiting.Token));
        await waiting.CancelAsync();
        cancel.ThrowIfCancellationRequested();
    }
}
