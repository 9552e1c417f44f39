namespace ImapGateway.Changes;

/// <summary>Wakes all waiting tasks at once. A caller that reads <see cref="Next"/> before it checks its condition cannot miss a signal.</summary>
public sealed class Signal
{
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Next => Volatile.Read(ref _next).Task;

    public void Wake() => Interlocked.Exchange(ref _next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
}
