using ImapGateway.Changes;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Sync;

/// <summary>
/// All mailboxes of one account: what is known of them, brought up to date against the server, written in one transaction with the owner's fence.
/// Belongs to the actor: single-threaded, but every await lets other requests in.
/// </summary>
public sealed class AccountMailboxes(Owner owner, ulong nextCounter, ImapPool pool, IDatabase database)
{
    private readonly Dictionary<ulong, MailboxState> _byCounter = [];
    private readonly Turn _commit = new();
    private readonly Turn _listing = new();
    private ulong _nextCounter = nextCounter;
    private bool _listed;

    public string Incarnation => owner.Incarnation;

    public ImapPool Pool => pool;

    public IReadOnlyCollection<MailboxState> All => _byCounter.Values;

    /// <summary>Reads what storage has.</summary>
    public async Task LoadAsync(CancellationToken cancel)
    {
        var (mailboxes, pages) = await database.ReadAsync(
            async (db, token) => (
                await db.Set<MailboxEntity>().Where(mailbox => mailbox.Incarnation == Incarnation).ToListAsync(token),
                await db.Set<IndexPageEntity>().Where(page => page.Incarnation == Incarnation).ToListAsync(token)),
            cancel);
        var byMailbox = pages.ToLookup(page => page.Mailbox);
        foreach (var row in mailboxes)
        {
            _byCounter[(ulong)row.Counter] = new MailboxState(Incarnation, (ulong)row.Counter)
            {
                Listed = new ListedMailbox(row.Path, row.Delimiter, row.Subscribed, row.Selectable, row.Role, row.ObjectId, null),
                Role = row.Role,
                ObjectId = row.ObjectId,
                UidValidity = (uint)row.UidValidity,
                UidNext = (uint)row.UidNext,
                HighestModSeq = (ulong)row.HighestModSeq,
                Precision = row.Precision,
                Index = MailboxIndex.Load(byMailbox[row.Counter].Select(page => (page.Number, page.Data))),
            };
        }
        _listed = _byCounter.Count > 0;
    }

    /// <summary>Asks the server for all mailboxes and counters, and brings what is known in line.</summary>
    public async Task<IReadOnlyCollection<MailboxState>> ListAsync(CancellationToken cancel)
    {
        using var turn = await _listing.EnterAsync(cancel);
        var seen = await pool.RunAsync(null, repeatable: true, MailboxListing.AllAsync, cancel);
        await CommitTreeAsync(MailboxTree.Compare(_byCounter.Values, seen), Roles.Assign(seen), cancel);
        _listed = true;
        return All;
    }

    /// <summary>The mailbox a client means.</summary>
    /// <exception cref="ProblemException">404 where it never was, 410 where it is gone.</exception>
    public async Task<MailboxState> ResolveAsync(MailboxRef mailbox, CancellationToken cancel)
    {
        if (!_listed)
        {
            await ListAsync(cancel);
        }
        if (Find(mailbox) is { } known)
        {
            return known;
        }
        if (mailbox.Id is not null)
        {
            throw Unknown(mailbox.Id, ObjectId.Mailbox, "mailbox");
        }
        await ListAsync(cancel);
        return Find(mailbox) ?? throw new ProblemException(ErrorCode.NotFound, mailbox.Role is null ? "There is no mailbox at this path." : "No mailbox of the account has this role.");
    }

    private MailboxState? Find(MailboxRef mailbox) => mailbox switch
    {
        { Id: { } id } => ObjectId.TryParse(id, out var parsed) && parsed.Kind == ObjectId.Mailbox && parsed.Incarnation == Incarnation
            ? _byCounter.GetValueOrDefault(parsed.Counter) : null,
        { Role: { } role } => _byCounter.Values.FirstOrDefault(one => one.Role == role),
        _ => _byCounter.Values.FirstOrDefault(one => one.Path == mailbox.Path),
    };

    /// <summary>Where a message is.</summary>
    /// <exception cref="ProblemException">404 where the id was never minted, 410 where the message is gone.</exception>
    public (MailboxState Mailbox, IndexRow Row) FindMessage(string id)
    {
        if (ObjectId.TryParse(id, out var parsed) && parsed.Kind == ObjectId.Message && parsed.Incarnation == Incarnation)
        {
            foreach (var mailbox in _byCounter.Values)
            {
                if (mailbox.Index.TryGetById(parsed.Counter, out var row))
                {
                    return (mailbox, row);
                }
            }
        }
        throw Unknown(id, ObjectId.Message, "message");
    }

    private ProblemException Unknown(string id, char kind, string what)
    {
        var minted = ObjectId.TryParse(id, out var parsed) && parsed.Kind == kind && (parsed.Incarnation != Incarnation || parsed.Counter < _nextCounter);
        return minted
            ? new ProblemException(ErrorCode.Gone, $"The {what} is gone, or belonged to another account.")
            : new ProblemException(ErrorCode.NotFound, $"There is no such {what}.");
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
            var view = await pool.RunAsync(mailbox.Path, repeatable: true, session => MailboxLook.AtAsync(session, mailbox.Path, mailbox.Known), CancellationToken.None);
            await ApplyAsync(mailbox, view, CancellationToken.None);
        }
    }

    /// <summary>Nobody else looks at or writes to the mailboxes while <paramref name="work"/> runs.</summary>
    public async Task<T> AloneAsync<T>(IEnumerable<MailboxState> mailboxes, Func<Task<T>> work, CancellationToken cancel)
    {
        // Always in the same order: two moves in opposite directions must not wait for each other.
        var turns = new Stack<IDisposable>();
        try
        {
            foreach (var mailbox in mailboxes.DistinctBy(mailbox => mailbox.Counter).OrderBy(mailbox => mailbox.Counter))
            {
                turns.Push(await mailbox.Turn.EnterAsync(cancel));
            }
            return await work();
        }
        finally
        {
            while (turns.TryPop(out var turn))
            {
                turn.Dispose();
            }
        }
    }

    private async Task ApplyAsync(MailboxState mailbox, MailboxView view, CancellationToken cancel)
    {
        // A new UIDVALIDITY (RFC 3501 section 2.3.1.1): no uid means what it meant before, all is indexed anew.
        var known = view.UidValidity == mailbox.UidValidity ? mailbox.Index : MailboxIndex.Empty;
        var delta = MailboxDiff.Compare(known, view);
        mailbox.Precision = view.Precision;
        mailbox.RotateBelow = view.RotateBelow;
        if (delta.IsEmpty && view.UidValidity == mailbox.UidValidity && view.HighestModSeq == mailbox.HighestModSeq && view.UidNext == mailbox.UidNext)
        {
            return;
        }
        await CommitAsync(
            [new MailboxWrite(mailbox, known, delta.Added.Select(row => new IndexRow(row.Uid, 0, row.Flags, row.ModSeq)).Concat(delta.Changed).ToList(), delta.Removed)
            {
                UidValidity = view.UidValidity,
                UidNext = view.UidNext,
                HighestModSeq = view.HighestModSeq,
                ObjectId = view.ObjectId,
            }],
            cancel);
    }

    /// <summary>Writes what has become of mailboxes in one transaction and then, and only then, changes memory. New rows have id 0 and get one here.</summary>
    public async Task CommitAsync(IReadOnlyList<MailboxWrite> writes, CancellationToken cancel)
    {
        using var turn = await _commit.EnterAsync(cancel);
        var counter = _nextCounter;
        var updates = writes.Select(write =>
        {
            var rows = write.Upserts.Select(row => row.Id == 0 ? row with { Id = counter++ } : row).ToList();
            return (Write: write, Update: write.Index.Apply(rows, write.Removed));
        }).ToList();
        await database.WriteAsync(
            async (db, token) =>
            {
                await Fence.PassAsync(db, owner, _nextCounter, counter, token);
                foreach (var (write, update) in updates)
                {
                    await MailboxStore.WriteAsync(db, Incarnation, write, update, token);
                }
                return true;
            },
            cancel);
        _nextCounter = counter;
        foreach (var (write, update) in updates)
        {
            write.Mailbox.Index = update.Index;
            write.Mailbox.UidValidity = write.UidValidity;
            write.Mailbox.UidNext = write.UidNext;
            write.Mailbox.HighestModSeq = write.HighestModSeq;
            write.Mailbox.ObjectId = write.ObjectId;
        }
    }

    private async Task CommitTreeAsync(MailboxTreeDelta delta, IReadOnlyDictionary<string, Role> roles, CancellationToken cancel)
    {
        using var turn = await _commit.EnterAsync(cancel);
        var counter = _nextCounter;
        var states = delta.Kept
            .Select(pair => (State: pair.Known, pair.Seen))
            .Concat(delta.Added.Select(seen => (State: new MailboxState(Incarnation, counter++) { Listed = seen, Role = null }, Seen: seen)))
            .Select(pair => (pair.State, pair.Seen, Role: roles.TryGetValue(pair.Seen.Path, out var role) ? role : (Role?)null))
            .ToList();
        var changed = states.Where(one => !_byCounter.ContainsKey(one.State.Counter) || one.State.Role != one.Role || one.State.Listed with { Counters = null, ObjectId = null, SpecialUse = null } != one.Seen with { Counters = null, ObjectId = null, SpecialUse = null }).ToList();
        if (changed.Count > 0 || delta.Removed.Count > 0)
        {
            await database.WriteAsync(
                async (db, token) =>
                {
                    await Fence.PassAsync(db, owner, _nextCounter, counter, token);
                    foreach (var (state, seen, role) in changed)
                    {
                        await MailboxStore.WriteAsync(db, Incarnation, state, seen, role, token);
                    }
                    await MailboxStore.RemoveAsync(db, Incarnation, [.. delta.Removed.Select(mailbox => (long)mailbox.Counter)], token);
                    return true;
                },
                cancel);
        }
        _nextCounter = counter;
        foreach (var (state, seen, role) in states)
        {
            state.Listed = seen;
            state.Role = role;
            _byCounter[state.Counter] = state;
        }
        foreach (var mailbox in delta.Removed)
        {
            _byCounter.Remove(mailbox.Counter);
        }
    }
}

/// <summary>What a transaction makes of one mailbox.</summary>
/// <param name="Index">The index the rows are applied to: the mailbox's own, or an empty one.</param>
/// <param name="Upserts">Rows with id 0 are new and get an id.</param>
public sealed record MailboxWrite(MailboxState Mailbox, MailboxIndex Index, IReadOnlyCollection<IndexRow> Upserts, IReadOnlyCollection<uint> Removed)
{
    public uint UidValidity { get; init; } = Mailbox.UidValidity;

    public uint UidNext { get; init; } = Mailbox.UidNext;

    public ulong HighestModSeq { get; init; } = Mailbox.HighestModSeq;

    public string? ObjectId { get; init; } = Mailbox.ObjectId;
}
