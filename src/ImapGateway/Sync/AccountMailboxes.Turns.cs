using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>Who works on a mailbox is alone with it, and finds it wherever it has been moved to.</summary>
public sealed partial class AccountMailboxes
{
    /// <summary>How often a request follows a message that others move about.</summary>
    private const int MostFollowed = 5;

    /// <summary>Beyond the window, for the looks that have to come before it is over.</summary>
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Runs what needs mailboxes of the server. Where it fails because one of them is not where it was, the account is listed anew: one that was renamed is
    /// followed, one that is gone is said to be.
    /// </summary>
    /// <param name="repeatable">Whether it may run again after the connection broke in the middle; it always may after a mailbox was not found.</param>
    /// <exception cref="ProblemException"><see cref="ErrorCode.Gone"/> where a mailbox is no more.</exception>
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

    /// <summary>Nobody else looks at or writes to the mailboxes while <paramref name="work"/> runs.</summary>
    public async Task<T> AloneAsync<T>(IEnumerable<MailboxState> mailboxes, Func<Task<T>> work, CancellationToken cancel)
    {
        // Always in the same order: two moves in opposite directions must not wait for each other.
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
    /// Nobody else looks at or writes to the mailbox a message is in, and <paramref name="other"/>, while <paramref name="work"/> runs. Who waited for his turn may find
    /// the message moved: its uid of before would mean another one there.
    /// </summary>
    /// <exception cref="ProblemException"><see cref="ErrorCode.Gone"/> where the message is no more.</exception>
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

    /// <summary>A message was not where it was thought to be. Waits until it is known where it is.</summary>
    /// <exception cref="ProblemException">It is gone, or what has become of it is not known in time.</exception>
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
