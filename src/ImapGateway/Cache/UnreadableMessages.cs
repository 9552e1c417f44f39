using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Cache;

/// <summary>
/// Tracks messages of one account that the mail server could not answer for. Each is shown as a placeholder, and costs the server no command until it is tried again after a growing pause. Belongs
/// to the actor; after a restart they are found again.
/// </summary>
public sealed class UnreadableMessages(TimeProvider time)
{
    private const int Most = 500;

    /// <summary>The maximum number of bytes of the headers of one message (<see cref="HeaderSize"/>). For longer ones only date and size are kept.</summary>
    private const int MostBytes = 8 * 1024;

    private readonly Dictionary<HeaderKey, Entry> _entries = [];

    private sealed record Entry(MessageHeaders Shown, string Mailbox, int Times, DateTimeOffset NotBefore);

    /// <summary>Returns the placeholder of the message; null if the server is to be asked for it.</summary>
    public MessageHeaders? Find(in HeaderKey key) => _entries.Count > 0 && _entries.TryGetValue(key, out var entry) && time.GetUtcNow() < entry.NotBefore ? entry.Shown : null;

    /// <param name="mailbox">The path of the mailbox, for the problem that is shown.</param>
    /// <param name="shown">The headers with the problem.</param>
    public void Failed(in HeaderKey key, string mailbox, MessageHeaders shown)
    {
        var times = _entries.GetValueOrDefault(key)?.Times + 1 ?? 1;
        if (times == 1 && _entries.Count >= Most)
        {
            _entries.Remove(_entries.MinBy(one => one.Value.NotBefore).Key);
        }
        var kept = HeaderSize.Of(shown) <= MostBytes ? shown : MessageHeaders.Placeholder(shown.ReceivedAt, shown.Size, shown.Problem!);
        _entries[key] = new Entry(kept, mailbox, times, time.GetUtcNow() + Backoff.AfterUnreadable(times, Random.Shared.NextDouble()));
    }

    /// <summary>Removes a message that can be read or no longer exists.</summary>
    /// <returns>False if it was not one of these messages.</returns>
    public bool Remove(in HeaderKey key) => _entries.Count > 0 && _entries.Remove(key);

    /// <summary>Returns the problem of one of the messages, for the state of the account; null if there are none.</summary>
    public Problem? Summary()
    {
        if (_entries.Count == 0)
        {
            return null;
        }
        // Always the same message as long as it is in the list, so that the state of the account does not change with every message.
        var (key, entry) = _entries.MinBy(one => (one.Key.Mailbox, one.Key.UidValidity, one.Key.Uid));
        var problem = entry.Shown.Problem!;
        var others = _entries.Count > 1 ? $" The same is true of {_entries.Count - 1} more." : "";
        return problem with { Detail = $"The message with the uid {key.Uid} in the mailbox {entry.Mailbox} cannot be read. {problem.Detail}{others}" };
    }
}
