using ImapGateway.Changes;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Sync;

namespace ImapGateway.Tests.Sync;

/// <summary>A mail server with a few mailboxes, a gateway that looks at them now and then, and a reader of its changes who believes nothing else.</summary>
public sealed class MovingModel
{
    private const string Incarnation = "abcdefgh";
    private const long Window = 100;

    private readonly List<Box> _boxes;
    private readonly Dictionary<string, (string Mailbox, Flags Flags)> _told = [];
    private readonly HashSet<string> _everTold = [];
    private ulong _counter = 100;
    private long _now;

    public MovingModel(int mailboxes)
    {
        _boxes = [.. Enumerable.Range(1, mailboxes).Select(n => new Box(new MailboxState(Incarnation, (ulong)n)
        {
            Listed = new ListedMailbox($"box{n}", "/", true, true, null, null),
            Role = null,
            UidValidity = 1,
            HighestModSeq = 1,
            Baseline = 0,
        }))];
    }

    private sealed record Box(MailboxState State)
    {
        public List<(uint Uid, string Content, Flags Flags)> Messages { get; } = [];

        public uint UidNext { get; set; } = 1;

        public long LookedAt { get; set; }
    }

    public List<Change> Feed { get; } = [];

    public int Mailboxes => _boxes.Count;

    public string IdOf(int box) => _boxes[box].State.Id;

    public int Count(int box) => _boxes[box].Messages.Count;

    public void Deliver(int box, string content) => Add(_boxes[box], content, Flags.None);

    public void Flag(int box, int at, Flags flags) => _boxes[box].Messages[at] = _boxes[box].Messages[at] with { Flags = flags };

    public void Expunge(int box, int at) => _boxes[box].Messages.RemoveAt(at);

    public void Copy(int box, int at, int to)
    {
        var (_, content, flags) = _boxes[box].Messages[at];
        Add(_boxes[to], content, flags);
    }

    public void Move(int box, int at, int to)
    {
        Copy(box, at, to);
        Expunge(box, at);
    }

    /// <summary>By the gateway, which knows both mailboxes as they are when it does it.</summary>
    public void MoveByGateway(int box, int at, int to, bool tellsUid)
    {
        Look(box);
        Look(to);
        var uid = _boxes[box].Messages[at].Uid;
        if (!_boxes[box].State.Index.TryGetByUid(uid, out _))
        {
            // It waits still, and nobody knows its id.
            return;
        }
        Move(box, at, to);
        Commit(plan => plan.Add(new DoneMove(_boxes[box].State, uid, _boxes[to].State, tellsUid ? _boxes[to].Messages[^1].Uid : null, null)));
    }

    public void Look(int at)
    {
        var box = _boxes[at];
        _now++;
        box.LookedAt = _now;
        var view = new MailboxView
        {
            UidValidity = 1,
            UidNext = box.UidNext,
            HighestModSeq = 1,
            Exists = box.Messages.Count,
            Precision = Precision.Exact,
            Rows = [.. box.Messages.Select(message => new SeenMessage(message.Uid, message.Flags, 1))],
            AllUids = [.. box.Messages.Select(message => message.Uid)],
        };
        foreach (var step in LookStep.Of(box.State, MailboxDiff.Compare(box.State.Server, view), view))
        {
            var headers = step.Added.ToDictionary(seen => seen.Uid, seen => HeadersOf(box, seen.Uid)!);
            Commit(plan => plan.Add(step.WriteOf(box.State, view, headers)));
        }
    }

    public void Wait(long time)
    {
        _now += time;
        Commit(_ => { });
    }

    /// <summary>Of all that was waiting the window begins anew.</summary>
    public void Restart()
    {
        foreach (var state in _boxes.Select(box => box.State))
        {
            state.Arriving = state.Arriving.ToDictionary(one => one.Key, one => one.Value with { Since = _now }).ToImmutable();
            state.Leaving = state.Leaving.ToDictionary(one => one.Key, _ => _now).ToImmutable();
        }
    }

    /// <summary>Everything is looked at once more, and the window passes.</summary>
    public void Rest()
    {
        for (var box = 0; box < _boxes.Count; box++)
        {
            Look(box);
        }
        _now += Window + 1;
        for (var box = 0; box < _boxes.Count; box++)
        {
            Look(box);
        }
        Commit(_ => { });
        foreach (var box in _boxes)
        {
            Assert.Empty(box.State.Arriving);
            Assert.Empty(box.State.Leaving);
            Assert.Equal(box.Messages.Select(message => $"{message.Uid} {message.Flags}"), box.State.Index.Ascending().Select(row => $"{row.Uid} {row.Flags}"));
        }
    }

    /// <summary>Ids by content, of what is committed.</summary>
    public ILookup<string, string> Ids() => _boxes
        .SelectMany(box => box.State.Index.Ascending().Select(row => (Content: box.Messages.Single(message => message.Uid == row.Uid).Content, row.Id)))
        .ToLookup(one => one.Content, one => ObjectId.Format(ObjectId.Message, Incarnation, one.Id));

    private static void Add(Box box, string content, Flags flags) => box.Messages.Add((box.UidNext++, content, flags));

    private static MessageHeaders? HeadersOf(Box box, uint uid) =>
        box.Messages.Where(message => message.Uid == uid).Select(message => Letter(message.Content)).FirstOrDefault();

    private static MessageHeaders Letter(string content) => new(null, null, content, [], [], content, [], [], [], [], [], [], null, DateTimeOffset.UnixEpoch, 1, []);

    private void Commit(Action<CommitPlan> fill)
    {
        _now++;
        for (var more = true; more;)
        {
            var over = Math.Min(_now - Window, _boxes.Min(box => box.LookedAt));
            var plan = new CommitPlan(_boxes.ToDictionary(box => box.State.Counter, box => box.State), [.. _boxes.Select(box => box.State)], new PlanContext(Incarnation, _counter, _now, () => over, (mailbox, uid) => HeadersOf(_boxes.Single(box => box.State == mailbox), uid)));
            fill(plan);
            plan.Settle();
            foreach (var update in plan.Updates().ToList())
            {
                update.Follow();
            }
            _counter = plan.NextCounter;
            Feed.AddRange(plan.Changes);
            Read(plan.Changes);
            (more, fill) = (plan.HasMore, _ => { });
        }
    }

    /// <summary>Who has read all changes so far knows exactly what a list would show.</summary>
    private void Read(IEnumerable<Change> changes)
    {
        foreach (var change in changes)
        {
            switch (change)
            {
                case MessageAdded added:
                    Assert.True(_everTold.Add(added.Id), $"{added.Id} is added a second time");
                    _told[added.Id] = (added.MailboxId, added.Message!.Flags);
                    break;
                case MessageMoved moved:
                    Assert.Equal((moved.FromMailboxId, moved.Flags), _told[moved.Id]);
                    _told[moved.Id] = (moved.MailboxId, moved.Flags);
                    break;
                case MessageFlagsChanged flags:
                    Assert.NotEmpty(flags.Added.Concat(flags.Removed));
                    Assert.Equal(flags.MailboxId, _told[flags.Id].Mailbox);
                    Assert.Empty(flags.Added.Intersect(_told[flags.Id].Flags));
                    Assert.Equal(flags.Removed, flags.Removed.Intersect(_told[flags.Id].Flags));
                    _told[flags.Id] = (flags.MailboxId, _told[flags.Id].Flags.With(flags.Added).Without(flags.Removed));
                    Assert.Equal(flags.Flags, _told[flags.Id].Flags);
                    break;
                case MessageRemoved removed:
                    Assert.Equal(removed.MailboxId, _told[removed.Id].Mailbox);
                    _told.Remove(removed.Id);
                    break;
                default:
                    Assert.Fail(change.ToString());
                    break;
            }
        }
        var shown = _boxes.SelectMany(box => box.State.Index.Ascending().Select(row => $"{ObjectId.Format(ObjectId.Message, Incarnation, row.Id)} {box.State.Id} {row.Flags}"));
        Assert.Equal(shown.Order(), _told.Select(one => $"{one.Key} {one.Value.Mailbox} {one.Value.Flags}").Order());
    }
}

file static class Immutably
{
    public static System.Collections.Immutable.ImmutableDictionary<TKey, TValue> ToImmutable<TKey, TValue>(this Dictionary<TKey, TValue> all) where TKey : notnull =>
        System.Collections.Immutable.ImmutableDictionary.CreateRange(all);
}
