using ImapGateway.Imap;
using ImapGateway.Mail;
using MailKit.Net.Imap;

namespace ImapGateway.Sync.Watching;

/// <summary>The polling of changes that the server does not report.</summary>
public sealed partial class Watch
{
    /// <summary>The number of rounds of STATUS commands between two complete listings, which also show subscriptions (LSUB) and roles.</summary>
    private const int RoundsPerListing = 12;

    private int _rounds;
    private int _rotation;

    /// <summary>Asks for the counters of all mailboxes, and queues those that differ. It finds new mailboxes and those that are gone.</summary>
    private async Task CompareAllAsync()
    {
        _refreshed = _polled = Time.GetTimestamp();
        if (_settings.Scope == WatchScope.Inbox && Inbox is { } known)
        {
            _due.Add(known);
            Compared();
            return;
        }
        if (_session.KeepsShares && HasListed && await MissesSharesAsync())
        {
            // The mailboxes that this connection does not list would be reported as removed.
            _missesShares = true;
            return;
        }
        var began = Time.GetTimestamp();
        await _mailboxes.Tree.ListAsync(_session, CancellationToken.None);
        var unchanged = new List<MailboxState>();
        foreach (var mailbox in InScope)
        {
            if (mailbox.Listed.Counters is { } told && MailboxNews.IsUnchanged(mailbox, told))
            {
                unchanged.Add(mailbox);
            }
            else
            {
                _due.Add(mailbox);
            }
        }
        _mailboxes.Refresh.Compared(unchanged, began);
        HasListed = _settings.Scope == WatchScope.All;
        Compared();
        // The server may cover a new mailbox by itself, or only once it is asked again; its answer shows which.
        _notified &= InScope.All(mailbox => _notifiedOf.Contains(mailbox.Path));
    }

    /// <summary>True if a connection that has just logged in lists other mailboxes than this one.</summary>
    private async Task<bool> MissesSharesAsync()
    {
        var known = _mailboxes.Tree.Kept();
        Task<IReadOnlySet<(string, bool)>> PathsAsync(ISessionRunner runner) => runner.RunAsync(null, repeatable: true, session => MailboxListing.PathsAsync(session, known), CancellationToken.None);
        try
        {
            _mailboxes.Pool.Renew();
            var now = await PathsAsync(_mailboxes.Pool);
            return !now.SetEquals(await PathsAsync(_session));
        }
        catch (ProblemException) when (_session.IsUsable)
        {
            // There is no other connection at the moment.
            return false;
        }
    }

    private void Compared()
    {
        _hasCompared = true;
        _comparing = IMailboxWatch.Now;
    }

    /// <summary>Asks the server if it does not report changes, or has not reported any for long.</summary>
    private async Task AskAsync(CancellationToken stop)
    {
        if (!IsDeaf)
        {
            if (Left(_refreshed, _settings.Options.IdleRefresh * 0.8) == TimeSpan.Zero && !stop.IsCancellationRequested)
            {
                await CompareAllAsync();
            }
            else if (PollsOthers && Left(_polled, PollInterval) == TimeSpan.Zero && !stop.IsCancellationRequested)
            {
                await CompareOthersAsync();
            }
            return;
        }
        if (Left(_polled, PollInterval) > TimeSpan.Zero || stop.IsCancellationRequested)
        {
            return;
        }
        var isComplete = _session.Capabilities.HasFlag(ImapCapabilities.ListStatus) || _settings.Scope == WatchScope.Inbox || _rounds++ % RoundsPerListing == 0;
        if (isComplete || await HasOtherMailboxesAsync())
        {
            await CompareAllAsync();
        }
        else
        {
            await CompareEachAsync(stop);
        }
        await RotateAsync(stop);
    }

    /// <summary>Compares what NOTIFY does not report. For mailboxes of other users it also does not report the loss of the right to read them.</summary>
    private async Task CompareOthersAsync()
    {
        _polled = Time.GetTimestamp();
        if (_session.KeepsShares || InScope.Any(mailbox => !mailbox.Listed.Personal || !IsCovered(mailbox)) || await HasOtherMailboxesAsync())
        {
            await CompareAllAsync();
        }
    }

    /// <summary>Finds with one LIST whether other clients have created, renamed or deleted mailboxes. Subscriptions are not compared, because they need a second command.</summary>
    private async Task<bool> HasOtherMailboxesAsync()
    {
        var known = _mailboxes.Tree.Kept();
        var listed = await _session.RunAsync(null, repeatable: true, session => MailboxListing.PathsAsync(session, known), CancellationToken.None);
        return !listed.ToHashSet().SetEquals(_mailboxes.All.Select(mailbox => (mailbox.Path, mailbox.Listed.Selectable)));
    }

    /// <summary>Compares the mailboxes with one STATUS each. A report about the inbox does not wait for the end.</summary>
    private async Task CompareEachAsync(CancellationToken stop)
    {
        _polled = Time.GetTimestamp();
        foreach (var mailbox in _mailboxes.All.Where(mailbox => _inScope(mailbox) && _faults.MayLook(mailbox)).ToList())
        {
            var began = Time.GetTimestamp();
            var told = await CountAsync(mailbox);
            if (_mailboxes.Knows(mailbox))
            {
                if (told is not null && MailboxNews.IsUnchanged(mailbox, told))
                {
                    _mailboxes.Refresh.Compared([mailbox], began);
                }
                else
                {
                    _due.Add(mailbox);
                }
            }
            await WorkAsync(stop);
            if (stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <returns>The counters, or null if the server refuses: the mailbox was deleted or renamed, or cannot be read. A refresh finds the reason.</returns>
    private async Task<MailboxCounters?> CountAsync(MailboxState mailbox)
    {
        var path = mailbox.Path;
        try
        {
            return (await _session.RunAsync(path, repeatable: true, session => MailboxListing.CountAsync(session, path), CancellationToken.None)).Counters;
        }
        catch (ProblemException) when (_session.IsUsable)
        {
            return null;
        }
    }

    /// <summary>Refreshes mailboxes without modSeqs one after the other, because their flags are visible only in a refresh. One round takes at most a tenth of the poll interval.</summary>
    private async Task RotateAsync(CancellationToken stop)
    {
        var began = Time.GetTimestamp();
        var windowed = _mailboxes.All.Where(mailbox => _inScope(mailbox) && mailbox.Precision == Precision.Windowed).ToList();
        for (var i = 0; i < windowed.Count && !stop.IsCancellationRequested && Time.GetElapsedTime(began) < _settings.Options.PollInterval / 10; i++)
        {
            var mailbox = windowed[_rotation++ % windowed.Count];
            if (_faults.MayLook(mailbox))
            {
                await LookAsync(mailbox);
                await WorkAsync(stop);
            }
        }
    }
}
