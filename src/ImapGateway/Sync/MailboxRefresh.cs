using ImapGateway.Cache;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Responses;

namespace ImapGateway.Sync;

/// <summary>
/// The refresh of single mailboxes: their messages and flags are compared with the server, and what has changed is written.
/// This class belongs to the actor: it is single-threaded, but other requests run during every await.
/// </summary>
public sealed class MailboxRefresh(MailboxParts parts, AccountTree tree, FingerprintFill fingerprints, HeaderReader headers)
{
    private readonly MailboxDirectory _directory = parts.Directory;
    private readonly MailboxCommits _commits = parts.Commits;
    private readonly Settlement _settlement = parts.Settlement;
    private readonly ImapPool _pool = parts.Pool;

    private AnswerGuard Guard => parts.Guard;

    /// <summary>Refreshes the mailbox. When this method returns, the index shows everything that was true when it was called. Concurrent callers share a refresh.</summary>
    public Task UpToDateAsync(MailboxState mailbox, CancellationToken cancel)
    {
        if (!mailbox.Listed.Selectable)
        {
            throw new ProblemException(ErrorCode.Unprocessable, "The mailbox only holds other mailboxes; it has no messages.");
        }
        mailbox.NextLook ??= LookInTurnAsync(mailbox);
        return mailbox.NextLook.WaitAsync(cancel);
    }

    private async Task LookInTurnAsync(MailboxState mailbox)
    {
        IDisposable turn;
        try
        {
            await Task.Yield();
            turn = await mailbox.Turn.EnterAsync(CancellationToken.None);
        }
        finally
        {
            mailbox.NextLook = null;
        }
        using (turn)
        {
            await LookAloneAsync(mailbox, _pool);
        }
    }

    /// <summary>Refreshes the mailbox on a session that belongs to the caller. No other caller shares this refresh, so a busy pool does not delay it.</summary>
    public async Task LookAsync(MailboxState mailbox, ISessionRunner runner)
    {
        using var turn = await mailbox.Turn.EnterAsync(CancellationToken.None);
        await LookAloneAsync(mailbox, runner);
    }

    /// <summary>
    /// Refreshes the mailbox while the caller holds its lock. If the server refuses, or ends the connection more than once, this is a problem of this mailbox alone: the mailbox is shown with
    /// the problem, and what was read before is no longer shown.
    /// </summary>
    private async Task LookAloneAsync(MailboxState mailbox, ISessionRunner runner)
    {
        if (_pool.Fatal.PauseOf(FatalCommands.Select, mailbox.Path) is { Ticks: > 0 } pause && _pool.Fatal.Find(FatalCommands.Select, mailbox.Path) is { } known)
        {
            Refused(mailbox, known);
            throw new ProblemException(known with { RetryAfter = pause });
        }
        try
        {
            await tree.RunWhereItIsAsync(runner, [mailbox], repeatable: true, () => LookOnAsync(mailbox, runner), CancellationToken.None);
            Refused(mailbox, null);
        }
        catch (ProblemException e) when (e.InnerException is MailKit.Net.Imap.ImapCommandException)
        {
            Refused(mailbox, e.Problem);
            throw;
        }
        catch (ProblemException) when (_pool.Fatal.PauseOf(FatalCommands.Select, mailbox.Path) > TimeSpan.Zero)
        {
            Refused(mailbox, _pool.Fatal.Find(FatalCommands.Select, mailbox.Path));
            throw;
        }
    }

    private void Refused(MailboxState mailbox, Problem? problem)
    {
        if (mailbox.LookProblem == problem)
        {
            return;
        }
        mailbox.LookProblem = problem;
        if (problem?.Code == ErrorCode.AccountDenied)
        {
            // The account has lost the right to read the mailbox, and so the right to what was read. Sessions that have it selected may still be able to read it.
            _pool.Retire(path => path == mailbox.Path);
            headers.Removed([.. mailbox.Index.Uids.Concat(mailbox.Arriving.Keys).Select(uid => new Cache.HeaderKey(mailbox.Counter, mailbox.UidValidity, uid))]);
        }
        Guard.Change();
    }

    /// <summary>Counts mailboxes as refreshed because the server has reported since <paramref name="began"/> that they have not changed.</summary>
    public void Compared(IReadOnlyCollection<MailboxState> unchanged, long began)
    {
        foreach (var mailbox in unchanged)
        {
            mailbox.LookedAt = mailbox.LookedAt is { } looked && looked > began ? looked : began;
        }
        _settlement.Poke();
    }

    private async Task<bool> LookOnAsync(MailboxState mailbox, ISessionRunner runner)
    {
        var room = AnswerBudget.Small;
        IDisposable? share = null;
        try
        {
            for (var (settled, isComplete) = (false, false); ;)
            {
                var path = mailbox.Path;
                var known = isComplete ? KnownMailbox.Nothing : mailbox.Known;
                var began = _pool.Time.GetTimestamp();
                // This runs on another thread than the actor's: the flags of many messages take long to parse.
                var view = await runner.RunAsync(path, repeatable: true, session => Task.Run(() => session.Quirks.Fatal.RunAsync(session, FatalCommands.Select, path, () => MailboxLook.AtAsync(session, path, known, room))), CancellationToken.None);
                if (view.Needed is { } needed)
                {
                    // No session is in use during this wait. The budget has space for some more messages, because mail may arrive meanwhile.
                    share?.Dispose();
                    share = await _pool.Answers.EnterAsync(_directory, room = needed + needed / 4, CancellationToken.None);
                    continue;
                }
                if (!isComplete && IsRestored(mailbox, view))
                {
                    isComplete = true;
                    continue;
                }
                if (!settled && mailbox.UidValidity != 0 && view.UidValidity != mailbox.UidValidity && (mailbox.Server.Count > 0 || view.Exists > 0))
                {
                    // The listing comes before the messages are given up: the mailbox may have been renamed, and another one created with its name.
                    settled = true;
                    await tree.ListAsync(runner, CancellationToken.None);
                }
                if (mailbox.IsVirtual is null && view.Exists > 0)
                {
                    mailbox.IsVirtual = await runner.RunAsync(path, repeatable: true, session => VirtualMailbox.IsAtAsync(session, path), CancellationToken.None);
                }
                _directory.Demand(mailbox);
                if (mailbox.Path == path)
                {
                    await ApplyAsync(mailbox, view, runner);
                    mailbox.LookedAt = began;
                    if (_commits.Unread.Count > 0)
                    {
                        // The caller that waits for this refresh must see what it has found.
                        await _settlement.SettleAllAsync();
                    }
                    _settlement.Poke();
                    return true;
                }
            }
        }
        finally
        {
            share?.Dispose();
        }
    }

    /// <summary>
    /// True if the mail server was restored from a backup. Otherwise UIDNEXT never decreases under the same UIDVALIDITY (RFC 3501 section 2.3.1.1). After a restore the server gives the same uids
    /// a second time, so no known uid can be trusted.
    /// </summary>
    private static bool IsRestored(MailboxState mailbox, MailboxView view) => view.UidValidity == mailbox.UidValidity && view.UidNext != 0 && view.UidNext < mailbox.UidNext;

    /// <summary>
    /// Accepts a new UIDVALIDITY if no message of the mailbox is known, because then its uids had no meaning. Some servers give an empty mailbox another UIDVALIDITY each time it is opened (Courier).
    /// The caller holds the lock of the mailbox.
    /// </summary>
    /// <returns>False if the mailbox has to be read again. Until then uids of this UIDVALIDITY are of no use.</returns>
    public async Task<bool> AdoptAsync(MailboxState mailbox, uint uidValidity)
    {
        if (mailbox.UidValidity == uidValidity)
        {
            return true;
        }
        if (mailbox.Index.Count > 0 || mailbox.Server.Count > 0 || _directory.Unmatched(mailbox).Count > 0)
        {
            return false;
        }
        await _commits.SetAsideAsync(mailbox, uidValidity);
        return true;
    }

    private async Task ApplyAsync(MailboxState mailbox, MailboxView view, ISessionRunner runner)
    {
        if (mailbox.UidValidity != 0 && (view.UidValidity != mailbox.UidValidity || IsRestored(mailbox, view)))
        {
            await _commits.SetAsideAsync(mailbox, view.UidValidity);
        }
        if (_directory.Unmatched(mailbox) is { Count: > 0 } lost)
        {
            await RematchAsync(mailbox, lost, view, runner);
        }
        var known = mailbox.Server;
        var delta = await Task.Run(() => MailboxDiff.Compare(known, view));
        var silent = mailbox.LookedAt is null;
        foreach (var step in LookStep.Of(mailbox, delta, view))
        {
            silent |= step.Baseline.Count > 0;
            var read = step.Added.Count == 0 ? null
                : await headers.ReadAsync(mailbox.Counter, mailbox.Path, view.UidValidity, [.. step.Added.Select(seen => seen.Uid)], CancellationToken.None, runner);
            var write = step.WriteOf(mailbox, view, read);
            if (!step.IsEmpty || write.ChangesState)
            {
                await _commits.CommitAsync(write);
            }
        }
        if (mailbox.ComparedFrom != view.ComparedFrom)
        {
            Guard.Change();
        }
        mailbox.OlderLeft = view.OlderLeft;
        mailbox.ComparedFrom = view.ComparedFrom;
        if (silent)
        {
            fingerprints.Start();
        }
    }

    /// <summary>Searches for messages from before a new UIDVALIDITY among the present messages.</summary>
    private async Task RematchAsync(MailboxState mailbox, IReadOnlyList<MailboxState> lost, MailboxView view, ISessionRunner runner)
    {
        var (path, found) = (mailbox.Path, new Dictionary<uint, ulong>());
        foreach (var uids in view.Rows.Select(row => row.Uid).Distinct().Order().Chunk(IdentityFetch.Window))
        {
            foreach (var (uid, fingerprint) in await FingerprintFill.ReadAsync(runner, _pool, path, view.UidValidity, uids))
            {
                found[uid] = fingerprint;
            }
        }
        await _commits.RematchAsync(lost, mailbox, found);
        // What is lost for good does not need to wait.
        await _settlement.SettleAllAsync();
    }
}
