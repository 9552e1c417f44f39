namespace ImapGateway.Imap;

/// <summary>Cancels operations that wait for a silent server. Each direction has its own instance: a write may happen while a read waits.</summary>
public sealed class SilenceLimit(TimeSpan silence, TimeProvider time) : IDisposable
{
    private readonly Lock _lock = new();
    private CancellationTokenSource _source = new(Timeout.InfiniteTimeSpan, time);
    private TimeSpan _silence = silence;
    private bool _begun;

    public bool IsReached
    {
        get
        {
            lock (_lock)
            {
                return _source.IsCancellationRequested;
            }
        }
    }

    public CancellationToken Begin()
    {
        lock (_lock)
        {
            if (!_source.TryReset())
            {
                _source.Dispose();
                _source = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
            }
            _begun = true;
            _source.CancelAfter(_silence);
            return _source.Token;
        }
    }

    public void End()
    {
        lock (_lock)
        {
            _begun = false;
            _source.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Changes the limit from now on, and for operations that wait already.</summary>
    public void Change(TimeSpan silence)
    {
        lock (_lock)
        {
            _silence = silence;
            if (_begun)
            {
                _source.CancelAfter(silence);
            }
        }
    }

    public void Dispose() => _source.Dispose();
}
