namespace ImapGateway.Imap;

/// <summary>Section <c>Imap</c> of the settings.</summary>
public sealed class ImapOptions
{
    /// <summary>Connections of one account, all together: one for the watcher, the others for API work.</summary>
    public int MaxSessionsPerAccount { get; set; } = 5;

    /// <summary>How long a server may be silent while it owes an answer, and how long connecting may take.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(30);
}
