using ImapGateway.Changes;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Storage;

namespace ImapGateway.Sync;

/// <summary>
/// All mailboxes of one account: what is known of them, brought up to date against the server, written in one transaction with the owner's fence.
/// Belongs to the actor: single-threaded, but every await lets other requests in.
/// </summary>
public sealed partial class AccountMailboxes(AccountWriter writer, ImapPool pool, IDatabase database, ILogger log)
{
    private const int MostNamed = 20;

    private readonly MailboxDirectory _directory = new(writer.Incarnation, writer.Counters.NextCounter);
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly Turn _commit = new();
    private readonly Turn _listing = new();
    private bool _listed;

    public string Incarnation => writer.Incarnation;

    public ImapPool Pool => pool;

    /// <summary>Who looks for changes without being asked.</summary>
    public IMailboxWatch Watch { get; set; } = NoWatch.Instance;

    public IReadOnlyCollection<MailboxState> All => _directory.All;

    public MailboxState? AtPath(string path) => _directory.AtPath(path);

    public IReadOnlyDictionary<string, MailboxState> ByPath() => _directory.ByPath();

    public (MailboxState Mailbox, IndexRow Row) FindMessage(string id) => _directory.FindMessage(id);

    /// <summary>Reads what storage has. Where it has lost a part of an index, the mailbox is indexed anew, and the ids of its messages are gone.</summary>
    public async Task LoadAsync(CancellationToken cancel)
    {
        foreach (var (mailbox, damage) in await database.ReadAsync((db, token) => MailboxStore.LoadAsync(db, Incarnation, token), cancel))
        {
            if (damage is not null)
            {
                LogLost(mailbox.Id, damage);
            }
            _directory.Add(mailbox);
        }
        _listed = All.Count > 0;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The index of mailbox {Mailbox} is damaged; it is made anew and its messages get new ids: {Reason}")]
    private partial void LogLost(string mailbox, string reason);

    /// <summary>Asks the server for all mailboxes and counters, and brings what is known in line.</summary>
    public Task<IReadOnlyCollection<MailboxState>> ListAsync(CancellationToken cancel) => ListAsync(pool, cancel);

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
        await ListInTurnAsync(pool, await change(), CancellationToken.None);
    }

    /// <summary>Deletes a mailbox; when this returns, it and the ids of its messages are gone.</summary>
    public async Task RemoveAsync(MailboxState mailbox, Func<Task> delete, CancellationToken cancel)
    {
        using var turn = await _listing.EnterAsync(cancel);
        await delete();
        await CommitTreeAsync(new MailboxTreeDelta([], [], [mailbox]), new Dictionary<string, Role>(), CancellationToken.None);
    }

    /// <summary>Asks the server for one mailbox alone, unless all cost no more.</summary>
    public async Task CountAsync(MailboxState mailbox, CancellationToken cancel)
    {
        var path = mailbox.Path;
        var seen = await RunWhereItIsAsync(
            pool,
            [mailbox],
            repeatable: true,
            () => pool.RunAsync(null, repeatable: true, async session => MailboxListing.IsCheap(session) ? null : await MailboxListing.OneAsync(session, mailbox.Listed), cancel),
            cancel);
        if (seen?.Counters is { } counters && seen.Path == mailbox.Path && (mailbox.UidValidity == 0 || counters.UidValidity == mailbox.UidValidity))
        {
            mailbox.Listed = seen;
            return;
        }
        await ListAsync(cancel);
        _directory.Demand(mailbox);
    }

    private async Task ListInTurnAsync(ISessionRunner runner, MailboxRenaming? renaming, CancellationToken cancel)
    {
        var (seen, hasObjectIds) = await runner.RunAsync(
            null, repeatable: true, async session => (await MailboxListing.AllAsync(session), session.Capabilities.HasFlag(MailKit.Net.Imap.ImapCapabilities.ObjectID)), cancel);
        var proofs = new Dictionary<string, MailboxProof>(StringComparer.Ordinal);
        var doubtful = MailboxTree.Doubtful(All, seen, renaming);
        if (doubtful.Count > 0)
        {
            await ProveAsync(runner, proofs, doubtful, uids: true, cancel);
        }
        if (hasObjectIds)
        {
            var unnamed = Unnamed(seen).Where(path => !proofs.ContainsKey(path) && !_asked.Contains(path)).Take(MostNamed).ToList();
            await ProveAsync(runner, proofs, unnamed, uids: false, cancel);
            _asked.UnionWith(unnamed);
        }
        await CommitTreeAsync(MailboxTree.Compare(All, seen, proofs, renaming), Roles.Assign(seen), cancel, proofs);
        _listed = true;
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

    /// <summary>Looks at the mailbox: when this returns, the index shows everything that was so when it was called. Looks are shared.</summary>
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
            await RunWhereItIsAsync(pool, [mailbox], repeatable: true, () => LookOnAsync(mailbox, pool), CancellationToken.None);
        }
    }

    /// <summary>Looks at the mailbox on a session of the caller's own; shared with nobody, so that a pool which is busy delays nothing.</summary>
    public async Task LookAsync(MailboxState mailbox, ISessionRunner runner)
    {
        using var turn = await mailbox.Turn.EnterAsync(CancellationToken.None);
        await RunWhereItIsAsync(runner, [mailbox], repeatable: true, () => LookOnAsync(mailbox, runner), CancellationToken.None);
    }

    private async Task<bool> LookOnAsync(MailboxState mailbox, ISessionRunner runner)
    {
        for (var settled = false; ;)
        {
            var path = mailbox.Path;
            var known = mailbox.Known;
            var began = pool.Time.GetTimestamp();
            // Away from the actor: the flags of many messages take long to understand.
            var view = await runner.RunAsync(path, repeatable: true, session => Task.Run(() => MailboxLook.AtAsync(session, path, known)), CancellationToken.None);
            if (!settled && mailbox.UidValidity != 0 && view.UidValidity != mailbox.UidValidity)
            {
                // Before the messages are given up: the mailbox may have been renamed and another one made in its place.
                settled = true;
                await ListAsync(runner, CancellationToken.None);
            }
            _directory.Demand(mailbox);
            if (mailbox.Path == path)
            {
                await ApplyAsync(mailbox, view, CancellationToken.None);
                mailbox.LookedAt = began;
                return true;
            }
        }
    }

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
            return await RunWhereItIsAsync(pool, inOrder, repeatable: false, work, cancel);
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
        while (true)
        {
            var (mailbox, _) = FindMessage(id);
            var (found, result) = await AloneAsync(
                other is null ? [mailbox] : [mailbox, other],
                async () => FindMessage(id) is var (now, row) && now == mailbox ? (true, await work(mailbox, row)) : (false, default!),
                cancel);
            if (found)
            {
                return result;
            }
        }
    }

    private async Task ApplyAsync(MailboxState mailbox, MailboxView view, CancellationToken cancel)
    {
        // A new UIDVALIDITY (RFC 3501 section 2.3.1.1): no uid means what it meant before, all is indexed anew.
        var known = view.UidValidity == mailbox.UidValidity ? mailbox.Index : MailboxIndex.Empty;
        var delta = await Task.Run(() => MailboxDiff.Compare(known, view), cancel);
        var write = MailboxWrite.Of(mailbox, known, delta, view);
        if (!delta.IsEmpty || write.ChangesState)
        {
            await CommitAsync([write], cancel);
        }
        mailbox.OlderLeft = view.OlderLeft;
        mailbox.ComparedFrom = view.ComparedFrom;
    }

    /// <summary>
    /// Where the server does not tell what changed, flags older than the window of a look are asked for by name: what is shown of these messages is right, too.
    /// </summary>
    /// <param name="uidValidity">The one that the uids belong to.</param>
    public async Task CompareAsync(MailboxState mailbox, uint uidValidity, IReadOnlyCollection<uint> uids, CancellationToken cancel)
    {
        var older = uids.Where(uid => uid < mailbox.ComparedFrom).ToList();
        if (older.Count > 0)
        {
            await AloneAsync([mailbox], () => CompareOlderAsync(mailbox, uidValidity, older, cancel), cancel);
        }
    }

    private async Task<bool> CompareOlderAsync(MailboxState mailbox, uint uidValidity, IReadOnlyCollection<uint> uids, CancellationToken cancel)
    {
        var path = mailbox.Path;
        var rows = await pool.RunAsync(path, repeatable: true, session => MailboxLook.FlagsOfAsync(session, path, uidValidity, uids), cancel);
        if (mailbox.UidValidity != uidValidity)
        {
            return false;
        }
        var seen = rows.ToDictionary(row => row.Uid);
        var changed = mailbox.Index.Find(uids.Order())
            .Where(row => seen.TryGetValue(row.Uid, out var now) && !now.Flags.Equals(row.Flags))
            .Select(row => row with { Flags = seen[row.Uid].Flags })
            .ToList();
        if (changed.Count > 0)
        {
            await CommitAsync([new MailboxWrite(mailbox, mailbox.Index, changed, [])], CancellationToken.None);
        }
        return true;
    }

    /// <summary>
    /// Writes what has become of mailboxes in one transaction and then, and only then, changes memory. New rows have id 0 and get one here.
    /// A mailbox that is no more is left out.
    /// </summary>
    public async Task CommitAsync(IReadOnlyList<MailboxWrite> writes, CancellationToken cancel)
    {
        using var turn = await _commit.EnterAsync(cancel);
        var first = _directory.NextCounter;
        var known = writes.Where(write => _directory.Knows(write.Mailbox)).ToList();
        var (updates, counter) = known.Sum(write => write.Upserts.Count) > MailboxIndex.DefaultPageSize ? await Task.Run(() => Rewrite(known, first), cancel) : Rewrite(known, first);
        await writer.WriteAsync(
            counter,
            [],
            async (db, token) =>
            {
                foreach (var (write, update) in updates)
                {
                    await MailboxStore.WriteAsync(db, Incarnation, write, update, token);
                }
            },
            cancel);
        _directory.NextCounter = counter;
        foreach (var (write, update) in updates)
        {
            write.Mailbox.Index = update.Index;
            write.Mailbox.UidValidity = write.UidValidity;
            write.Mailbox.UidNext = write.UidNext;
            write.Mailbox.HighestModSeq = write.HighestModSeq;
            write.Mailbox.Precision = write.Precision;
            write.Mailbox.ObjectId = write.ObjectId;
        }
    }

    /// <summary>Writes changes that are about the account itself, with the state that they tell of.</summary>
    public async Task CommitChangesAsync(IReadOnlyList<Change> changes, Func<GatewayDbContext, CancellationToken, Task> state, CancellationToken cancel)
    {
        using var turn = await _commit.EnterAsync(cancel);
        await writer.WriteAsync(_directory.NextCounter, changes, state, cancel);
    }

    /// <summary>Of the last change that is committed: whoever has read an index now misses nothing that comes after it.</summary>
    public long Sequence => writer.Counters.Sequence;

    private static (List<(MailboxWrite Write, IndexUpdate Update)> Updates, ulong NextCounter) Rewrite(List<MailboxWrite> writes, ulong counter)
    {
        var updates = new List<(MailboxWrite, IndexUpdate)>(writes.Count);
        foreach (var write in writes)
        {
            var rows = write.Upserts.Select(row => row.Id == 0 ? row with { Id = counter++ } : row);
            updates.Add((write, IndexSteps.Apply(write.Index, rows, write.Removed)));
        }
        return (updates, counter);
    }

    private async Task CommitTreeAsync(
        MailboxTreeDelta delta, IReadOnlyDictionary<string, Role> roles, CancellationToken cancel, IReadOnlyDictionary<string, MailboxProof>? proofs = null)
    {
        using var turn = await _commit.EnterAsync(cancel);
        var counter = _directory.NextCounter;
        var states = delta.Kept
            .Select(pair => (State: pair.Known, pair.Seen))
            .Concat(delta.Added.Select(seen => (State: new MailboxState(Incarnation, counter++) { Listed = seen, Role = null }, Seen: seen)))
            .Select(pair => new ListedWrite(
                pair.State,
                pair.Seen,
                roles.TryGetValue(pair.Seen.Path, out var role) ? role : null,
                proofs?.GetValueOrDefault(pair.Seen.Path)?.ObjectId ?? pair.State.ObjectId))
            .ToList();
        var changed = states.Where(one => !_directory.Knows(one.Mailbox) || one.Mailbox.Role != one.Role || one.Mailbox.ObjectId != one.ObjectId || Stored(one.Mailbox.Listed) != Stored(one.Seen)).ToList();
        if (changed.Count > 0 || delta.Removed.Count > 0)
        {
            await writer.WriteAsync(
                counter,
                [],
                async (db, token) =>
                {
                    await MailboxStore.WriteAsync(db, Incarnation, changed, token);
                    await MailboxStore.RemoveAsync(db, Incarnation, [.. delta.Removed.Select(mailbox => (long)mailbox.Counter)], token);
                },
                cancel);
        }
        _directory.NextCounter = counter;
        var left = delta.Removed.Concat(delta.Kept.Where(pair => pair.Known.Path != pair.Seen.Path).Select(pair => pair.Known)).Select(mailbox => mailbox.Path).ToHashSet(StringComparer.Ordinal);
        foreach (var (state, seen, role, objectId) in states)
        {
            state.Listed = seen;
            state.Role = role;
            state.ObjectId = objectId;
            _directory.Add(state);
        }
        foreach (var mailbox in delta.Removed)
        {
            _directory.Remove(mailbox);
        }
        if (left.Count > 0)
        {
            pool.Retire(left.Contains);
        }
    }

    private static ListedMailbox Stored(ListedMailbox mailbox) => mailbox with { Counters = null, SpecialUse = null, Personal = true };
}
