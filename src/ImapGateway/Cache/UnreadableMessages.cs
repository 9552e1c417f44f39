using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Cache;

/// <summary>
/// Messages of one account that the mail server could not answer for. Each is shown as a placeholder, and costs the server no command, until it is tried again after a pause that grows.
/// Belongs to the actor; after a restart they are found again.
/// </summary>
public sealed class UnreadableMessages(TimeProvider time)
{
    private const int Most = 500;

    /// <summary>Of the headers of one message (<see cref="HeaderSize"/>). Of longer ones nothing is kept but date and size.</summary>
    private const int MostBytes = 8 * 1024;

    private readonly Dictionary<HeaderKey, Entry> _entries = [];

    private sealed record Entry(MessageHeaders Shown, string Mailbox, int Times, DateTimeOffset NotBefore);

    /// <summary>What to show of the message; null where it is to be asked for.</summary>
    public MessageHeaders? Find(in HeaderKey key) => _entries.Count > 0 && _entries.TryGetValue(key, out var entry) && time.GetUtcNow() < entry.NotBefore ? entry.Shown : null;

    /// <param name="mailbox">Its path, for people.</param>
    /// <param name="shown">Has the problem.</param>
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

    /// <summary>The message can be read, or is no more.</summary>
    /// <returns>False where it was not one of these.</returns>
    public bool Remove(in HeaderKey key) => _entries.Count > 0 && _entries.Remove(key);

    /// <summary>For the state of the account: one of the messages and what is wrong with it; null where there are none.</summary>
    public Problem? Summary()
    {
        if (_entries.Count == 0)
        {
            return null;
        }
        // Always the same one as long as it is there, so that the state of the account does not change with every message.
        var (key, entry) = _entries.MinBy(one => (one.Key.Mailbox, one.Key.UidValidity, one.Key.Uid));
        var problem = entry.Shown.Problem!;
        var others = _entries.Count > 1 ? $" The same is true of {_entries.Count - 1} more." : "";
        return problem with { Detail = $"The message with the uid {key.Uid} in the mailbox {entry.Mailbox} cannot be read. {problem.Detail}{others}" };
    }
}
