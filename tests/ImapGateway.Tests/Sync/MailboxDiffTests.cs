using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Sync;

namespace ImapGateway.Tests.Sync;

/// <summary>What a look changes, against sets: whatever order, repetition and nonsense a server answers with.</summary>
public class MailboxDiffTests
{
    private static readonly Flags[] SomeFlags = [Flags.None, Flags.Of(Flags.Seen), Flags.Of(Flags.Seen, "Work"), Flags.Of(Flags.Deleted)];

    // Uids beyond UIDNEXT and at the end of the range, modSeqs a mailbox without them has.
    private static readonly Gen<uint> Uid = Gen.Frequency((9, Gen.Choose(1, 40).Select(uid => (uint)uid)), (1, Gen.Elements(41u, 1_000_000u, uint.MaxValue - 1, uint.MaxValue)));
    private static readonly Gen<SeenMessage> Seen =
        from uid in Uid
        from flags in Gen.Elements(SomeFlags)
        from modSeq in Gen.Frequency((1, Gen.Constant(0UL)), (4, Gen.Choose(1, 9).Select(number => (ulong)number)), (1, Gen.Constant((ulong)long.MaxValue)))
        select new SeenMessage(uid, flags, modSeq);

    private static readonly Arbitrary<(SeenMessage[] Known, MailboxView View)> Looks = (
        from known in Seen.ArrayOf()
        from rows in Seen.ArrayOf()
        from vanished in Uid.ArrayOf()
        from all in Gen.Frequency((1, Gen.Constant<uint[]?>(null)), (1, Uid.ArrayOf().Select(uids => (uint[]?)[.. uids.Order()])))
        select (known, new MailboxView { UidValidity = 1, UidNext = 7, HighestModSeq = 5, Exists = 3, Precision = Precision.Exact, Rows = rows, Vanished = vanished, AllUids = all })).ToArbitrary();

    private static MailboxIndex Index(IEnumerable<SeenMessage> messages) =>
        MailboxIndex.Empty.Apply([.. messages.DistinctBy(message => message.Uid).Select((message, i) => new IndexRow(message.Uid, (ulong)i + 1, message.Flags, message.ModSeq))], []).Index;

    [Fact]
    public void A_look_leaves_exactly_what_the_server_has_and_what_is_still_known() =>
        Prop.ForAll(Looks, look =>
        {
            var (index, view) = (Index(look.Known), look.View);
            var known = index.Ascending().ToDictionary(row => row.Uid);
            var told = view.Rows.GroupBy(row => row.Uid).ToDictionary(group => group.Key, group => group.Last());
            var gone = view.AllUids is { } all ? known.Keys.Concat(told.Keys).Except(all).ToHashSet() : view.Vanished.ToHashSet();

            var delta = MailboxDiff.Compare(index, view);

            Assert.Equal(told.Keys.Except(known.Keys).Except(gone).Order(), delta.Added.Select(row => row.Uid));
            Assert.All(delta.Added, row => Assert.Equal(told[row.Uid], row));
            Assert.Equal(known.Keys.Intersect(gone).Order(), delta.Removed.Order());
            Assert.Equal(delta.Removed.Distinct().Count(), delta.Removed.Count);
            var expected = told.Values.Where(row => !gone.Contains(row.Uid) && known.TryGetValue(row.Uid, out var old) && (!old.Flags.Equals(row.Flags) || old.ModSeq < row.ModSeq)).Select(row => row.Uid);
            Assert.Equal(expected.Order(), delta.Changed.Select(row => row.Uid));
            Assert.All(delta.Changed, row => Assert.Equal(known[row.Uid] with { Flags = told[row.Uid].Flags, ModSeq = Math.Max(known[row.Uid].ModSeq, told[row.Uid].ModSeq) }, row));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

    [Fact]
    public void A_look_that_is_taken_in_again_changes_nothing() =>
        Prop.ForAll(Looks, look =>
        {
            var index = Index(look.Known);
            var delta = MailboxDiff.Compare(index, look.View);
            var next = (ulong)index.Count;
            var after = index.Apply([.. delta.Added.Select(row => new IndexRow(row.Uid, ++next, row.Flags, row.ModSeq)), .. delta.Changed], delta.Removed).Index;
            Assert.True(MailboxDiff.Compare(after, look.View).IsEmpty);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));

    [Fact]
    public void Known_messages_and_the_mailbox_itself_agree_on_what_is_unknown() =>
        Prop.ForAll(Looks, look =>
        {
            var mailbox = new MailboxState("i", 1) { Listed = new ListedMailbox("INBOX", "/", true, true, null, null), Role = null, UidValidity = 1, HighestModSeq = 1, Index = Index(look.Known) };
            var known = look.Known.Select(message => message.Uid).ToHashSet();
            Assert.Equal(look.View.Vanished.Where(uid => !known.Contains(uid)).Distinct().Order(), mailbox.Known.Unknown(look.View.Vanished).Order());
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4_999)]
    [InlineData(12_345)]
    public void Many_changes_step_by_step_are_what_they_are_at_once(int messages)
    {
        var rows = Enumerable.Range(1, messages).Select(uid => new IndexRow((uint)uid * 3, (ulong)uid, SomeFlags[uid % 4], 1)).ToList();
        var before = MailboxIndex.Empty.Apply([.. rows.Where(row => row.Uid % 2 == 0)], []);
        var removed = rows.Where(row => row.Uid % 7 == 0).Select(row => row.Uid).ToList();
        var stepwise = IndexSteps.Apply(before.Index, rows, removed);
        Assert.Equal(before.Index.Apply(rows, removed).Index.Ascending(), stepwise.Index.Ascending());

        var pages = before.Written.ToDictionary(page => page.Number, page => page.Data);
        foreach (var number in stepwise.Deleted)
        {
            Assert.True(pages.Remove(number) || stepwise.Written.All(page => page.Number != number));
        }
        foreach (var (number, data) in stepwise.Written)
        {
            pages[number] = data;
        }
        Assert.Equal(stepwise.Index.Ascending(), MailboxIndex.Load(pages.Select(page => (page.Key, page.Value))).Ascending());
    }
}
