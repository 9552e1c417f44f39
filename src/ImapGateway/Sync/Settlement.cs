using System.Diagnostics.CodeAnalysis;
using ImapGateway.Background;
using ImapGateway.Cache;
using ImapGateway.Changes;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>Settles waiting messages, so that none waits for ever: it starts refreshes of the other mailboxes, and decides when the window has passed. It runs while something waits.</summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A source of cancellation without a timer holds nothing.")]
public sealed class Settlement(MailboxDirectory directory, MailboxCommits commits, HeaderReader headers, MoveWindow window, GuardedLoop loop)
{
    /// <summary>The number of messages whose headers are asked for at once.</summary>
    private const int Batch = 250;

    /// <summary>The time to wait for refreshes before the next attempt to settle.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private TaskCompletionSource _poke = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _asked = MoveWindow.Long;
    private Task? _running;

    /// <summary>Starts or wakes the loop after something was found or a mailbox was refreshed.</summary>
    public void Poke()
    {
        if (_stop.IsCancellationRequested || directory.Pending() is null)
        {
            return;
        }
        _poke.TrySetResult();
        _running ??= RunAsync();
    }

    /// <summary>Stops the loop. The next owner settles what is left.</summary>
    public void Stop()
    {
        _stop.Cancel();
        loop.Dispose();
    }

    private async Task RunAsync()
    {
        // The caller sets _running when this method returns: the loop must not have ended by then.
        await Task.Yield();
        while (!_stop.IsCancellationRequested && directory.Pending() is not null)
        {
            await loop.TryAsync(TurnAsync, _stop.Token);
        }
        _running = null;
    }

    private async Task TurnAsync(CancellationToken stop)
    {
        _poke = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            if (directory.Pending() is { } pending && await TurnAsync(pending.Newest) is { } wait)
            {
                await Task.WhenAny(_poke.Task, Task.Delay(wait, window.Time, stop));
            }
        }
        catch (LostOwnershipException)
        {
            Stop();
        }
    }

    /// <returns>The time to wait, or null if there may be more to settle now.</returns>
    private async Task<TimeSpan?> TurnAsync(long newest)
    {
        Look(newest);
        var wasDue = IsDue();
        if (await SettleAsync() || (!wasDue && IsDue()))
        {
            return null;
        }
        return commits.Unread.Count == 0 && directory.Pending() is { } left && window.Left(left.Oldest) is { Ticks: > 0 } rest ? rest : Pause;
    }

    /// <summary>Starts a refresh of the other mailboxes: what was found since the last time was found in single mailboxes, and the others may have the rest.</summary>
    private void Look(long newest)
    {
        if (newest > _asked && (_asked == MoveWindow.Long || window.LookedAt(directory.All, commits.Watch) >= _asked))
        {
            _asked = window.Now;
            commits.Watch.LookAtAll();
        }
    }

    /// <summary>Settles everything that can be settled by now. A failure is left to the loop, which tries again and reports it.</summary>
    public async Task SettleAllAsync()
    {
        try
        {
            while (await SettleAsync())
            {
                // There may be more than one transaction takes.
            }
        }
        catch (Exception e) when (e is not LostOwnershipException)
        {
            Poke();
        }
    }

    private bool IsDue() => directory.Pending() is { } pending && (commits.HasMore || commits.Unread.Count > 0 || pending.Oldest <= window.Over(directory.All, commits.Watch));

    /// <returns>True if something was settled.</returns>
    private async Task<bool> SettleAsync()
    {
        if (!IsDue())
        {
            return false;
        }
        var over = window.Over(directory.All, commits.Watch);
        var before = commits.Next;
        await commits.SettleAsync(await ReadAsync(over, commits.Unread));
        return before.IsCompleted;
    }

    /// <summary>Reads the headers of messages that will be added or moved, if the server must be asked for them. A report of a message always describes it.</summary>
    private async Task<ReadHeaders> ReadAsync(long over, IReadOnlySet<MessagePlace> unread)
    {
        var read = new ReadHeaders();
        foreach (var mailbox in directory.Waiting.Where(mailbox => mailbox.LostSince is null).ToList())
        {
            bool IsDue(KeyValuePair<uint, Arriving> one) => one.Value.Since <= over || unread.Contains(new MessagePlace(mailbox.Counter, one.Key));
            var due = mailbox.Arriving.Where(IsDue).Select(one => one.Key).Order().Take(CommitPlan.MostSettled - read.Count).ToList();
            foreach (var uids in due.Chunk(Batch))
            {
                await ReadAsync(mailbox, uids, read);
            }
        }
        return read;
    }

    private async Task ReadAsync(MailboxState mailbox, uint[] uids, ReadHeaders read)
    {
        var uidValidity = mailbox.UidValidity;
        try
        {
            read.Add(mailbox, uidValidity, uids, await headers.ReadAsync(mailbox.Counter, mailbox.Path, uidValidity, uids, CancellationToken.None));
        }
        catch (ProblemException)
        {
            // The state of the account reports the problem of its server. These messages are settled later.
        }
    }
}
