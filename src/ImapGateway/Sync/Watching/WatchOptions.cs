using ImapGateway.Settings;

namespace ImapGateway.Sync.Watching;

/// <summary>The section <c>Watch</c> of the settings.</summary>
public sealed class WatchOptions : ISettings
{
    /// <summary>The time within which a message that has disappeared from one mailbox may appear in another one and count as the same.</summary>
    public TimeSpan MoveWindow { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The interval at which mailboxes are compared whose changes the server does not report.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The number of logins of watchers per second, over all accounts.</summary>
    public int RampLogins { get; set; } = 50;

    /// <summary>The longest time in IDLE before it is started again. Servers end it after 10 to 30 minutes.</summary>
    public TimeSpan IdleRefresh { get; set; } = TimeSpan.FromMinutes(9);

    /// <summary>The silence after which the server is asked whether it is still there. If zero, it is asked only at <see cref="IdleRefresh"/>.</summary>
    public TimeSpan Watchdog { get; set; }

    public IEnumerable<(string Key, string Message)> Validate()
    {
        if (MoveWindow < TimeSpan.Zero || MoveWindow > TimeSpan.FromMinutes(5))
        {
            yield return (nameof(MoveWindow), "must be from 0s to 5m");
        }
        if (PollInterval < TimeSpan.FromMilliseconds(100) || PollInterval > TimeSpan.FromDays(1))
        {
            yield return (nameof(PollInterval), "must be from 100ms to 1d");
        }
        if (RampLogins is < 1 or > 100_000)
        {
            yield return (nameof(RampLogins), "must be from 1 to 100000");
        }
        if (IdleRefresh < TimeSpan.FromSeconds(1) || IdleRefresh > TimeSpan.FromMinutes(29))
        {
            yield return (nameof(IdleRefresh), "must be from 1s to 29m (RFC 2177)");
        }
        if (Watchdog != TimeSpan.Zero && (Watchdog < TimeSpan.FromSeconds(1) || Watchdog > TimeSpan.FromMinutes(29)))
        {
            yield return (nameof(Watchdog), "must be 0s (off), or from 1s to 29m");
        }
    }
}
