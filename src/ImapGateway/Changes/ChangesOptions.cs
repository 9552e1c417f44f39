using ImapGateway.Settings;

namespace ImapGateway.Changes;

/// <summary>Section <c>Changes</c> of the settings.</summary>
public sealed class ChangesOptions : ISettings
{
    /// <summary>For how long every change can be read.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How much longer, counted from the change, those are kept that somebody still has to be told of.</summary>
    public TimeSpan MaxRetention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Between two rounds of deleting what is old: a tenth of the retention, a minute at most.</summary>
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
