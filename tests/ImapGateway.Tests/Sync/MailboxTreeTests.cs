using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Sync;

namespace ImapGateway.Tests.Sync;

public class MailboxTreeTests
{
    private ulong _counter;

    private MailboxState Known(string path, uint uidValidity = 0, uint[]? uids = null, string? objectId = null, MailboxCounters? counters = null) => new("aaaaaaaa", ++_counter)
    {
        Listed = Seen(path) with { Counters = counters },
        Role = null,
        ObjectId = objectId,
        UidValidity = uidValidity,
        UidNext = uids is { Length: > 0 } ? uids.Max() + 1 : 1,
        Index = MailboxIndex.Empty.Apply([.. (uids ?? []).Select((uid, i) => new IndexRow(uid, (ulong)i + 100, Flags.None, 0))], []).Index,
    };

    private static ListedMailbox Seen(string path, uint uidValidity = 0, uint uidNext = 1, long total = 0) =>
        new(path, "/", true, true, null, uidValidity == 0 ? null : new MailboxCounters(total, 0, uidValidity, uidNext, 0));

    private static Dictionary<string, MailboxProof> Proof(string path, uint uidValidity, uint[] uids, string? objectId = null, uint uidNext = 100) =>
        new() { [path] = new MailboxProof(uidValidity, uidNext, objectId, uids) };

    /// <summary>"old>new" for each that is kept, "+new", "-old".</summary>
    private static string Of(MailboxTreeDelta delta) => string.Join(
        ' ',
        delta.Kept.Select(pair => $"{pair.Known.Path}>{pair.Seen.Path}").Concat(delta.Added.Select(seen => $"+{seen.Path}")).Concat(delta.Removed.Select(known => $"-{known.Path}")).Order(StringComparer.Ordinal));

    private static readonly Dictionary<string, MailboxProof> NoProofs = [];

    [Fact]
    public void Same_path_same_mailbox() =>
        Assert.Equal("+c -b a>a", Of(MailboxTree.Compare([Known("a", 7, [1]), Known("b")], [Seen("a", 7), Seen("c")], NoProofs)));

    [Fact]
    public void The_same_uidvalidity_and_uids_prove_a_rename()
    {
        MailboxState[] known = [Known("a", 7, [1, 2, 5])];
        ListedMailbox[] seen = [Seen("b", 7, uidNext: 9)];
        Assert.Equal(["b"], MailboxTree.Doubtful(known, seen));
        Assert.Equal("a>b", Of(MailboxTree.Compare(known, seen, Proof("b", 7, [2, 5, 6, 8]))));
    }

    [Theory]
    [InlineData(8u, new uint[] { 1, 2 }, 100u)] // another UIDVALIDITY
    [InlineData(7u, new uint[] { 7, 8 }, 100u)] // no message in common
    [InlineData(7u, new uint[] { 1, 2, 3 }, 100u)] // uid 3 would have been known
    [InlineData(7u, new uint[] { 1, 2 }, 4u)] // UIDNEXT went back
    [InlineData(7u, new uint[] { }, 100u)]
    public void Anything_else_does_not(uint uidValidity, uint[] uids, uint uidNext) =>
        Assert.Equal("+b -a", Of(MailboxTree.Compare([Known("a", 7, [1, 2, 5])], [Seen("b", uidValidity, uidNext: uidNext)], Proof("b", uidValidity, uids, uidNext: uidNext))));

    /// <summary>A server that gives all its mailboxes other names at each listing: 400 million pairs could be the same mailbox.</summary>
    [Fact]
    public void Thousands_of_mailboxes_that_are_all_alike_prove_nothing()
    {
        var counters = new MailboxCounters(1, 0, 7, 9, 0);
        var known = Enumerable.Range(0, 20_000).Select(i => i % 2 == 0 ? Known($"a{i}", counters: counters) : Known($"a{i}", 7, [1])).ToList();
        var seen = Enumerable.Range(0, 20_000).Select(i => Seen($"b{i}", 7, 9, 1)).ToList();
        Assert.InRange(MailboxTree.Doubtful(known, seen).Count, 1, 1000);
        var delta = MailboxTree.Compare(known, seen, NoProofs);
        Assert.Equal((0, 20_000, 20_000), (delta.Kept.Count, delta.Added.Count, delta.Removed.Count));
    }

    [Fact]
    public void Two_candidates_prove_nothing()
    {
        var proofs = Proof("b", 7, [1]).Concat(Proof("c", 7, [1])).ToDictionary();
        Assert.Equal("+b +c -a", Of(MailboxTree.Compare([Known("a", 7, [1])], [Seen("b", 7, 9), Seen("c", 7, 9)], proofs)));
        Assert.Equal("+b -a -d", Of(MailboxTree.Compare([Known("a", 7, [1]), Known("d", 7, [1])], [Seen("b", 7, 9)], proofs)));
    }

    [Fact]
    public void A_mailboxid_proves_a_rename_even_of_an_empty_mailbox()
    {
        MailboxState[] known = [Known("a", 7, objectId: "F1")];
        Assert.Equal(["b"], MailboxTree.Doubtful(known, [Seen("b", 9)]));
        Assert.Equal("a>b", Of(MailboxTree.Compare(known, [Seen("b", 9)], Proof("b", 9, [], "F1"))));
        Assert.Equal("+b -a", Of(MailboxTree.Compare(known, [Seen("b", 7)], Proof("b", 7, [], "F2"))));
    }

    [Fact]
    public void Renamed_away_and_made_anew_at_once_the_id_goes_with_the_messages()
    {
        MailboxState[] known = [Known("a", 7, [1, 2])];
        ListedMailbox[] seen = [Seen("a", 8), Seen("b", 7, uidNext: 3)];
        Assert.Equal(["b"], MailboxTree.Doubtful(known, seen));
        Assert.Equal("+a a>b", Of(MailboxTree.Compare(known, seen, Proof("b", 7, [1, 2], uidNext: 3))));
    }

    [Fact]
    public void Two_that_changed_places_are_told_apart()
    {
        MailboxState[] known = [Known("a", 7, [1]), Known("b", 8, [1])];
        var proofs = Proof("a", 8, [1]).Concat(Proof("b", 7, [1])).ToDictionary();
        Assert.Equal("a>b b>a", Of(MailboxTree.Compare(known, [Seen("a", 8, 2), Seen("b", 7, 2)], proofs)));
    }

    [Fact]
    public void Deleted_and_made_anew_it_keeps_its_id_at_its_path_unless_its_mailboxid_is_another()
    {
        Assert.Equal("a>a", Of(MailboxTree.Compare([Known("a", 7, [1])], [Seen("a", 8)], NoProofs)));
        Assert.Equal("+a -a", Of(MailboxTree.Compare([Known("a", 7, [1], objectId: "F1")], [Seen("a", 8)], Proof("a", 8, [], "F2"))));
    }

    [Fact]
    public void A_name_that_is_left_for_its_children_alone_is_not_the_mailbox_any_more() =>
        Assert.Equal("+a -a", Of(MailboxTree.Compare([Known("a", 7, [1])], [Seen("a") with { Selectable = false }], NoProofs)));

    [Fact]
    public void A_mailbox_nobody_has_read_is_known_by_its_counters()
    {
        var counters = new MailboxCounters(3, 1, 7, 9, 0);
        Assert.Equal("a>b", Of(MailboxTree.Compare([Known("a", counters: counters)], [Seen("b", 7, 9, 3)], NoProofs)));
        Assert.Equal("+b -a", Of(MailboxTree.Compare([Known("a", counters: counters)], [Seen("b", 7, 9, 2)], NoProofs)));
        Assert.Equal("+a a>b", Of(MailboxTree.Compare([Known("a", counters: counters)], [Seen("a", 8), Seen("b", 7, 9, 3)], NoProofs)));
        Assert.Equal("+b -a", Of(MailboxTree.Compare([Known("a", counters: counters with { Total = 0 })], [Seen("b", 7, 9)], NoProofs)));
    }

    [Fact]
    public void The_inbox_is_never_another() => Assert.Equal("INBOX>INBOX", Of(MailboxTree.Compare([Known("INBOX", 7, [1])], [Seen("INBOX", 8)], NoProofs)));

    [Fact]
    public void A_rename_of_our_own_needs_no_proof_and_takes_along_what_lies_below() => Assert.Equal(
        "a/b>x/y/b a>x/y ab>ab",
        Of(MailboxTree.Compare([Known("a"), Known("a/b"), Known("ab")], [Seen("x/y"), Seen("x/y/b"), Seen("ab")], NoProofs, new MailboxRenaming("a", "x/y", "/"))));

    [Fact]
    public void Where_nothing_has_changed_nothing_is_looked_into() =>
        Assert.Empty(MailboxTree.Doubtful([Known("a", 7, [1], "F1"), Known("b", 8, [1])], [Seen("a", 7, 2), Seen("b", 8, 2), Seen("new", 7, 2)]));

    /// <summary>Any renames, deletions and creations by others on a server that gives each mailbox a UIDVALIDITY of its own.</summary>
    [Fact]
    public void Ids_follow_their_messages_through_any_tree() => Prop.ForAll(
        ArbMap.Default.ArbFor<(byte[] Before, byte[] After)>(),
        trees =>
        {
            // A byte is a mailbox (its UIDVALIDITY, its messages); where it stands is its path.
            var before = trees.Before.Where(mailbox => mailbox > 0).Distinct().Select((mailbox, at) => Known($"p{at}", mailbox, [1, 2])).ToList();
            var after = trees.After.Where(mailbox => mailbox > 0).Distinct().Select((mailbox, at) => Seen($"p{at}", mailbox, 3, 2)).ToList();
            var doubtful = MailboxTree.Doubtful(before, after);
            var proofs = after.Where(one => doubtful.Contains(one.Path)).ToDictionary(one => one.Path, one => new MailboxProof(one.Counters!.UidValidity, 3, null, [1, 2]));
            var delta = MailboxTree.Compare(before, after, proofs);
            var complete = delta.Kept.Count + delta.Added.Count == after.Count && delta.Kept.Count + delta.Removed.Count == before.Count;
            var followed = before.Where(known => after.Exists(one => one.Counters!.UidValidity == known.UidValidity))
                .All(known => delta.Kept.Any(pair => pair.Known == known && pair.Seen.Counters!.UidValidity == known.UidValidity));
            var reset = delta.Kept.Where(pair => pair.Known.UidValidity != pair.Seen.Counters!.UidValidity).All(pair => pair.Known.Path == pair.Seen.Path);
            return complete && followed && reset;
        }).QuickCheckThrowOnFailure();
}
