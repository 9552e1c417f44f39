using ImapGateway.Settings;

namespace ImapGateway.Webhooks;

/// <summary>The section <c>Webhooks</c> of the settings.</summary>
public sealed class WebhooksOptions : ISettings
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    /// <summary>The delays between each failed attempt and the next one; jitter is added. After the last one the delivery is dead.</summary>
    public IReadOnlyList<TimeSpan> RetrySchedule { get; set; } =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30),
        TimeSpan.FromHours(2), TimeSpan.FromHours(5), TimeSpan.FromHours(10), TimeSpan.FromHours(14), TimeSpan.FromHours(20),
    ];

    /// <summary>The time for which a failed delivery delays those after it.</summary>
    public TimeSpan OrderHold { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>The limit of one whole call, from the resolution of the host name to the end of the answer.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);

    public IEnumerable<(string Key, string Message)> Validate()
    {
        if (RetrySchedule.Count is 0 or > 50)
        {
            yield return (nameof(RetrySchedule), "must have 1 to 50 time spans");
        }
        for (var i = 0; i < RetrySchedule.Count; i++)
        {
            if (RetrySchedule[i] <= TimeSpan.Zero || RetrySchedule[i] > Longest)
            {
                yield return ($"{nameof(RetrySchedule)}:{i}", "must be above zero and at most 7d");
            }
        }
        if (OrderHold < TimeSpan.Zero || OrderHold > Longest)
        {
            yield return (nameof(OrderHold), "must be from 0s to 7d");
        }
        if (Timeout < TimeSpan.FromMilliseconds(100) || Timeout > TimeSpan.FromMinutes(2))
        {
            yield return (nameof(Timeout), "must be from 100ms to 2m");
        }
    }
}
