using ImapGateway.Cache;
using ImapGateway.Changes;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Storage;

namespace ImapGateway.Sync;

/// <summary>
/// All mailboxes of one account, with the locks under which their state is changed and written in one transaction with the owner's fence.
/// This class belongs to the actor: it is single-threaded, but other requests run during every await.
/// </summary>
public sealed partial class AccountMailboxes
{
    /// <summary>The number of times that a request follows a message that others move.</summary>
    private const int MostFollowed = 5;

    /// <summary>The time to wait beyond the move window, for the refreshes that must be complete before the window is over.</summary>
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(3);

    private readonly MailboxDirectory _directory;
    private readonly MailboxCommits _commits;
    private readonly Settlement _settlement;
    private readonly FingerprintFill _fingerprints;
    private readonly MoveWindow _window;
    private readonly AccountWriter _writer;
    private readonly ImapPool _pool;
    private readonly IDatabase _database;
    private readonly SyncSettings _settings;

    /// <summary>The epoch of this activation. Versions are counted in memory only, and storage may be an older copy of itself.</summary>
    private readonly string _epoch = ObjectId.NewIncarnation();

    public AccountMailboxes(AccountWriter writer, ImapPool pool, HeaderReader headers, IDatabase database, AnswerGuard guard, SyncSettings settings)
    {
        (_writer, _pool, _database, _settings) = (writer, pool, database, settings);
        _window = new MoveWindow(settings.MoveWindow, _pool.Time);
        _directory = new MailboxDirectory(writer.Incarnation, writer.Counters.NextCounter);
        _commits = new MailboxCommits(_directory, writer, headers, _window, guard);
        Guard = guard;
        _settlement = new Settlement(_directory, _commits, headers, _window, settings.Loops.New("moves", writer.Account));
        _fingerprints = new FingerprintFill(_directory, _commits, pool, settings.Loops.New("fingerprints", writer.Account));
        var parts = new MailboxParts(_directory, _commits, _settlement, pool, guard);
        Tree = new AccountTree(parts);
        Refresh = new MailboxRefresh(parts, Tree, _fingerprints, headers);
        Known = new KnownState(parts, Tree, Refresh);
        Rights = new GrantedRights(pool, _directory);
    }

    /// <summary>The list of mailboxes on the server.</summary>
    public AccountTree Tree { get; }

    /// <summary>The refresh of single mailboxes.</summary>
    public MailboxRefresh Refresh { get; }

    /// <summary>What may be shown without asking the server.</summary>
    public KnownState Known { get; }

    /// <summary>The rights of the account in mailboxes of others.</summary>
    public GrantedRights Rights { get; }

    public string Incarnation => _writer.Incarnation;

    public ImapPool Pool => _pool;

    /// <summary>The sequence number of the last change that memory shows. A client that reads an index now misses no change after it.</summary>
    public long Sequence => _commits.Sequence;

    /// <summary>The position of the last change that memory shows, in the form that clients keep.</summary>
    public string FeedPosition => Changes.FeedPosition.OfAccount(Incarnation, Sequence, _writer.Counters.Epoch);

    /// <summary>Refuses the position of a state that is lost. A cursor carries the position of its first page: if that state is lost, the cursor is lost too.</summary>
    /// <exception cref="ProblemException">410 if the position belongs to a state that is lost.</exception>
    public void DemandOfHistory(string feedPosition)
    {
        var counters = _writer.Counters;
        var range = new LogRange(1, counters.Sequence, counters.Epoch, _writer.Owner.EndedEpochs);
        if (Changes.FeedPosition.Parse(feedPosition) is not { } position || !range.Bounds.Has(position.Place))
        {
            throw Feed.Lost();
        }
    }

    /// <summary>Returns a text that stays the same as long as no list of the mailbox's messages can have changed.</summary>
    public string StateOf(MailboxState mailbox)
    {
        var now = (mailbox.UidValidity, mailbox.Version, mailbox.ComparedFrom);
        if (mailbox.Digest is not { } known || known.Of != now)
        {
            mailbox.Digest = known = (now, EntityTags.Digest($"{mailbox.Id} {_epoch} {now}"));
        }
        return known.Text;
    }

    /// <summary>Returns a text that stays the same as long as a message is shown in the same way: its place and its flags.</summary>
    public static string StateOf(MailboxState mailbox, IndexRow row) => EntityTags.Digest($"{mailbox.Id} {mailbox.UidValidity} {row.Uid} {row.Id} {row.ModSeq} {row.Flags}");

    /// <summary>The guard that changes with every event that could change an answer.</summary>
    public AnswerGuard Guard { get; }

    /// <summary>The watch that refreshes mailboxes without a request.</summary>
    public IMailboxWatch Watch
    {
        get => _commits.Watch;
        set
        {
            _commits.Watch = value;
            Guard.Change();
        }
    }

    public IReadOnlyCollection<MailboxState> All => _directory.All;

    public bool Knows(MailboxState mailbox) => _directory.Knows(mailbox);

    public MailboxState? AtPath(string path) => _directory.AtPath(path);

    public MailboxOrder InOrder => _directory.InOrder;

    /// <summary>Returns the place of a message.</summary>
    /// <exception cref="ProblemException">See <see cref="MailboxDirectory.FindMessage"/>.</exception>
    public (MailboxState Mailbox, IndexRow Row) FindMessage(string id)
    {
        try
        {
            return _directory.FindMessage(id);
        }
        catch (ProblemException e) when (e.Code == ErrorCode.Unavailable)
        {
            // It is possible that no other caller asks for the refresh that gives the answer.
            foreach (var mailbox in All.Where(mailbox => _directory.Unmatched(mailbox).Count > 0))
            {
                _ = Refresh.UpToDateAsync(mailbox, CancellationToken.None).ContinueWith(static look => look.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            }
            throw;
        }
    }

    /// <summary>True if the server no longer has the message and its fate is not known yet.</summary>
    public static bool IsLeaving(MailboxState mailbox, uint uid) => mailbox.LostSince is not null || mailbox.Leaving.ContainsKey(uid);

    /// <summary>Loads the state from storage. If storage has lost a part of an index, the mailbox is indexed again, and the ids of its messages are gone.</summary>
    public async Task LoadAsync(CancellationToken cancel)
    {
        foreach (var (mailbox, damage) in await _database.ReadAsync((db, token) => MailboxStore.LoadAsync(db, Incarnation, _window.Now, token), cancel))
        {
            if (damage is not null)
            {
                LogLost(_settings.Log, mailbox.Id, damage);
            }
            _directory.Add(mailbox);
        }
        // The inbox is written last (MailboxTreeDelta.Parts): without it the first listing is not complete, and what it has left out is not new.
        Tree.Loaded(All.Any(mailbox => mailbox.Listed.IsInbox));
        _settlement.Poke();
    }

    /// <summary>Stops all work that no request has asked for.</summary>
    public void Stop()
    {
        _settlement.Stop();
        _fingerprints.Stop();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The index of mailbox {Mailbox} is damaged; it is made anew and its messages get new ids: {Reason}")]
    private static partial void LogLost(ILogger log, string mailbox, string reason);

    /// <summary>Writes the new state of a mailbox and its consequences in one transaction. The caller holds the lock of the mailbox.</summary>
    public async Task CommitAsync(MailboxWrite write)
    {
        await _commits.CommitAsync(write);
        _settlement.Poke();
    }

    /// <summary>Writes a move that the gateway has done. The caller holds the locks of both mailboxes.</summary>
    public async Task CommitAsync(DoneMove move)
    {
        await _commits.CommitAsync(move);
        _settlement.Poke();
    }

    /// <summary>Writes changes of the account itself, together with the state that they report.</summary>
    public Task CommitChangesAsync(IReadOnlyList<Change> changes, Func<GatewayDbContext, CancellationToken, Task> state, CancellationToken cancel) =>
        _commits.CommitChangesAsync(changes, state, cancel);

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
            return await Tree.RunWhereItIsAsync(_pool, inOrder, repeatable: false, work, cancel);
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
        await Refresh.UpToDateAsync(mailbox, cancel);
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

    /// <summary>
    /// Compares flags of messages that are older than the window of a refresh. It is for servers that do not report what changed: the state of these messages that is shown is then correct too.
    /// </summary>
    /// <param name="uidValidity">The UIDVALIDITY that the uids belong to.</param>
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
}
