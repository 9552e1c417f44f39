using System.Diagnostics.CodeAnalysis;
using ImapGateway.Background;
using ImapGateway.Cache;
using ImapGateway.Changes;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>Sees to it that nothing waits for ever: has the other mailboxes looked at, and decides when the window has passed. Runs while something waits.</summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A source of cancellation without a timer holds nothing.")]
public sealed class Settlement(MailboxDirectory directory, MailboxCommits commits, HeaderReader headers, MoveWindow window, GuardedLoop loop)
{
    /// <summary>Messages whose headers are asked for at once.</summary>
    private const int Batch = 250;

    /// <summary>How long it waits for looks before it sees what can be done.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private TaskCompletionSource _poke = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _asked = MoveWindow.Long;
    private Task? _running;

    /// <summary>Something was found, or looked at.</summary>
    public void Poke()
    {
        if (_stop.IsCancellationRequested || directory.Pending() is null)
        {
            return;
        }
        _poke.TrySetResult();
        _running ??= RunAsync();
    }

    /// <summary>What is left is settled by the next owner.</summary>
    public void Stop()
    {
        _stop.Cancel();
        loop.Dispose();
    }

    private async Task RunAsync()
    {
        // The caller sets _running when this returns: it must not have ended by then.
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

    /// <returns>How long to wait; null: there may be more to settle now.</returns>
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

    /// <summary>What was found since the last time was found by looks at single mailboxes: the others may show the rest.</summary>
    private void Look(long newest)
    {
        if (newest > _asked && (_asked == MoveWindow.Long || window.LookedAt(directory.All, commits.Watch) >= _asked))
        {
            _asked = window.Now;
            commits.Watch.LookAtAll();
        }
    }

    /// <summary>All that can be settled by now. What fails is left to the loop, which tries it again and reports it.</summary>
    public async Task SettleAllAsync()
    {
        try
        {
            while (await SettleAsync())
            {
                // There is more than one transaction takes.
            }
        }
        catch (Exception e) when (e is not LostOwnershipException)
        {
            Poke();
        }
    }

    private bool IsDue() => directory.Pending() is { } pending && (commits.HasMore || commits.Unread.Count > 0 || pending.Oldest <= window.Over(directory.All, commits.Watch));

    /// <returns>Whether something was settled.</returns>
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

    /// <summary>Who is told of a message is told what it is: headers of what will be added or moved, as far as they have to be asked for.</summary>
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
            // The state of the account says what is wrong with its server. These messages are settled later.
        }
    }
}
