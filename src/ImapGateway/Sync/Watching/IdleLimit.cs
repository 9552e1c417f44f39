namespace ImapGateway.Sync.Watching;

/// <summary>
/// Learns how long the connection of an account may be idle. Proxies and address translators on the path to a mail server end idle connections after seconds or minutes and do not report
/// their limit, so the ends of connections themselves are measured.
/// </summary>
public sealed class IdleLimit(TimeProvider time)
{
    /// <summary>The shortest limit that is respected. For a shorter one, every account would send commands all the time.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(2);

    /// <summary>The time after which a learnt limit is given up: the network may have changed.</summary>
    public static readonly TimeSpan Forgotten = TimeSpan.FromDays(1);

    /// <summary>The number of ends in a row that idle time does not explain.</summary>
    private const int MostUnexplained = 3;

    private TimeSpan _last;
    private TimeSpan? _learnt;
    private long _learntAt;
    private int _unexplained;

    /// <summary>The longest time that the connection may be idle before something must be sent.</summary>
    public TimeSpan Longest => _learnt is { } learnt && time.GetElapsedTime(_learntAt) < Forgotten ? learnt : TimeSpan.MaxValue;

    /// <summary>True if the connection is ended again and again, whatever is sent.</summary>
    public bool IsUnmet => _unexplained >= MostUnexplained;

    /// <summary>Records that the connection was ended while it was not in use.</summary>
    /// <param name="idle">The time since the last octet from the server.</param>
    public void Ended(TimeSpan idle)
    {
        if (idle < Shortest || idle < Longest && Longest != TimeSpan.MaxValue)
        {
            _unexplained++;
            _last = default;
            return;
        }
        // One end may have any reason, such as a restart. Two ends after the same time are a rule.
        if (_last > TimeSpan.Zero && idle > _last * 0.8 && idle < _last * 1.25)
        {
            (_learnt, _learntAt) = ((idle < _last ? idle : _last) * 0.7, time.GetTimestamp());
        }
        (_last, _unexplained) = (idle, 0);
    }

    /// <summary>Records that a connection has lasted.</summary>
    public void Lasted() => _unexplained = 0;
}
