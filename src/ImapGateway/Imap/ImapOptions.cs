using ImapGateway.Settings;

namespace ImapGateway.Imap;

/// <summary>The section <c>Imap</c> of the settings.</summary>
public sealed class ImapOptions : ISettings
{
    /// <summary>The maximum number of connections of one account: one for the watcher, the others for API work.</summary>
    public int MaxSessionsPerAccount { get; set; } = 5;

    /// <summary>The longest time that a server may be silent while it owes an answer, and the longest time for connecting.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The maximum number of mailboxes of one account. If a server lists more, the account has the first ones; see <see cref="ListingLimit"/>.</summary>
    public int MaxMailboxes { get; set; } = 20_000;

    /// <summary>The maximum number of messages that the large refreshes of all accounts read into memory at once; see <see cref="AnswerBudget"/>.</summary>
    public int MaxMessagesInMemory { get; set; } = 500_000;

    public IEnumerable<(string Key, string Message)> Validate()
    {
        if (MaxSessionsPerAccount is < 2 or > 100)
        {
            yield return (nameof(MaxSessionsPerAccount), "must be from 2 (one connection watches, the others work) to 100");
        }
        if (MaxMailboxes is < 10 or > 100_000)
        {
            yield return (nameof(MaxMailboxes), "must be from 10 to 100000");
        }
        if (MaxMessagesInMemory is < AnswerBudget.Small or > 10_000_000)
        {
            yield return (nameof(MaxMessagesInMemory), $"must be from {AnswerBudget.Small} to 10000000");
        }
        if (CommandTimeout < TimeSpan.FromSeconds(1) || CommandTimeout > TimeSpan.FromMinutes(10))
        {
            yield return (nameof(CommandTimeout), "must be from 1s to 10m");
        }
    }
}
