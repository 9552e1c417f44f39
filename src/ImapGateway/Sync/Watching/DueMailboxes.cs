namespace ImapGateway.Sync.Watching;

/// <summary>The queue of mailboxes that must be refreshed, each once, in the order in which they were added.</summary>
public sealed class DueMailboxes(TimeProvider time)
{
    private readonly HashSet<MailboxState> _set = [];
    private readonly Queue<MailboxState> _queue = [];

    private readonly Dictionary<MailboxState, long> _since = [];

    public IReadOnlyCollection<MailboxState> All => _set;

    /// <summary>Returns the time since which one of them waits or is being refreshed, as a <see cref="TimeProvider.GetTimestamp"/>. <see cref="IMailboxWatch.Now"/> if there is none.</summary>
    public long Since(Func<MailboxState, bool> counts)
    {
        var since = IMailboxWatch.Now;
        foreach (var (mailbox, at) in _since)
        {
            since = at < since && counts(mailbox) ? at : since;
        }
        return since;
    }

    public void Add(MailboxState mailbox)
    {
        if (_set.Add(mailbox))
        {
            _queue.Enqueue(mailbox);
        }
        _since.TryAdd(mailbox, time.GetTimestamp());
    }

    /// <summary>Marks the start of a refresh. A mailbox that is added again from now on needs another refresh.</summary>
    public void Begin(MailboxState mailbox)
    {
        _set.Remove(mailbox);
        _since.TryAdd(mailbox, time.GetTimestamp());
    }

    /// <summary>Marks the end of a refresh. Everything that was true at its start is known now.</summary>
    public void End(MailboxState mailbox, long began)
    {
        if (_set.Contains(mailbox))
        {
            _since[mailbox] = began;
        }
        else
        {
            _since.Remove(mailbox);
        }
    }

    /// <summary>Removes a mailbox that no longer needs a refresh.</summary>
    public void Forget(MailboxState mailbox)
    {
        _set.Remove(mailbox);
        _since.Remove(mailbox);
    }

    /// <summary>Takes the next mailbox out of the queue, <paramref name="first"/> before all others if it is there. Mailboxes that may not be refreshed yet stay.</summary>
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
