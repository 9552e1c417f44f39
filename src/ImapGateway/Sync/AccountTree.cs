using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>
/// The list of mailboxes of one account: LIST and STATUS, creation, renaming and deletion.
/// This class belongs to the actor: it is single-threaded, but other requests run during every await.
/// </summary>
public sealed class AccountTree(MailboxParts parts)
{
    private const int MostNamed = 20;

    /// <summary>The largest number of listings in a row when each of them finds another mailbox whose STATUS ends the connection.</summary>
    private const int MostListings = 8;

    /// <summary>The time that a listing waits for a mailbox whose STATUS is tried again. The other mailboxes do not wait for a server that is silent about this one.</summary>
    private static readonly TimeSpan RetryPatience = TimeSpan.FromSeconds(1);

    private readonly MailboxDirectory _directory = parts.Directory;
    private readonly MailboxCommits _commits = parts.Commits;
    private readonly Settlement _settlement = parts.Settlement;
    private readonly ImapPool _pool = parts.Pool;
    private readonly Dictionary<string, Task> _retries = new(StringComparer.Ordinal);
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly Turn _listing = new();

    /// <summary>True if a complete list of the mailboxes is known.</summary>
    public bool IsListed { get; private set; }

    /// <summary>The start of the last listing as a <see cref="TimeProvider.GetTimestamp"/>, or null if there was none since the account was opened.</summary>
    public long? ListedAt { get; private set; }

    private IReadOnlyCollection<MailboxState> All => _directory.All;

    /// <summary>Records that the mailboxes were loaded from storage.</summary>
    /// <param name="isListed">True if they are the complete list.</param>
    public void Loaded(bool isListed) => IsListed = isListed;

    /// <summary>Asks the server for all mailboxes and counters, and updates what is known.</summary>
    public Task<IReadOnlyCollection<MailboxState>> ListAsync(CancellationToken cancel) => ListAsync(_pool, cancel);

    /// <summary>Asks the server for all mailboxes and counters on another session than the pool's, and updates what is known.</summary>
    public async Task<IReadOnlyCollection<MailboxState>> ListAsync(ISessionRunner runner, CancellationToken cancel)
    {
        using var turn = await _listing.EnterAsync(cancel);
        await ListInTurnAsync(runner, null, cancel);
        return All;
    }

    /// <summary>Runs a change of the list of mailboxes, and lists them again before it returns. A listing that began earlier cannot undo the result.</summary>
    /// <param name="change">Makes the change, and returns the rename if it was one.</param>
    public async Task ChangeAsync(Func<Task<MailboxRenaming?>> change, CancellationToken cancel)
    {
        using var turn = await _listing.EnterAsync(cancel);
        await ListInTurnAsync(_pool, await change(), CancellationToken.None);
    }

    /// <summary>Deletes a mailbox. When this method returns, the mailbox and the ids of its messages are gone.</summary>
    public async Task RemoveAsync(MailboxState mailbox, Func<Task> delete, CancellationToken cancel)
    {
        using var turn = await _listing.EnterAsync(cancel);
        await delete();
        await CommitTreeAsync(new MailboxTreeDelta([], [], [mailbox]), null, null, gone: true, CancellationToken.None);
    }

    /// <summary>Asks the server for the counters of one mailbox, unless a listing of all mailboxes costs no more.</summary>
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
            parts.Guard.Change();
            return;
        }
        await ListAsync(cancel);
        _directory.Demand(mailbox);
    }

    /// <summary>
    /// Runs work that needs mailboxes of the server. If it fails because a mailbox is not at its path, the account is listed again: a renamed mailbox is
    /// followed, and a deleted one is reported as gone.
    /// </summary>
    /// <param name="repeatable">Whether the work may run again after the connection broke in the middle. It may always run again after a mailbox was not found.</param>
    /// <exception cref="ProblemException"><see cref="ErrorCode.Gone"/> if a mailbox no longer exists.</exception>
    public async Task<T> RunWhereItIsAsync<T>(
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

    private async Task ListInTurnAsync(ISessionRunner runner, MailboxRenaming? renaming, CancellationToken cancel)
    {
        var began = _pool.Time.GetTimestamp();
        _pool.Renew();
        var (list, proofs) = await ReadTreeAsync(runner, renaming, cancel);
        var seen = list.Mailboxes;
        _pool.Fatal.Keep(seen.Select(one => one.Path).ToHashSet(StringComparer.Ordinal));
        await CommitTreeAsync(MailboxTree.Compare(All, seen, proofs, renaming), Roles.Assign(seen), proofs, gone: false, cancel);
        IsListed = true;
        ListedAt = began;
        LimitReached = list.LeftOut > 0 ? new Problem(
            ErrorCode.AccountMailboxLimit,
            $"The mail server lists more than {list.Most} mailboxes (Imap:MaxMailboxes). The account has the inbox, the mailboxes with a role and the first ones of the others; the rest are neither shown nor watched.") : null;
        await (Limited?.Invoke(LimitReached) ?? Task.CompletedTask);
    }

    /// <summary>Reads the list of mailboxes, and reads it again if a mailbox has ended the connection. The next listing does not ask about that mailbox.</summary>
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
                // The next listing leaves out the mailbox that has failed.
            }
        }
    }

    /// <param name="proofs">The dictionary that receives the mailboxes that had to be opened.</param>
    private async Task<MailboxList> ReadTreeOnceAsync(ISessionRunner runner, MailboxRenaming? renaming, Dictionary<string, MailboxProof> proofs, CancellationToken cancel)
    {
        var (list, hasObjectIds) = await ListOnceAsync(runner, renaming, cancel);
        if (MailboxTree.IsAnyMissing(All, list.Mailboxes, renaming))
        {
            // LIST is no snapshot: a mailbox that another client renames meanwhile can be missing under both names. What only one listing lacks is not gone.
            (list, hasObjectIds) = await ListOnceAsync(runner, renaming, cancel);
        }
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

    private Task<(MailboxList List, bool HasObjectIds)> ListOnceAsync(ISessionRunner runner, MailboxRenaming? renaming, CancellationToken cancel)
    {
        var known = Kept(renaming);
        return runner.RunAsync(
            null, repeatable: true, async session => (await MailboxListing.AllAsync(session, known), session.Capabilities.HasFlag(MailKit.Net.Imap.ImapCapabilities.ObjectID)), cancel);
    }

    /// <summary>
    /// Counts mailboxes again whose STATUS has ended a connection, when their pause is over. Each has a connection of the pool on which nothing else depends. If the server is silent, the wait
    /// continues in the background.
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
            // The failure is remembered, or the account as a whole has a problem.
        }
        finally
        {
            _retries.Remove(path);
        }
    }

    /// <summary>The problem that the last listing had more mailboxes than an account can have, or null.</summary>
    public Problem? LimitReached { get; private set; }

    /// <summary>The callback that receives <see cref="LimitReached"/> after each listing.</summary>
    public Func<Problem?, Task>? Limited { get; set; }

    /// <summary>Returns the mailboxes that a listing must not leave out. On a server that lists too many, other mailboxes would take their places, and clients would be informed that they are gone.</summary>
    public ListingLimit.Known Kept(MailboxRenaming? renaming = null)
    {
        // The listing reads this on another thread than the actor's, so it uses an object that does not change.
        var order = _directory.InOrder;
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

    /// <summary>Returns the mailboxes whose MAILBOXID is not known yet. The server reports it only when the mailbox is opened, so each listing asks for some of them, and for each only once.</summary>
    private IEnumerable<string> Unnamed(IReadOnlyList<ListedMailbox> seen)
    {
        var named = All.Where(mailbox => mailbox.ObjectId is not null).Select(mailbox => mailbox.Path).ToHashSet(StringComparer.Ordinal);
        return seen.Where(one => one.Selectable && !named.Contains(one.Path)).Select(one => one.Path);
    }

    /// <summary>Returns the mailbox that a client means.</summary>
    /// <exception cref="ProblemException">404 if the mailbox never existed, 410 if it is gone.</exception>
    public async Task<MailboxState> ResolveAsync(MailboxRef mailbox, CancellationToken cancel)
    {
        if (!IsListed)
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
        var left = await _commits.CommitTreeAsync(delta, roles, proofs, first: !IsListed, gone, cancel);
        if (left.Count > 0)
        {
            _pool.Retire(left.Contains);
        }
        await _settlement.SettleAllAsync();
        _settlement.Poke();
    }
}
