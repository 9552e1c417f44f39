using ImapGateway.Settings;

namespace ImapGateway.Http;

/// <summary>Section <c>Http</c> of the settings.</summary>
public sealed class HttpOptions : ISettings
{
    /// <summary>How long requests may go on once the gateway is asked to stop; then they are ended.</summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>For answers to lists and reads as they were written, which are sent again while their tag holds.</summary>
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
