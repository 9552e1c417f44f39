namespace ImapGateway.Sync.Watching;

/// <summary>Mailboxes that have to be looked at, each once, in the order in which that was found.</summary>
public sealed class DueMailboxes(TimeProvider time)
{
    private readonly HashSet<MailboxState> _set = [];
    private readonly Queue<MailboxState> _queue = [];

    private readonly Dictionary<MailboxState, long> _since = [];

    public IReadOnlyCollection<MailboxState> All => _set;

    /// <summary>Since when one of them waits, or is just being looked at, as <see cref="TimeProvider.GetTimestamp"/> tells it; <see cref="IMailboxWatch.Now"/>: none does.</summary>
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

    /// <summary>It is being looked at: what is added from now on asks for another look.</summary>
    public void Begin(MailboxState mailbox)
    {
        _set.Remove(mailbox);
        _since.TryAdd(mailbox, time.GetTimestamp());
    }

    /// <summary>What was so when the look began is known.</summary>
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

    /// <summary>There is nothing to look at any more.</summary>
    public void Forget(MailboxState mailbox)
    {
        _set.Remove(mailbox);
        _since.Remove(mailbox);
    }

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
