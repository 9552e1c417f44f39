using ImapGateway.Settings;

namespace ImapGateway.Http;

/// <summary>Section <c>Http</c> of the settings.</summary>
public sealed class DrainOptions : ISettings
{
    /// <summary>How long requests may go on once the gateway is asked to stop; then they are ended.</summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(10);

    public IEnumerable<(string Key, string Message)> Validate()
    {
        if (DrainTime < TimeSpan.Zero || DrainTime > TimeSpan.FromMinutes(10))
        {
            yield return (nameof(DrainTime), "must be from 0s to 10m");
        }
    }
}
