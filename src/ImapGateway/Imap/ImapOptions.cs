using ImapGateway.Settings;

namespace ImapGateway.Imap;

/// <summary>Section <c>Imap</c> of the settings.</summary>
public sealed class ImapOptions : ISettings
{
    /// <summary>Connections of one account, all together: one for the watcher, the others for API work.</summary>
    public int MaxSessionsPerAccount { get; set; } = 5;

    /// <summary>How long a server may be silent while it owes an answer, and how long connecting may take.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(30);

    public IEnumerable<(string Key, string Message)> Validate()
    {
        if (MaxSessionsPerAccount is < 2 or > 100)
        {
            yield return (nameof(MaxSessionsPerAccount), "must be from 2 (one connection watches, the others work) to 100");
        }
        if (CommandTimeout < TimeSpan.FromSeconds(1) || CommandTimeout > TimeSpan.FromMinutes(10))
        {
            yield return (nameof(CommandTimeout), "must be from 1s to 10m");
        }
    }
}
