namespace ImapGateway.Sync.Watching;

/// <summary>
/// Learns how long the connection of an account may be idle. Proxies and address translators on the way to a mail server end idle connections after seconds or minutes and tell nobody how
/// long they wait, so the ends themselves are measured.
/// </summary>
public sealed class IdleLimit(TimeProvider time)
{
    /// <summary>Shorter limits are not met: every account would send commands all the time.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(2);

    /// <summary>After so long a learnt limit is given up: the network may have changed.</summary>
    public static readonly TimeSpan Forgotten = TimeSpan.FromDays(1);

    /// <summary>Ends in a row that idle time does not explain.</summary>
    private const int MostUnexplained = 3;

    private TimeSpan _last;
    private TimeSpan? _learnt;
    private long _learntAt;
    private int _unexplained;

    /// <summary>How long the connection may be idle before something has to be sent.</summary>
    public TimeSpan Longest => _learnt is { } learnt && time.GetElapsedTime(_learntAt) < Forgotten ? learnt : TimeSpan.MaxValue;

    /// <summary>The connection is ended again and again, whatever is sent.</summary>
    public bool IsUnmet => _unexplained >= MostUnexplained;

    /// <summary>The connection was ended while nobody used it.</summary>
    /// <param name="idle">Since the last octet from the server.</param>
    public void Ended(TimeSpan idle)
    {
        if (idle < Shortest || idle < Longest && Longest != TimeSpan.MaxValue)
        {
            _unexplained++;
            _last = default;
            return;
        }
        // One end may have any reason, such as a restart. Two after the same time are a rule.
        if (_last > TimeSpan.Zero && idle > _last * 0.8 && idle < _last * 1.25)
        {
            (_learnt, _learntAt) = ((idle < _last ? idle : _last) * 0.7, time.GetTimestamp());
        }
        (_last, _unexplained) = (idle, 0);
    }

    /// <summary>A connection has lasted.</summary>
    public void Lasted() => _unexplained = 0;
}
