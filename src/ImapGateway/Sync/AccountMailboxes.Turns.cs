using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>The locks of mailboxes: work on a mailbox is exclusive, and finds the mailbox at the path that it was moved to.</summary>
public sealed partial class AccountMailboxes
{
    /// <summary>The number of times that a request follows a message that others move.</summary>
    private const int MostFollowed = 5;

    /// <summary>The time to wait beyond the move window, for the refreshes that must be complete before the window is over.</summary>
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Runs work that needs mailboxes of the server. If it fails because a mailbox is not at its path, the account is listed again: a renamed mailbox is
    /// followed, and a deleted one is reported as gone.
    /// </summary>
    /// <param name="repeatable">Whether the work may run again after the connection broke in the middle. It may always run again after a mailbox was not found.</param>
    /// <exception cref="ProblemException"><see cref="ErrorCode.Gone"/> if a mailbox no longer exists.</exception>
    private async Task<T> RunWhereItIsAsync<T>(
        ISessionRunner runner, IReadOnlyCollection<MailboxState> mailboxes, bool repeatable, Func<Task<T>> work, CancellationToken cancel)
    {
        _directory.Demand(mailboxes);
        var paths = mailboxes.Select(mailbox => mailbox.Path).ToList();
        try
        {
            return await work();
        }
        catch (ProblemException e) when (e.Code is ErrorCode.NotFound or ErrorCode.Gone or ErrorCode.AccountDenied or ErrorCode.AccountUnavailable)
        {
            await ListAsync(runner, cancel);
            _directory.Demand(mailboxes);
            if (mailboxes.Select(mailbox => mailbox.Path).SequenceEqual(paths) || e.Code == ErrorCode.AccountUnavailable && !repeatable)
            {
                throw;
            }
        }
        return await work();
    }

    /// <summary>Runs <paramref name="work"/> while it holds the locks of the mailboxes, so that nothing else refreshes or writes to them.</summary>
    public async Task<T> AloneAsync<T>(IEnumerable<MailboxState> mailboxes, Func<Task<T>> work, CancellationToken cancel)
    {
        // The locks are always taken in the same order: two moves in opposite directions must not wait for each other.
        var inOrder = mailboxes.DistinctBy(mailbox => mailbox.Counter).OrderBy(mailbox => mailbox.Counter).ToList();
        var turns = new Stack<IDisposable>();
        try
        {
            foreach (var mailbox in inOrder)
            {
                turns.Push(await mailbox.Turn.EnterAsync(cancel));
            }
            return await RunWhereItIsAsync(_pool, inOrder, repeatable: false, work, cancel);
        }
        finally
        {
            while (turns.TryPop(out var turn))
            {
                turn.Dispose();
            }
        }
    }

    /// <summary>
    /// Runs <paramref name="work"/> while it holds the locks of the mailbox that a message is in and of <paramref name="other"/>, so that nothing else refreshes or writes to them. After
    /// the wait for the lock the message may be in another mailbox, where its earlier uid would mean another message.
    /// </summary>
    /// <exception cref="ProblemException"><see cref="ErrorCode.Gone"/> if the message no longer exists.</exception>
    public async Task<T> AloneWithAsync<T>(string id, MailboxState? other, Func<MailboxState, IndexRow, Task<T>> work, CancellationToken cancel)
    {
        for (var followed = 0; ; followed++)
        {
            var (mailbox, _) = FindMessage(id);
            try
            {
                var (found, result) = await AloneAsync(
                    other is null ? [mailbox] : [mailbox, other],
                    async () => FindMessage(id) is var (now, row) && now == mailbox ? (true, await work(mailbox, row)) : (false, default!),
                    cancel);
                if (found)
                {
                    return result;
                }
            }
            catch (ProblemException e) when (e.Code == ErrorCode.Gone && followed < MostFollowed)
            {
                await FollowAsync(id, mailbox, cancel);
            }
        }
    }

    /// <summary>Waits until it is known where a message is that was not at its known place.</summary>
    /// <exception cref="ProblemException">The message is gone, or its fate is not known in time.</exception>
    private async Task FollowAsync(string id, MailboxState mailbox, CancellationToken cancel)
    {
        await UpToDateAsync(mailbox, cancel);
        using var timeout = new CancellationTokenSource(_window.Length + SettleTime, _window.Time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancel);
        while (true)
        {
            var next = _commits.Next;
            var (now, row) = FindMessage(id);
            if (!now.Leaving.ContainsKey(row.Uid))
            {
                return;
            }
            try
            {
                await next.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                throw MailboxDirectory.Unsettled();
            }
        }
    }
}
