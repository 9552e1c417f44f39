using ImapGateway.Imap;

namespace ImapGateway.Sync.Watching;

/// <summary>The reports of the server that are not handled yet. The reader of the connection writes them, the account's owner reads them.</summary>
public sealed class WatchNews(TimeProvider time)
{
    private static readonly Dictionary<string, MailboxCounters?> Nothing = [];

    private readonly Lock _lock = new();
    private Dictionary<string, MailboxCounters?> _mailboxes = new(StringComparer.Ordinal);
    private bool _tree;
    private bool _all;
    private bool _overflowed;
    private TaskCompletionSource? _heard;
    private long _since = IMailboxWatch.Now;

    /// <summary>The time of the first report, as a <see cref="TimeProvider.GetTimestamp"/>, or <see cref="IMailboxWatch.Now"/> if there is none.</summary>
    public long Since
    {
        get
        {
            lock (_lock)
            {
                return _since;
            }
        }
    }

    /// <summary>The reports that were taken.</summary>
    /// <param name="Mailboxes">The paths with the reported counters, or null if the mailbox was selected.</param>
    /// <param name="Tree">True if the list of mailboxes has changed.</param>
    /// <param name="All">True if all mailboxes must be compared.</param>
    /// <param name="Overflowed">True if the server reports nothing more until it is asked again.</param>
    public sealed record Taken(IReadOnlyDictionary<string, MailboxCounters?> Mailboxes, bool Tree, bool All, bool Overflowed);

    public bool IsEmpty
    {
        get
        {
            lock (_lock)
            {
                return IsEmptyInLock;
            }
        }
    }

    public void HearOf(string path, MailboxCounters? counters)
    {
        lock (_lock)
        {
            _mailboxes[path] = counters;
            Heard();
        }
    }

    public void HearOfTree()
    {
        lock (_lock)
        {
            _tree = true;
            Heard();
        }
    }

    public void HearOfOverflow()
    {
        lock (_lock)
        {
            _overflowed = true;
            Heard();
        }
    }

    public void WantAll()
    {
        lock (_lock)
        {
            _all = true;
            Heard();
        }
    }

    /// <summary>Removes the reports of a mailbox that has just been selected: the SELECT includes everything that was reported before.</summary>
    public void Forget(string path)
    {
        lock (_lock)
        {
            _mailboxes.Remove(path);
            _since = IsEmptyInLock ? IMailboxWatch.Now : _since;
        }
    }

    public Taken Take()
    {
        lock (_lock)
        {
            var taken = new Taken(_mailboxes.Count == 0 ? Nothing : _mailboxes, _tree, _all, _overflowed);
            _mailboxes = _mailboxes.Count == 0 ? _mailboxes : new(StringComparer.Ordinal);
            _tree = _all = _overflowed = false;
            _since = IMailboxWatch.Now;
            return taken;
        }
    }

    /// <summary>Waits until there is a report, <paramref name="longest"/> has passed, or the wait is cancelled.</summary>
    public async Task WaitAsync(TimeSpan longest, CancellationToken cancel)
    {
        Task heard;
        lock (_lock)
        {
            if (!IsEmptyInLock)
            {
                return;
            }
            _heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            heard = _heard.Task;
        }
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await Task.WhenAny(heard, Task.Delay(longest, time, over.Token));
        await over.CancelAsync();
    }

    private bool IsEmptyInLock => _mailboxes.Count == 0 && !_tree && !_all && !_overflowed;

    private void Heard()
    {
        _since = Math.Min(_since, time.GetTimestamp());
        _heard?.TrySetResult();
    }
}
