using ImapGateway.Cache;
using ImapGateway.Changes;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Storage;

namespace ImapGateway.Sync;

/// <summary>
/// All mailboxes of one account. Their known state is refreshed from the server and written in one transaction with the owner's fence.
/// This class belongs to the actor: it is single-threaded, but other requests run during every await.
/// </summary>
public sealed partial class AccountMailboxes
{
    private readonly MailboxDirectory _directory;
    private readonly MailboxCommits _commits;
    private readonly Settlement _settlement;
    private readonly FingerprintFill _fingerprints;
    private readonly MoveWindow _window;
    private readonly AccountWriter _writer;
    private readonly ImapPool _pool;
    private readonly HeaderReader _headers;
    private readonly IDatabase _database;
    private readonly SyncSettings _settings;
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly Turn _listing = new();
    private bool _listed;
    private long? _treeListed;

    /// <summary>The epoch of this activation. Versions are counted in memory only, and storage may be an older copy of itself.</summary>
    private readonly string _epoch = ObjectId.NewIncarnation();

    public AccountMailboxes(AccountWriter writer, ImapPool pool, HeaderReader headers, IDatabase database, AnswerGuard guard, SyncSettings settings)
    {
        (_writer, _pool, _headers, _database, _settings) = (writer, pool, headers, database, settings);
        _window = new MoveWindow(settings.MoveWindow, _pool.Time);
        _directory = new MailboxDirectory(writer.Incarnation, writer.Counters.NextCounter);
        _commits = new MailboxCommits(_directory, writer, headers, _window, guard);
        Guard = guard;
        _settlement = new Settlement(_directory, _commits, headers, _window, settings.Loops.New("moves", writer.Account));
        _fingerprints = new FingerprintFill(_directory, _commits, pool, settings.Loops.New("fingerprints", writer.Account));
    }

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
                _ = UpToDateAsync(mailbox, CancellationToken.None).ContinueWith(static look => look.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
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
        _listed = All.Any(mailbox => mailbox.Listed.IsInbox);
        _loaded = _pool.Time.GetTimestamp();
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
}
