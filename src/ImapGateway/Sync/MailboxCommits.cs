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
/// The one way to change what is known of an account's mailboxes: state, indexes and the changes that tell of them in one transaction, and then, and only then,
/// memory. One at a time. What a write says of a mailbox beside its messages must have been read in the mailbox's turn.
/// </summary>
public sealed class MailboxCommits(MailboxDirectory directory, AccountWriter writer, HeaderReader headers, MoveWindow window, AnswerGuard guard)
{
    /// <summary>Beyond this a plan is made away from the actor.</summary>
    private const int Many = MailboxIndex.DefaultPageSize;

    /// <summary>Mailboxes that are written in one transaction: it takes some milliseconds.</summary>
    private const int MailboxesAtOnce = 500;

    private readonly Turn _turn = new();
    private TaskCompletionSource? _writing;
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Who looks for changes without being asked.</summary>
    public IMailboxWatch Watch { get; set; } = NoWatch.Instance;

    /// <summary>Of the last change that memory shows.</summary>
    public long Sequence { get; private set; } = writer.Counters.Sequence;

    /// <summary>See <see cref="CommitPlan.Unread"/>.</summary>
    public IReadOnlySet<MessagePlace> Unread { get; private set; } = new HashSet<MessagePlace>();

    /// <summary>See <see cref="CommitPlan.HasMore"/>.</summary>
    public bool HasMore { get; private set; }

    /// <summary>Ends with the next commit.</summary>
    public Task Next => _next.Task;

    /// <summary>Ends when memory shows all that the feed may have told by now.</summary>
    public Task Shown => _writing?.Task ?? Task.CompletedTask;

    /// <summary>Messages of a mailbox that is no more are left out.</summary>
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

    /// <summary>Decides of all that waits what can be decided by now.</summary>
    /// <param name="read">Headers that were read for it.</param>
    public Task SettleAsync(ReadHeaders read) =>
        PlanAsync(plan => plan.Settle(read.Vanished(directory.Everything)), Many + 1, read);

    /// <summary>See <see cref="CommitPlan.Rematch"/>. Others' writes go between the parts; if the process ends between them, the next look finds the rest.</summary>
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
            // Only the actor may look at the watch.
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

    /// <summary>What is known of messages goes with them.</summary>
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
    /// The uids of the mailbox mean other messages from now on (RFC 3501 section 2.3.1.1). Those that had ids are kept aside until they are found again, or are not.
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
            // Its uids may be given a second time under the same UIDVALIDITY: what is cached must not be found by them.
            UidValidity = uidValidity == mailbox.UidValidity ? 0 : mailbox.UidValidity,
            Index = mailbox.Index,
            LostSince = window.Now,
            Unmatched = true,
        };
        await WriteAsync(
            counter,
            // Clients know no message of an empty mailbox. Some servers give it another UIDVALIDITY at each SELECT until it has one (Courier).
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
    /// Writes which mailboxes there are, in parts: others' writes go between them, also those of the same account. What is written is true by itself, whatever becomes of the rest; the next listing finds it.
    /// </summary>
    /// <param name="first">The account was never listed before: what is there is no news.</param>
    /// <param name="gone">Mailboxes the gateway itself has deleted: their messages wait for nothing.</param>
    /// <returns>Paths that mean another mailbox now, or none.</returns>
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

    /// <summary>Writes changes that are about the account itself, with the state that they tell of.</summary>
    public async Task CommitChangesAsync(IReadOnlyList<Change> changes, Func<GatewayDbContext, CancellationToken, Task> state, CancellationToken cancel)
    {
        using var turn = await _turn.EnterAsync(cancel);
        await WriteAsync(writer.Counters.NextCounter, changes, state, cancel);
        Told();
    }

    /// <summary>From here to <see cref="Told"/> others may see in storage what memory does not show yet.</summary>
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

    /// <summary>In the same step as memory: a position must never be ahead of what is shown with it.</summary>
    private void Told()
    {
        guard.Change();
        _writing?.SetResult();
        _writing = null;
        Sequence = writer.Counters.Sequence;
        Interlocked.Exchange(ref _next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }
}
