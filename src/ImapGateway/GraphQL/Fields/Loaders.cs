namespace ImapGateway.GraphQL.Fields;

/// <summary>
/// Reads together what fields request at the same time. A load waits until nothing else can be resolved, and is then read along with others of its kind. A later load is
/// read again: a mutation may have changed it.
/// </summary>
public sealed class Loaders
{
    private readonly Lock _lock = new();
    private Dictionary<object, Batch> _waiting = [];

    /// <summary>The action to call when a load waits for a flush.</summary>
    public Action? Waiting { get; set; }

    /// <param name="like">The kind of the load; equal for loads that can be read together.</param>
    /// <param name="read">Reads the values; the function of the first load is used. It may leave keys out.</param>
    /// <returns>The value; default if <paramref name="read"/> has left the key out.</returns>
    public Task<TValue?> LoadAsync<TKey, TValue>(object like, TKey key, Func<IReadOnlyList<TKey>, Task<IReadOnlyDictionary<TKey, TValue>>> read) where TKey : notnull
    {
        Task<TValue?> loading;
        bool isFirst;
        lock (_lock)
        {
            isFirst = _waiting.Count == 0;
            if (!_waiting.TryGetValue(like, out var batch))
            {
                _waiting[like] = batch = new Batch<TKey, TValue>(read);
            }
            loading = ((Batch<TKey, TValue>)batch).Add(key);
        }
        if (isFirst)
        {
            Waiting?.Invoke();
        }
        return loading;
    }

    /// <summary>Begins to read all loads that wait.</summary>
    public void Flush()
    {
        Dictionary<object, Batch> batches;
        lock (_lock)
        {
            if (_waiting.Count == 0)
            {
                return;
            }
            (batches, _waiting) = (_waiting, []);
        }
        foreach (var batch in batches.Values)
        {
            _ = batch.ReadAsync();
        }
    }

    private abstract class Batch
    {
        public abstract Task ReadAsync();
    }

    private sealed class Batch<TKey, TValue>(Func<IReadOnlyList<TKey>, Task<IReadOnlyDictionary<TKey, TValue>>> read) : Batch where TKey : notnull
    {
        private readonly Dictionary<TKey, TaskCompletionSource<TValue?>> _keys = [];

        public Task<TValue?> Add(TKey key)
        {
            if (!_keys.TryGetValue(key, out var waiting))
            {
                _keys[key] = waiting = new TaskCompletionSource<TValue?>();
            }
            return waiting.Task;
        }

        /// <summary>Reads the values. Results and failures alike go to all loads that wait.</summary>
        public override async Task ReadAsync()
        {
            try
            {
                var values = await read([.. _keys.Keys]);
                foreach (var (key, waiting) in _keys)
                {
                    waiting.TrySetResult(values.GetValueOrDefault(key));
                }
            }
            catch (Exception failure)
            {
                foreach (var waiting in _keys.Values)
                {
                    waiting.TrySetException(failure);
                }
            }
        }
    }
}
