using ImapGateway.Imap;

namespace ImapGateway.Sync.Watching;

/// <summary>What was heard and not dealt with yet. Written by whoever reads the connection, read by the account's owner.</summary>
public sealed class WatchNews
{
    private static readonly Dictionary<string, MailboxCounters?> Nothing = [];

    private readonly Lock _lock = new();
    private Dictionary<string, MailboxCounters?> _mailboxes = new(StringComparer.Ordinal);
    private bool _tree;
    private bool _all;
    private bool _overflowed;
    private TaskCompletionSource? _heard;

    /// <summary>What there was to take.</summary>
    /// <param name="Mailboxes">Paths with the counters that were told; null: the mailbox was selected.</param>
    /// <param name="Tree">There are other mailboxes.</param>
    /// <param name="All">All are to be compared.</param>
    /// <param name="Overflowed">The server tells nothing any more until it is asked again.</param>
    public sealed record Taken(IReadOnlyDictionary<string, MailboxCounters?> Mailboxes, bool Tree, bool All, bool Overflowed);

    public bool IsEmpty
    {
        get
        {
            lock (_lock)
            {
                return _mailboxes.Count == 0 && !_tree && !_all && !_overflowed;
            }
        }
    }

    public void HearOf(string path, MailboxCounters? counters)
    {
        lock (_lock)
        {
            _mailboxes[path] = counters;
            _heard?.TrySetResult();
        }
    }

    public void HearOfTree()
    {
        lock (_lock)
        {
            _tree = true;
            _heard?.TrySetResult();
        }
    }

    public void HearOfOverflow()
    {
        lock (_lock)
        {
            _overflowed = true;
            _heard?.TrySetResult();
        }
    }

    public void WantAll()
    {
        lock (_lock)
        {
            _all = true;
            _heard?.TrySetResult();
        }
    }

    /// <summary>Whoever has just selected the mailbox reads all that was said of it before.</summary>
    public void Forget(string path)
    {
        lock (_lock)
        {
            _mailboxes.Remove(path);
        }
    }

    public Taken Take()
    {
        lock (_lock)
        {
            var taken = new Taken(_mailboxes.Count == 0 ? Nothing : _mailboxes, _tree, _all, _overflowed);
            _mailboxes = _mailboxes.Count == 0 ? _mailboxes : new(StringComparer.Ordinal);
            _tree = _all = _overflowed = false;
            return taken;
        }
    }

    /// <summary>Until something was heard, or <paramref name="longest"/> has passed, or it is cancelled.</summary>
    public async Task WaitAsync(TimeSpan longest, TimeProvider time, CancellationToken cancel)
    {
        Task heard;
        lock (_lock)
        {
            if (_mailboxes.Count > 0 || _tree || _all || _overflowed)
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
}
