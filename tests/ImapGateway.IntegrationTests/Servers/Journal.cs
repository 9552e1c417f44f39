namespace ImapGateway.IntegrationTests.Servers;

/// <summary>What has happened so far, in order, and a way to wait for what has not happened yet.</summary>
public sealed class Journal<T>
{
    /// <summary>Long enough for a busy machine; a test that waits this long has failed.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Lock _gate = new();
    private readonly List<T> _entries = [];
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<T> Entries
    {
        get
        {
            lock (_gate)
            {
                return [.. _entries];
            }
        }
    }

    public void Add(T entry)
    {
        TaskCompletionSource happened;
        lock (_gate)
        {
            _entries.Add(entry);
            happened = _next;
            _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        happened.SetResult();
    }

    public void Clear()
    {
        lock (_gate)
        {
            _entries.Clear();
        }
    }

    public int Count(Func<T, bool> matches) => Entries.Count(matches);

    /// <summary>The first entry that matches, past or future.</summary>
    /// <exception cref="TimeoutException">None came; the message shows the last entries.</exception>
    public async Task<T> First(Func<T, bool> matches, TimeSpan? within = null, CancellationToken cancel = default) =>
        (await AtLeast(1, matches, within, cancel))[0];

    /// <summary>The matching entries, once there are as many as asked for.</summary>
    public async Task<IReadOnlyList<T>> AtLeast(int count, Func<T, bool> matches, TimeSpan? within = null, CancellationToken cancel = default)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(within ?? Patience);
        while (true)
        {
            Task next;
            T[] found;
            lock (_gate)
            {
                next = _next.Task;
                found = [.. _entries.Where(matches)];
            }

            if (found.Length >= count)
            {
                return found;
            }

            try
            {
                await next.WaitAsync(deadline.Token);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                throw new TimeoutException($"{found.Length} of {count} seen. The last entries:\n{string.Join('\n', Entries.TakeLast(40))}");
            }
        }
    }
}
