using ImapGateway.Settings;

namespace ImapGateway.Changes;

/// <summary>The section <c>Changes</c> of the settings.</summary>
public sealed class ChangesOptions : ISettings
{
    /// <summary>The time for which every change can be read.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>The time for which changes are kept that are still to be delivered, counted from the change.</summary>
    public TimeSpan MaxRetention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Returns the interval at which old changes are deleted: a tenth of the retention, a minute at most.</summary>
    public TimeSpan PurgeInterval() => Retention / 10 < TimeSpan.FromMinutes(1) ? Retention / 10 : TimeSpan.FromMinutes(1);

    public IEnumerable<(string Key, string Message)> Validate()
    {
        if (Retention < TimeSpan.FromSeconds(1) || Retention > TimeSpan.FromDays(3650))
        {
            yield return (nameof(Retention), "must be from 1s to 3650d");
        }
        if (MaxRetention < Retention || MaxRetention > TimeSpan.FromDays(3650))
        {
            yield return (nameof(MaxRetention), "must be from Changes:Retention to 3650d");
        }
    }
}
