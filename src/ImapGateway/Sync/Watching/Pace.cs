namespace ImapGateway.Sync.Watching;

/// <summary>
/// A token bucket for rounds of a watcher. Without it, a server that pushes something in the answer to each command would be asked a thousand times a second. Everything that is pushed
/// during a pause is handled together.
/// </summary>
public sealed class Pace(TimeProvider time)
{
    /// <summary>The number of rounds that follow each other without a pause.</summary>
    public const int Burst = 100;

    /// <summary>The time between rounds for a server that pushes all the time.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private double _left = Burst;
    private long _at = time.GetTimestamp();

    /// <returns>The time to wait before the next round.</returns>
    public TimeSpan Next()
    {
        var now = time.GetTimestamp();
        _left = Math.Min(Burst, _left + time.GetElapsedTime(_at, now) / Interval);
        _at = now;
        if (_left >= 1)
        {
            _left--;
            return TimeSpan.Zero;
        }
        var wait = Interval * (1 - _left);
        _left = 0;
        _at += (long)(wait.TotalSeconds * time.TimestampFrequency);
        return wait;
    }
}
