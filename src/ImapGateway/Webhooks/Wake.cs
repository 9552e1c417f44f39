namespace ImapGateway.Webhooks;

/// <summary>Something to wait for: who asked for the task before a wake cannot miss it.</summary>
public sealed class Wake
{
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Next => Volatile.Read(ref _next).Task;

    public void Now() => Interlocked.Exchange(ref _next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

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
