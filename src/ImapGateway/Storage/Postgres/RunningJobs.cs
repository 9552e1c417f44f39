namespace ImapGateway.Storage.Postgres;

/// <summary>Counts the running jobs of a database. It accepts jobs between start and stop, and closes for good when the last job has ended.</summary>
internal sealed class RunningJobs
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _inside;
    private bool _open;

    public void Open()
    {
        lock (_gate)
        {
            _open = true;
        }
    }

    public bool TryEnter()
    {
        lock (_gate)
        {
            _inside += _open ? 1 : 0;
            return _open;
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            _inside--;
            CompleteIfEmpty();
        }
    }

    public Task CloseAsync()
    {
        lock (_gate)
        {
            _open = false;
            CompleteIfEmpty();
        }
        return _empty.Task;
    }

    private void CompleteIfEmpty()
    {
        if (!_open && _inside == 0)
        {
            _empty.TrySetResult();
        }
    }
}
