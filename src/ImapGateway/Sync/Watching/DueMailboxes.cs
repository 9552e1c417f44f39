namespace ImapGateway.Sync.Watching;

/// <summary>Mailboxes that have to be looked at, each once, in the order in which that was found.</summary>
public sealed class DueMailboxes
{
    private readonly HashSet<MailboxState> _set = [];
    private readonly Queue<MailboxState> _queue = [];

    public IReadOnlyCollection<MailboxState> All => _set;

    public void Add(MailboxState mailbox)
    {
        if (_set.Add(mailbox))
        {
            _queue.Enqueue(mailbox);
        }
    }

    public bool Remove(MailboxState mailbox) => _set.Remove(mailbox);

    /// <summary>Takes the next one out, <paramref name="first"/> before all others if it is among them; those that may not be looked at yet stay.</summary>
    public MailboxState? Take(MailboxState? first, Func<MailboxState, bool> may)
    {
        if (first is not null && may(first) && _set.Remove(first))
        {
            return first;
        }
        for (var left = _queue.Count; left > 0; left--)
        {
            var mailbox = _queue.Dequeue();
            if (!_set.Contains(mailbox))
            {
                continue;
            }
            if (may(mailbox))
            {
                _set.Remove(mailbox);
                return mailbox;
            }
            _queue.Enqueue(mailbox);
        }
        return null;
    }
}
