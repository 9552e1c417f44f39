namespace ImapGateway.Imap;

/// <summary>Cancels what waits for a server that says nothing. One for each direction: a write may happen while a read waits.</summary>
public sealed class SilenceLimit(TimeSpan silence, TimeProvider time) : IDisposable
{
    private CancellationTokenSource _source = new(Timeout.InfiniteTimeSpan, time);

    public bool IsReached => _source.IsCancellationRequested;

    public CancellationToken Begin()
    {
        if (!_source.TryReset())
        {
            _source.Dispose();
            _source = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        }
        _source.CancelAfter(silence);
        return _source.Token;
    }

    public void End() => _source.CancelAfter(Timeout.InfiniteTimeSpan);

    public void Dispose() => _source.Dispose();
}
