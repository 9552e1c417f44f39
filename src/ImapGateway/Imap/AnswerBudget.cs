namespace ImapGateway.Imap;

/// <summary>
/// Limits the messages that all accounts together read into memory at once. The first refresh of a large mailbox keeps data of every message until they are written. Large refreshes wait here in
/// order of arrival, and an account has one at a time.
/// </summary>
/// <param name="most">The maximum number of messages of all large refreshes together. A refresh of more messages runs alone.</param>
public sealed class AnswerBudget(int most)
{
    /// <summary>The number of messages below which a refresh does not wait. Such a refresh takes no more memory than a page of headers.</summary>
    public const int Small = 10_000;

    private readonly Lock _lock = new();
    private readonly LinkedList<Share> _waiting = new();
    private readonly HashSet<object> _accounts = [];
    private long _used;

    /// <summary>Waits until there is room. Disposing the result gives the room back.</summary>
    /// <param name="account">An object that identifies the account.</param>
    /// <param name="messages">The number of messages that are read.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async Task<IDisposable> EnterAsync(object account, int messages, CancellationToken cancel)
    {
        var share = new Share(this, account, Math.Min(messages, most));
        lock (_lock)
        {
            _waiting.AddLast(share);
            Admit();
        }
        try
        {
            await share.Admitted.Task.WaitAsync(cancel);
            return share;
        }
        catch
        {
            share.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Admits waiting refreshes. The first one that does not fit blocks those behind it, otherwise small ones could pass it for ever. One that waits for its own account blocks no other.
    /// </summary>
    private void Admit()
    {
        for (var next = _waiting.First; next is not null;)
        {
            var (node, share) = (next, next.Value);
            next = node.Next;
            if (_accounts.Contains(share.Account))
            {
                continue;
            }
            if (_used + share.Messages > most)
            {
                return;
            }
            _waiting.Remove(node);
            _used += share.Messages;
            _accounts.Add(share.Account);
            share.Admitted.SetResult();
        }
    }

    private void Leave(Share share)
    {
        lock (_lock)
        {
            if (!_waiting.Remove(share))
            {
                _used -= share.Messages;
                _accounts.Remove(share.Account);
            }
            Admit();
        }
    }

    private sealed class Share(AnswerBudget budget, object account, int messages) : IDisposable
    {
        private bool _over;

        public object Account => account;

        public int Messages => messages;

        public TaskCompletionSource Admitted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Dispose()
        {
            if (!Interlocked.Exchange(ref _over, true))
            {
                budget.Leave(this);
            }
        }
    }
}
