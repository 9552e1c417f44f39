namespace ImapGateway.Cache;

/// <summary>
/// Keeps requests from waiting for a Redis that does not answer. A few failures in a row open the circuit, and then no request is sent until a probe, which no request waits for, is answered.
/// Between probes the pause doubles. No IO; may be used by many threads.
/// </summary>
public sealed class RedisCircuit(TimeProvider time)
{
    /// <summary>The number of failures in a row that open the circuit.</summary>
    public const int Tolerated = 3;

    public static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(250);
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private int _failures;
    private TimeSpan _pause = ShortestPause;
    private long _pausedAt;
    private volatile bool _open;

    public bool IsOpen => _open;

    /// <returns>True for the success that closes the circuit.</returns>
    public bool Succeeded()
    {
        if (Volatile.Read(ref _failures) == 0)
        {
            return false;
        }
        lock (_gate)
        {
            var wasOpen = _open;
            (_failures, _open, _pause) = (0, false, ShortestPause);
            return wasOpen;
        }
    }

    /// <returns>True for the failure that opens the circuit.</returns>
    public bool Failed()
    {
        lock (_gate)
        {
            if (++_failures < Tolerated || _open)
            {
                return false;
            }
            _open = true;
            _pausedAt = time.GetTimestamp();
            return true;
        }
    }

    /// <summary>Returns true to one caller after each pause, which has to send the probe.</summary>
    public bool MayProbe()
    {
        lock (_gate)
        {
            if (!_open || time.GetElapsedTime(_pausedAt) < _pause)
            {
                return false;
            }
            _pausedAt = time.GetTimestamp();
            _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
            return true;
        }
    }
}
