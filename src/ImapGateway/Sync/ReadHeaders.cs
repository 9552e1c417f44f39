using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>The headers that were read before a plan was made. By then their uids may mean other messages: headers of another UIDVALIDITY do not count.</summary>
public sealed class ReadHeaders
{
    private readonly Dictionary<MessagePlace, (uint UidValidity, MessageHeaders? Headers)> _read = [];

    public int Count => _read.Count;

    /// <param name="uids">The uids that were asked for.</param>
    /// <param name="found">The messages that the server has of them. The others are gone.</param>
    public void Add(MailboxState mailbox, uint uidValidity, IEnumerable<uint> uids, IReadOnlyDictionary<uint, MessageHeaders> found)
    {
        foreach (var uid in uids)
        {
            _read[new MessagePlace(mailbox.Counter, uid)] = (uidValidity, found.GetValueOrDefault(uid));
        }
    }

    public MessageHeaders? Of(MailboxState mailbox, uint uid) =>
        _read.TryGetValue(new MessagePlace(mailbox.Counter, uid), out var read) && read.UidValidity == mailbox.UidValidity ? read.Headers : null;

    /// <summary>Returns the messages that were gone before they could be read.</summary>
    public IReadOnlySet<MessagePlace> Vanished(IReadOnlyDictionary<ulong, MailboxState> mailboxes) =>
        _read.Where(one => one.Value.Headers is null && mailboxes.GetValueOrDefault(one.Key.Mailbox)?.UidValidity == one.Value.UidValidity).Select(one => one.Key).ToHashSet();
}
