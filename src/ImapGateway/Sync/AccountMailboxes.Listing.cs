using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>Which mailboxes there are.</summary>
public sealed partial class AccountMailboxes
{
    private const int MostNamed = 20;

    /// <summary>Listings in a row of which each shows another mailbox whose STATUS ends the connection.</summary>
    private const int MostListings = 8;

    /// <summary>A listing waits so long for a mailbox whose STATUS is tried again; the others are not to wait for a server that is silent about this one.</summary>
    private static readonly TimeSpan RetryPatience = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Task> _retries = new(StringComparer.Ordinal);

    /// <summary>Asks the server for all mailboxes and counters, and brings what is known in line.</summary>
    public Task<IReadOnlyCollection<MailboxState>> ListAsync(CancellationToken cancel) => ListAsync(_pool, cancel);

    /// <summary>The same on another session than the pool's.</summary>
    public async Task<IReadOnlyCollection<MailboxState>> ListAsync(ISessionRunner runner, CancellationToken cancel)
    {
        using var turn = await _listing.EnterAsync(cancel);
        await ListInTurnAsync(runner, null, cancel);
        return All;
    }

    /// <summary>Changes which mailboxes there are, and knows the outcome when it returns. No listing that began before can undo what it shows.</summary>
    /// <param name="change">Gives the rename it has done, if it was one.</param>
    public async Task ChangeTreeAsync(Func<Task<MailboxRenaming?>> change, CancellationToken cancel)
    {
        using var turn = await _listing.EnterAsync(cancel);
        await ListInTurnAsync(_pool, await change(), CancellationToken.None);
    }

    /// <summary>Deletes a mailbox; when this returns, it and the ids of its messages are gone.</summary>
    public async Task RemoveAsync(MailboxState mailbox, Func<Task> delete, CancellationToken cancel)
    {
        using var turn = await _listing.EnterAsync(cancel);
        await delete();
        await CommitTreeAsync(new MailboxTreeDelta([], [], [mailbox]), null, null, gone: true, CancellationToken.None);
    }

    /// <summary>Asks the server for one mailbox alone, unless all cost no more.</summary>
    public async Task CountAsync(MailboxState mailbox, CancellationToken cancel)
    {
        var path = mailbox.Path;
        var seen = await RunWhereItIsAsync(
            _pool,
            [mailbox],
            repeatable: true,
            () => _pool.RunAsync(null, repeatable: true, async session => MailboxListing.IsCheap(session) ? null : await MailboxListing.OneAsync(session, mailbox.Listed), cancel),
            cancel);
        if (seen?.Counters is { } counters && seen.Path == mailbox.Path && (mailbox.UidValidity == 0 || counters.UidValidity == mailbox.UidValidity))
        {
            mailbox.Listed = seen;
            Guard.Change();
            return;
        }
        await ListAsync(cancel);
        _directory.Demand(mailbox);
    }

    private async Task ListInTurnAsync(ISessionRunner runner, MailboxRenaming? renaming, CancellationToken cancel)
    {
        var began = _pool.Time.GetTimestamp();
        _pool.Renew();
        var (list, proofs) = await ReadTreeAsync(runner, renaming, cancel);
        var seen = list.Mailboxes;
        _pool.Fatal.Keep(seen.Select(one => one.Path).ToHashSet(StringComparer.Ordinal));
        await CommitTreeAsync(MailboxTree.Compare(All, seen, proofs, renaming), Roles.Assign(seen), proofs, gone: false, cancel);
        _listed = true;
        _treeListed = began;
        LimitReached = list.LeftOut > 0 ? new Problem(
            ErrorCode.AccountMailboxLimit,
            $"The mail server lists more than {list.Most} mailboxes (Imap:MaxMailboxes). The account has the inbox, the mailboxes with a role and the first ones of the others; the rest are neither shown nor watched.") : null;
        await (Limited?.Invoke(LimitReached) ?? Task.CompletedTask);
    }

    /// <summary>Lists again where a mailbox has ended the connection: it is left out of what is asked then.</summary>
    private async Task<(MailboxList List, Dictionary<string, MailboxProof> Proofs)> ReadTreeAsync(ISessionRunner runner, MailboxRenaming? renaming, CancellationToken cancel)
    {
        var proofs = new Dictionary<string, MailboxProof>(StringComparer.Ordinal);
        for (var listings = 1; ; listings++)
        {
            await RetryCountsAsync(cancel);
            var failures = _pool.Fatal.Failures;
            bool MayListAgain() => _pool.Fatal.Failures > failures && listings < MostListings;
            try
            {
                var list = await ReadTreeOnceAsync(runner, renaming, proofs, cancel);
                if (!MayListAgain())
                {
                    return (list, proofs);
                }
            }
            catch (ProblemException) when (runner == _pool && MayListAgain())
            {
                // The next listing does without what has failed.
            }
        }
    }

    /// <param name="proofs">Mailboxes that had to be opened are added to it.</param>
    private async Task<MailboxList> ReadTreeOnceAsync(ISessionRunner runner, MailboxRenaming? renaming, Dictionary<string, MailboxProof> proofs, CancellationToken cancel)
    {
        var known = Kept(renaming);
        var (list, hasObjectIds) = await runner.RunAsync(
            null, repeatable: true, async session => (await MailboxListing.AllAsync(session, known), session.Capabilities.HasFlag(MailKit.Net.Imap.ImapCapabilities.ObjectID)), cancel);
        var doubtful = MailboxTree.Doubtful(All, list.Mailboxes, renaming);
        if (doubtful.Count > 0)
        {
            await ProveAsync(runner, proofs, doubtful, uids: true, cancel);
        }
        if (hasObjectIds)
        {
            var unnamed = Unnamed(list.Mailboxes).Where(path => !proofs.ContainsKey(path) && !_asked.Contains(path)).Take(MostNamed).ToList();
            await ProveAsync(runner, proofs, unnamed, uids: false, cancel);
            _asked.UnionWith(unnamed);
        }
        return list;
    }

    /// <summary>
    /// Mailboxes whose STATUS has ended a connection are counted again when it is time to, each on a connection of the pool on which nothing else depends. A server that is silent is waited for in the background.
    /// </summary>
    private async Task RetryCountsAsync(CancellationToken cancel)
    {
        foreach (var path in _pool.Fatal.MailboxesOf(FatalCommands.Status).Where(path => !_retries.ContainsKey(path) && _pool.Fatal.PauseOf(FatalCommands.Status, path) == TimeSpan.Zero))
        {
            _retries[path] = RetryCountAsync(path);
        }
        if (_retries.Count > 0)
        {
            await Task.WhenAny(Task.WhenAll(_retries.Values), Task.Delay(RetryPatience, _pool.Time, cancel));
        }
    }

    private async Task RetryCountAsync(string path)
    {
        try
        {
            await Task.Yield();
            await _pool.RunAsync(null, repeatable: false, session => MailboxListing.RetryAsync(session, path), CancellationToken.None);
        }
        catch (ProblemException)
        {
            // It is remembered, or the account as a whole has a problem.
        }
        finally
        {
            _retries.Remove(path);
        }
    }

    /// <summary>Not null: the server lists more mailboxes than an account can have, by the last listing.</summary>
    public Problem? LimitReached { get; private set; }

    /// <summary>Called after each listing with <see cref="LimitReached"/>.</summary>
    public Func<Problem?, Task>? Limited { get; set; }

    /// <summary>Mailboxes that a listing must not leave out: the others of a server that lists too many would take their places, and clients would be told that they are gone.</summary>
    public ListingLimit.Known Kept(MailboxRenaming? renaming = null)
    {
        // On another thread than the actor's: what is read there must not change.
        var order = InOrder;
        Func<string, bool> has = path => order.AtPath(path) is not null;
        if (renaming is not null)
        {
            has = order.Mailboxes.Select(mailbox => renaming.PathNow(mailbox.Path)).ToHashSet(StringComparer.Ordinal).Contains;
        }
        return new ListingLimit.Known(order.Mailboxes.Count, has, name => RoleNames.Find(name) is not null);
    }

    private static async Task ProveAsync(ISessionRunner runner, Dictionary<string, MailboxProof> proofs, IReadOnlyCollection<string> paths, bool uids, CancellationToken cancel)
    {
        if (paths.Count == 0)
        {
            return;
        }
        foreach (var (path, proof) in await runner.RunAsync(null, repeatable: true, session => MailboxListing.ProveAsync(session, paths, uids), cancel))
        {
            proofs[path] = proof;
        }
    }

    /// <summary>Mailboxes whose MAILBOXID is not known yet: only opening them tells it, so each listing asks some, and each of them once.</summary>
    private IEnumerable<string> Unnamed(IReadOnlyList<ListedMailbox> seen)
    {
        var named = All.Where(mailbox => mailbox.ObjectId is not null).Select(mailbox => mailbox.Path).ToHashSet(StringComparer.Ordinal);
        return seen.Where(one => one.Selectable && !named.Contains(one.Path)).Select(one => one.Path);
    }

    /// <summary>The mailbox a client means.</summary>
    /// <exception cref="ProblemException">404 where it never was, 410 where it is gone.</exception>
    public async Task<MailboxState> ResolveAsync(MailboxRef mailbox, CancellationToken cancel)
    {
        if (!_listed)
        {
            await ListAsync(cancel);
        }
        if (_directory.Find(mailbox) is { } known)
        {
            return known;
        }
        if (mailbox.Id is not null)
        {
            throw _directory.Unknown(mailbox.Id, ObjectId.Mailbox, "mailbox");
        }
        await ListAsync(cancel);
        return _directory.Find(mailbox) ?? throw new ProblemException(ErrorCode.NotFound, mailbox.Role is null ? "There is no mailbox at this path." : "No mailbox of the account has this role.");
    }

    private async Task CommitTreeAsync(
        MailboxTreeDelta delta, IReadOnlyDictionary<string, Role>? roles, IReadOnlyDictionary<string, MailboxProof>? proofs, bool gone, CancellationToken cancel)
    {
        var left = await _commits.CommitTreeAsync(delta, roles, proofs, first: !_listed, gone, cancel);
        if (left.Count > 0)
        {
            _pool.Retire(left.Contains);
        }
        await _settlement.SettleAllAsync();
        _settlement.Poke();
    }
}
