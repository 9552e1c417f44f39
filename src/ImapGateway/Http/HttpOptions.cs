using ImapGateway.Settings;

namespace ImapGateway.Http;

/// <summary>The settings of the section <c>Http</c>.</summary>
public sealed class HttpOptions : ISettings
{
    /// <summary>The time that requests may go on after the gateway is asked to stop; then they are ended.</summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The size in octets of the cache of responses to lists and reads. They are sent again while their tag is valid.</summary>
    public long AnswerBytes { get; set; } = 32L << 20;

    public IEnumerable<(string Key, string Message)> Validate()
    {
        if (DrainTime < TimeSpan.Zero || DrainTime > TimeSpan.FromMinutes(10))
        {
            yield return (nameof(DrainTime), "must be from 0s to 10m");
        }
        if (AnswerBytes is < 0 or > 1L << 40)
        {
            yield return (nameof(AnswerBytes), "must be from 0 (none is kept) to a terabyte");
        }
    }
}
