using System.Collections.Immutable;
using ImapGateway.Cache;
using ImapGateway.Changes;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Storage;

namespace ImapGateway.Sync;

/// <summary>
/// Changes what is known of the mailboxes of an account; there is no other way. State, indexes and the changes that report them are written in one transaction, and only after that memory
/// is changed. Writes run one at a time. What a write says of a mailbox besides its messages must have been read while the lock of the mailbox was held.
/// </summary>
public sealed class MailboxCommits(MailboxDirectory directory, AccountWriter writer, HeaderReader headers, MoveWindow window, AnswerGuard guard)
{
    /// <summary>The number of messages beyond which a plan is made on another thread than the actor's.</summary>
    private const int Many = MailboxIndex.DefaultPageSize;

    /// <summary>The number of mailboxes that are written in one transaction. It takes some milliseconds.</summary>
    private const int MailboxesAtOnce = 500;

    private readonly Turn _turn = new();
    private TaskCompletionSource? _writing;
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The watch that refreshes mailboxes without a request.</summary>
    public IMailboxWatch Watch { get; set; } = NoWatch.Instance;

    /// <summary>The sequence number of the last change that memory shows.</summary>
    public long Sequence { get; private set; } = writer.Counters.Sequence;

    /// <summary>The moved messages that have to be read before they are reported, see <see cref="CommitPlan.Unread"/>.</summary>
    public IReadOnlySet<MessagePlace> Unread { get; private set; } = new HashSet<MessagePlace>();

    /// <summary>True if more is certain than one transaction takes, see <see cref="CommitPlan.HasMore"/>.</summary>
    public bool HasMore { get; private set; }

    /// <summary>A task that ends with the next commit.</summary>
    public Task Next => _next.Task;

    /// <summary>A task that ends when memory shows everything that the feed may have reported by now.</summary>
    public Task Shown => _writing?.Task ?? Task.CompletedTask;

    /// <summary>Writes the new state of mailboxes. Messages of a mailbox that no longer exists are left out.</summary>
    public Task CommitAsync(params ImmutableArray<MailboxWrite> writes) =>
        PlanAsync(
            plan =>
            {
                foreach (var write in writes.Where(write => directory.Knows(write.Mailbox)))
                {
                    plan.Add(write);
                }
                plan.Settle();
            },
            writes.Sum(write => write.Baseline.Count + write.Added.Count + write.Changed.Count + write.Removed.Count + write.Fingerprints.Count));

    public Task CommitAsync(DoneMove move) =>
        PlanAsync(
            plan =>
            {
                if (directory.Knows(move.From) && directory.Knows(move.To))
                {
                    plan.Add(move);
                }
                plan.Settle();
            },
            1);

    /// <summary>Decides everything that waits and can be decided by now.</summary>
    /// <param name="read">The headers that were read for the decision.</param>
    public Task SettleAsync(ReadHeaders read) =>
        PlanAsync(plan => plan.Settle(read.Vanished(directory.Everything)), Many + 1, read);

    /// <summary>Calls <see cref="CommitPlan.Rematch"/> in parts. Other writes go between the parts. If the process ends between them, the next refresh finds the rest.</summary>
    public async Task RematchAsync(IReadOnlyCollection<MailboxState> lost, MailboxState mailbox, IReadOnlyDictionary<uint, ulong> fingerprints)
    {
        foreach (var one in lost)
        {
            do
            {
                await PlanAsync(
                    plan =>
                    {
                        plan.Rematch(one, mailbox, fingerprints);
                        plan.Settle();
                    },
                    Many + 1);
            }
            while (one.Unmatched);
        }
    }

    private async Task PlanAsync(Action<CommitPlan> fill, int size, ReadHeaders? read = null)
    {
        using var turn = await _turn.EnterAsync(CancellationToken.None);
        var now = window.Now;
        Func<long> over = () => window.Over(directory.All, Watch);
        if (size > Many)
        {
            // Only the actor may access the watch.
            var known = over();
            over = () => known;
        }
        var plan = new CommitPlan(directory.Everything, directory.Waiting, new PlanContext(
            writer.Incarnation,
            writer.Counters.NextCounter,
            now,
            over,
            (mailbox, uid) => read?.Of(mailbox, uid) ?? headers.Known(mailbox.ShownAs, mailbox.UidValidity, uid)));
        List<MailboxUpdate> Work()
        {
            fill(plan);
            return [.. plan.Updates()];
        }
        var updates = size > Many ? await Task.Run(Work) : Work();
        (Unread, HasMore) = (plan.Unread, plan.HasMore);
        if (updates.Count == 0)
        {
            return;
        }
        await WriteAsync(
            plan.NextCounter,
            plan.Changes,
            async (db, token) =>
            {
                foreach (var update in updates.Where(update => !update.IsOver))
                {
                    await MailboxStore.WriteAsync(db, writer.Incarnation, update, token);
                }
                await MailboxStore.RemoveAsync(db, writer.Incarnation, [.. updates.Where(update => update.IsOver).Select(update => (long)update.Mailbox.Counter)], token);
            },
            CancellationToken.None);
        directory.NextCounter = plan.NextCounter;
        foreach (var update in updates)
        {
            update.Follow();
            directory.Note(update.Mailbox);
            if (update.IsOver)
            {
                directory.Remove(update.Mailbox);
            }
        }
        Told();
        Follow(plan, updates);
    }

    /// <summary>Moves and removes the cached headers of messages together with the messages.</summary>
    private void Follow(CommitPlan plan, IEnumerable<MailboxUpdate> updates)
    {
        if (plan.Moves.Count == 0 && plan.Gone.Count == 0)
        {
            return;
        }
        var byCounter = updates.ToDictionary(update => update.Mailbox.Counter, update => update.Mailbox);
        HeaderKey KeyOf(MessagePlace place) => new(byCounter[place.Mailbox].ShownAs, byCounter[place.Mailbox].UidValidity, place.Uid);
        headers.Moved([.. plan.Moves.Select(move => (KeyOf(move.From), KeyOf(move.To)))]);
        headers.Removed([.. plan.Gone.Select(KeyOf)]);
    }

    /// <summary>
    /// Gives the mailbox a new UIDVALIDITY: its uids mean other messages from now on (RFC 3501 section 2.3.1.1). Messages with ids are kept aside until they are found again, or are certainly gone.
    /// </summary>
    public async Task SetAsideAsync(MailboxState mailbox, uint uidValidity)
    {
        using var turn = await _turn.EnterAsync(CancellationToken.None);
        var counter = writer.Counters.NextCounter;
        var lost = mailbox.Index.Count == 0 ? null : new MailboxState(writer.Incarnation, counter++)
        {
            Listed = mailbox.Listed,
            Role = mailbox.Role,
            ShownAs = mailbox.Counter,
            // The server may give the same uids a second time under the same UIDVALIDITY: they must not find what is cached.
            UidValidity = uidValidity == mailbox.UidValidity ? 0 : mailbox.UidValidity,
            Index = mailbox.Index,
            LostSince = window.Now,
            Unmatched = true,
        };
        await WriteAsync(
            counter,
            // Clients know no message of an empty mailbox. Some servers give it another UIDVALIDITY at each SELECT until it has a message (Courier).
            lost is null && directory.Unmatched(mailbox).Count == 0 ? [] : [new MailboxReset(mailbox.Id, mailbox.Path, mailbox.Role, "uid_validity") { At = new ChangePlace(mailbox.Counter, mailbox.Role) }],
            (db, token) => MailboxStore.SetAsideAsync(db, writer.Incarnation, mailbox, lost, uidValidity, token),
            CancellationToken.None);
        if (uidValidity == mailbox.UidValidity)
        {
            headers.Removed([.. mailbox.Index.Uids.Concat(mailbox.Arriving.Keys).Select(uid => new HeaderKey(mailbox.Counter, uidValidity, uid))]);
        }
        directory.NextCounter = counter;
        mailbox.Index = MailboxIndex.Empty;
        mailbox.Version++;
        mailbox.Arriving = ImmutableDictionary<uint, Arriving>.Empty;
        mailbox.Leaving = ImmutableDictionary<uint, long>.Empty;
        mailbox.UidValidity = uidValidity;
        mailbox.UidNext = 0;
        mailbox.HighestModSeq = 0;
        mailbox.Precision = Precision.Exact;
        mailbox.Baseline = 0;
        mailbox.OlderLeft = 0;
        mailbox.ComparedFrom = 0;
        directory.Note(mailbox);
        if (lost is not null)
        {
            directory.Add(lost);
        }
        Told();
    }

    /// <summary>
    /// Writes the list of mailboxes in parts. Other writes go between the parts, also those of the same account. Each part is true by itself, whatever happens to the rest; the next listing finds the rest.
    /// </summary>
    /// <param name="first">True if the account was never listed before: what exists is not new.</param>
    /// <param name="gone">True for mailboxes that the gateway itself has deleted: their messages do not wait.</param>
    /// <returns>The paths that mean another mailbox now, or none.</returns>
    public async Task<IReadOnlySet<string>> CommitTreeAsync(
        MailboxTreeDelta delta, IReadOnlyDictionary<string, Role>? roles, IReadOnlyDictionary<string, MailboxProof>? proofs, bool first, bool gone, CancellationToken cancel)
    {
        var left = new HashSet<string>(StringComparer.Ordinal);
        foreach (var part in delta.Parts(MailboxesAtOnce))
        {
            using var turn = await _turn.EnterAsync(cancel);
            var counter = writer.Counters.NextCounter;
            var tree = TreePlan.Of(part, roles, proofs, first, directory.Knows, seen => new MailboxState(writer.Incarnation, counter++) { Listed = seen, Role = null });
            left.UnionWith(await CommitTreeAsync(tree, counter, [.. part.Removed.Where(directory.Knows)], gone, cancel));
        }
        return left;
    }

    private async Task<IEnumerable<string>> CommitTreeAsync(TreePlan tree, ulong nextCounter, IReadOnlyList<MailboxState> removed, bool gone, CancellationToken cancel)
    {
        var lost = removed.Where(mailbox => mailbox.Index.Count > 0).ToHashSet();
        var left = removed.Concat(tree.States.Where(one => one.Mailbox.Path != one.Seen.Path).Select(one => one.Mailbox)).Select(mailbox => mailbox.Path).ToList();
        if (tree.Changed.Count > 0 || removed.Count > 0)
        {
            await WriteAsync(
                nextCounter,
                tree.Changes,
                async (db, token) =>
                {
                    await MailboxStore.WriteAsync(db, writer.Incarnation, tree.Changed, token);
                    await MailboxStore.LoseAsync(db, writer.Incarnation, [.. lost.Select(mailbox => (long)mailbox.Counter)], token);
                    await MailboxStore.RemoveAsync(db, writer.Incarnation, [.. removed.Where(mailbox => !lost.Contains(mailbox)).Select(mailbox => (long)mailbox.Counter)], token);
                },
                cancel);
        }
        directory.NextCounter = nextCounter;
        foreach (var (state, seen, role, objectId, baseline) in tree.States)
        {
            state.Listed = seen;
            state.Role = role;
            state.ObjectId = objectId;
            state.Rights = null;
            state.Baseline = baseline;
            directory.Add(state);
        }
        foreach (var mailbox in removed)
        {
            directory.Lose(mailbox, gone ? MoveWindow.Long : window.Now);
            mailbox.Arriving = ImmutableDictionary<uint, Arriving>.Empty;
            mailbox.Leaving = ImmutableDictionary<uint, long>.Empty;
            if (!lost.Contains(mailbox))
            {
                directory.Remove(mailbox);
            }
        }
        Told();
        return left;
    }

    /// <summary>Writes changes of the account itself, together with the state that they report.</summary>
    public async Task CommitChangesAsync(IReadOnlyList<Change> changes, Func<GatewayDbContext, CancellationToken, Task> state, CancellationToken cancel)
    {
        using var turn = await _turn.EnterAsync(cancel);
        await WriteAsync(writer.Counters.NextCounter, changes, state, cancel);
        Told();
    }

    /// <summary>Writes to storage. From here to <see cref="Told"/>, readers may see in storage what memory does not show yet.</summary>
    private async Task WriteAsync(ulong nextCounter, IReadOnlyList<Change> changes, Func<GatewayDbContext, CancellationToken, Task> state, CancellationToken cancel)
    {
        _writing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        guard.Change();
        try
        {
            await writer.WriteAsync(nextCounter, changes, state, cancel);
        }
        catch
        {
            _writing.SetResult();
            _writing = null;
            throw;
        }
    }

    /// <summary>Publishes the new position in the same step as memory: a position must never be ahead of what is shown with it.</summary>
    private void Told()
    {
        guard.Change();
        _writing?.SetResult();
        _writing = null;
        Sequence = writer.Counters.Sequence;
        Interlocked.Exchange(ref _next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }
}
