using ImapGateway.Cache;
using ImapGateway.Changes;
using ImapGateway.Http;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Storage;

namespace ImapGateway.Sync;

/// <summary>
/// All mailboxes of one account: what is known of them, brought up to date against the server, written in one transaction with the owner's fence.
/// Belongs to the actor: single-threaded, but every await lets other requests in.
/// </summary>
public sealed partial class AccountMailboxes
{
    private const int MostNamed = 20;

    /// <summary>How often a request follows a message that others move about.</summary>
    private const int MostFollowed = 5;

    /// <summary>Beyond the window, for the looks that have to come before it is over.</summary>
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(3);

    private readonly MailboxDirectory _directory;
    private readonly MailboxCommits _commits;
    private readonly Settlement _settlement;
    private readonly FingerprintFill _fingerprints;
    private readonly MoveWindow _window;
    private readonly AccountWriter _writer;
    private readonly ImapPool _pool;
    private readonly HeaderReader _headers;
    private readonly IDatabase _database;
    private readonly ILogger _log;
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly Turn _listing = new();
    private bool _listed;

    /// <summary>Of this activation: versions are counted in memory alone, and storage may be an older copy of itself.</summary>
    private readonly string _epoch = ObjectId.NewIncarnation();

    public AccountMailboxes(AccountWriter writer, ImapPool pool, HeaderReader headers, IDatabase database, TimeSpan moveWindow, ILogger log)
    {
        (_writer, _pool, _headers, _database, _log) = (writer, pool, headers, database, log);
        _window = new MoveWindow(moveWindow, _pool.Time);
        _directory = new MailboxDirectory(writer.Incarnation, writer.Counters.NextCounter);
        _commits = new MailboxCommits(_directory, writer, headers, _window);
        _settlement = new Settlement(_directory, _commits, headers, _window, log);
        _fingerprints = new FingerprintFill(_directory, _commits, pool, log);
    }

    public string Incarnation => _writer.Incarnation;

    public ImapPool Pool => _pool;

    /// <summary>Of the last change that memory shows: whoever has read an index now misses nothing that comes after it.</summary>
    public long Sequence => _commits.Sequence;

    /// <summary>The same as clients keep it.</summary>
    public string FeedPosition => Changes.FeedPosition.OfAccount(Incarnation, Sequence);

    /// <summary>The same as long as no list of the mailbox's messages can have changed.</summary>
    public string StateOf(MailboxState mailbox) => EntityTags.Digest($"{mailbox.Id} {_epoch} {mailbox.UidValidity} {mailbox.Version} {mailbox.ComparedFrom}");

    /// <summary>The same as long as a message is shown in the same way: where it is, and its flags.</summary>
    public static string StateOf(MailboxState mailbox, IndexRow row) => EntityTags.Digest($"{mailbox.Id} {mailbox.UidValidity} {row.Uid} {row.Id} {row.ModSeq} {row.Flags}");

    /// <summary>Who looks for changes without being asked.</summary>
    public IMailboxWatch Watch
    {
        get => _commits.Watch;
        set => _commits.Watch = value;
    }

    public IReadOnlyCollection<MailboxState> All => _directory.All;

    public bool Knows(MailboxState mailbox) => _directory.Knows(mailbox);

    public MailboxState? AtPath(string path) => _directory.AtPath(path);

    public IReadOnlyDictionary<string, MailboxState> ByPath() => _directory.ByPath();

    /// <summary>Where a message is.</summary>
    /// <exception cref="ProblemException">See <see cref="MailboxDirectory.FindMessage"/>.</exception>
    public (MailboxState Mailbox, IndexRow Row) FindMessage(string id)
    {
        try
        {
            return _directory.FindMessage(id);
        }
        catch (ProblemException e) when (e.Code == ErrorCode.Unavailable)
        {
            // Perhaps nobody else asks for the look that will tell.
            foreach (var mailbox in All.Where(mailbox => _directory.Unmatched(mailbox).Count > 0))
            {
                _ = UpToDateAsync(mailbox, CancellationToken.None).ContinueWith(static look => look.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            }
            throw;
        }
    }

    /// <summary>Whether the server has the message no more, and it is not known yet what has become of it.</summary>
    public static bool IsLeaving(MailboxState mailbox, uint uid) => mailbox.LostSince is not null || mailbox.Leaving.ContainsKey(uid);

    /// <summary>Reads what storage has. Where it has lost a part of an index, the mailbox is indexed anew, and the ids of its messages are gone.</summary>
    public async Task LoadAsync(CancellationToken cancel)
    {
        foreach (var (mailbox, damage) in await _database.ReadAsync((db, token) => MailboxStore.LoadAsync(db, Incarnation, _window.Now, token), cancel))
        {
            if (damage is not null)
            {
                LogLost(_log, mailbox.Id, damage);
            }
            _directory.Add(mailbox);
        }
        _listed = All.Count > 0;
        _settlement.Poke();
    }

    /// <summary>Nothing is done any more that nobody has asked for.</summary>
    public void Stop()
    {
        _settlement.Stop();
        _fingerprints.Stop();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The index of mailbox {Mailbox} is damaged; it is made anew and its messages get new ids: {Reason}")]
    private static partial void LogLost(ILogger log, string mailbox, string reason);

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
        await CommitTreeAsync(MailboxTree.Compare(All, seen, proofs, renaming), Roles.Assign(seen), proofs, gone: false, cancel);
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
            await RunWhereItIsAsync(_pool, [mailbox], repeatable: true, () => LookOnAsync(mailbox, _pool), CancellationToken.None);
        }
    }

    /// <summary>Looks at the mailbox on a session of the caller's own; shared with nobody, so that a pool which is busy delays nothing.</summary>
    public async Task LookAsync(MailboxState mailbox, ISessionRunner runner)
    {
        using var turn = await mailbox.Turn.EnterAsync(CancellationToken.None);
        await RunWhereItIsAsync(runner, [mailbox], repeatable: true, () => LookOnAsync(mailbox, runner), CancellationToken.None);
    }

    /// <summary>The server has said since <paramref name="began"/> that these are as they are known to be: that counts as a look.</summary>
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
        for (var settled = false; ;)
        {
            var path = mailbox.Path;
            var known = mailbox.Known;
            var began = _pool.Time.GetTimestamp();
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
                await ApplyAsync(mailbox, view, runner);
                mailbox.LookedAt = began;
                if (_commits.Unread.Count > 0)
                {
                    // Whoever waits for this look is to see what it has found out.
                    await _settlement.SettleAllAsync();
                }
                _settlement.Poke();
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

    private async Task ApplyAsync(MailboxState mailbox, MailboxView view, ISessionRunner runner)
    {
        if (mailbox.UidValidity != 0 && view.UidValidity != mailbox.UidValidity)
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
            var headers = step.Added.Count == 0 ? null
                : await _headers.ReadAsync(mailbox.Counter, mailbox.Path, view.UidValidity, [.. step.Added.Select(seen => seen.Uid)], CancellationToken.None, runner);
            var write = step.WriteOf(mailbox, view, headers);
            if (!step.IsEmpty || write.ChangesState)
            {
                await _commits.CommitAsync(write);
            }
        }
        mailbox.OlderLeft = view.OlderLeft;
        mailbox.ComparedFrom = view.ComparedFrom;
        if (silent)
        {
            _fingerprints.Start();
        }
    }

    /// <summary>Messages of before a new UIDVALIDITY are looked for among those of now.</summary>
    private async Task RematchAsync(MailboxState mailbox, IReadOnlyList<MailboxState> lost, MailboxView view, ISessionRunner runner)
    {
        var (path, found) = (mailbox.Path, new Dictionary<uint, ulong>());
        foreach (var uids in view.Rows.Select(row => row.Uid).Distinct().Order().Chunk(IdentityFetch.Window))
        {
            foreach (var (uid, fingerprint) in await runner.RunAsync(path, repeatable: true, session => FingerprintFill.ReadAsync(session, path, view.UidValidity, uids), CancellationToken.None))
            {
                found[uid] = fingerprint;
            }
        }
        await _commits.RematchAsync(lost, mailbox, found);
        // What is lost for good need not wait for anything.
        await _settlement.SettleAllAsync();
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
        var rows = await _pool.RunAsync(path, repeatable: true, session => MailboxLook.FlagsOfAsync(session, path, uidValidity, uids), cancel);
        if (mailbox.UidValidity != uidValidity)
        {
            return false;
        }
        var seen = rows.ToDictionary(row => row.Uid);
        var changed = mailbox.Index.Find(uids.Order())
            .Where(row => seen.TryGetValue(row.Uid, out var now) && !now.Flags.Equals(row.Flags))
            .Select(row => new SeenMessage(row.Uid, seen[row.Uid].Flags, row.ModSeq))
            .ToList();
        if (changed.Count > 0)
        {
            await CommitAsync(new MailboxWrite(mailbox) { Changed = changed });
        }
        return true;
    }

    /// <summary>Writes what has become of a mailbox in its turn, and what follows from it, in one transaction.</summary>
    public async Task CommitAsync(MailboxWrite write)
    {
        await _commits.CommitAsync(write);
        _settlement.Poke();
    }

    /// <summary>Writes a move that the gateway has done in the turn of both mailboxes.</summary>
    public async Task CommitAsync(DoneMove move)
    {
        await _commits.CommitAsync(move);
        _settlement.Poke();
    }

    /// <summary>Writes changes that are about the account itself, with the state that they tell of.</summary>
    public Task CommitChangesAsync(IReadOnlyList<Change> changes, Func<GatewayDbContext, CancellationToken, Task> state, CancellationToken cancel) =>
        _commits.CommitChangesAsync(changes, state, cancel);

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
