using ImapGateway.Index;
using ImapGateway.Mail;

namespace ImapGateway.Tests.Index;

public class MailboxIndexTests
{
    private static readonly IndexRow[] Sample = SampleMailbox.Rows(100_000);

    private static readonly IndexRow[] SampleWithFingerprints = SampleMailbox.Rows(100_000, fingerprints: true);

    private static MailboxIndex Of(IndexRow[] rows, out Stored stored)
    {
        stored = new Stored();
        return stored.Write(MailboxIndex.Empty.Apply(rows, []));
    }

    [Fact]
    public void A_hundred_thousand_messages_take_less_than_half_a_megabyte_of_pages()
    {
        var index = Of(Sample, out var stored);
        Assert.Equal(100_000, index.Count);
        Assert.Equal(100, stored.Count);
        Assert.InRange(stored.Bytes, 100_000, 500_000);
    }

    [Fact]
    public void Fingerprints_take_eight_bytes_a_message()
    {
        _ = Of(Sample, out var without);
        _ = Of(SampleWithFingerprints, out var with);
        Assert.Equal(8 * 100_000, with.Bytes - without.Bytes);
    }

    [Fact]
    public void Among_a_hundred_thousand_messages_one_is_found_by_its_fingerprint()
    {
        var index = Of(SampleWithFingerprints, out _);
        Assert.Equal([SampleWithFingerprints[43_210]], index.FindByFingerprint(new HashSet<ulong> { SampleWithFingerprints[43_210].Fingerprint }));
    }

    /// <summary>As they were stored before there were fingerprints.</summary>
    [Fact]
    public void Pages_of_version_1_are_still_read()
    {
        _ = Of(Sample[..10], out var stored);
        Assert.Equal(1, stored.Pages.Single().Data[0]);
        Assert.Equal(Sample[..10], stored.Load().Ascending());
        Assert.Equal(Sample[..10].Select(row => row.Uid).Reverse(), stored.Load().WithoutFingerprint());
    }

    [Fact]
    public void A_hundred_thousand_messages_take_less_than_a_megabyte_and_a_half_of_memory()
    {
        var stored = new Stored();
        stored.Write(MailboxIndex.Empty.Apply(SampleWithFingerprints, []));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var index = stored.Load();
        // What loading allocates is an upper bound of what the index keeps.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_500_000);
        Assert.Equal(100_000, index.Count);
    }

    [Fact]
    public void One_flag_change_writes_one_page()
    {
        var index = Of(Sample, out _);
        var row = Sample[43_210];
        var update = index.Apply([row with { Flags = row.Flags.With(["$flagged"]), ModSeq = row.ModSeq + 1000 }], []);
        Assert.Single(update.Written);
        Assert.Empty(update.Deleted);
        Assert.True(update.Index.TryGetByUid(row.Uid, out var changed));
        Assert.Contains("$flagged", changed.Flags);
    }

    [Fact]
    public void Every_arrival_writes_the_last_page_only_and_a_full_one_is_left_alone()
    {
        var index = Of(Sample[..500], out var stored);
        for (var i = 500; i < 3500; i++)
        {
            var update = index.Apply([Sample[i]], []);
            Assert.Equal(i / 1000, Assert.Single(update.Written).Number);
            index = stored.Write(update);
        }
        Assert.Equal(4, stored.Count);
    }

    [Fact]
    public void What_changes_nothing_writes_nothing()
    {
        var index = Of(Sample, out _);
        var update = index.Apply([Sample[5], Sample[50_000], Sample[^1]], [uint.MaxValue]);
        Assert.Empty(update.Written);
        Assert.Empty(update.Deleted);
        Assert.Empty(MailboxIndex.Empty.Apply([], [7]).Written);
    }

    [Fact]
    public void Removing_a_whole_page_deletes_it_and_writes_nothing()
    {
        var index = Of(Sample, out var stored);
        var update = index.Apply([], [.. Sample[2000..3000].Select(row => row.Uid)]);
        Assert.Empty(update.Written);
        Assert.Equal([2], update.Deleted);
        Assert.Equal(99_000, stored.Write(update).Count);
        Assert.Equal(99_000, stored.Load().Count);
    }

    [Fact]
    public void A_mailbox_emptied_at_random_does_not_keep_its_pages()
    {
        var index = Of(Sample[..20_000], out var stored);
        var random = new Random(3);
        var uids = Sample[..20_000].Select(row => row.Uid).ToArray();
        random.Shuffle(uids);
        foreach (var batch in uids[..19_800].Chunk(100))
        {
            index = stored.Write(index.Apply([], batch));
        }
        Assert.Equal(200, index.Count);
        Assert.InRange(stored.Count, 1, 2);
    }

    [Fact]
    public void A_mailbox_indexed_from_the_newest_down_has_pages_as_full_as_any()
    {
        var index = MailboxIndex.Empty;
        var stored = new Stored();
        for (var top = Sample.Length; top > 0; top -= 5000)
        {
            index = stored.Write(index.Apply(Sample[(top - 5000)..top], []));
        }
        Assert.Equal(Sample, index.Ascending());
        Assert.InRange(stored.Count, 100, 130);
    }

    [Fact]
    public void The_index_before_a_change_still_answers_as_before()
    {
        var before = Of(Sample[..5000], out _);
        before.Apply([Sample[100] with { Flags = Flags.Of("new") }, Sample[6000]], [.. Sample[1000..4000].Select(row => row.Uid)]);
        Assert.Equal(Sample[..5000], before.Ascending());
        Assert.Equal(Sample[4999].Uid, before.MaxUid);
    }

    [Fact]
    public void A_list_that_is_being_read_is_not_disturbed_by_another()
    {
        var index = Of(Sample[..3000], out _);
        Assert.All(index.Descending().Zip(index.Descending()), pair => Assert.Equal(pair.First, pair.Second));
    }

    [Fact]
    public void Messages_share_their_flag_sets()
    {
        var index = Of(Sample[..3000].Select(row => row with { Flags = Flags.Of("$seen", "shared") }).ToArray(), out var stored);
        Assert.Single(index.Ascending().Concat(stored.Load().Ascending()).Select(row => row.Flags).Distinct(ReferenceEqualityComparer.Instance));
    }

    [Fact]
    public void A_keyword_keeps_the_spelling_it_came_with()
    {
        var index = Of([new(1, 1, Flags.Of("Work"), 0), new(2, 2, Flags.Of("WORK"), 0)], out _).Apply([new(3, 3, Flags.Of("work"), 0)], []).Index;
        Assert.Equal(["Work", "WORK", "work"], index.Ascending().Select(row => row.Flags.ToString()));
    }

    [Fact]
    public void Of_several_changes_of_a_uid_the_last_counts_and_a_removal_most()
    {
        IndexRow first = new(1, 1, Flags.None, 1), second = new(1, 1, Flags.Of("$seen"), 2), gone = new(2, 2, Flags.None, 0);
        Assert.Equal([second], MailboxIndex.Empty.Apply([first, gone, second], [2]).Index.Ascending());
    }

    [Fact]
    public void Uid_0_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => MailboxIndex.Empty.Apply([new(0, 1, Flags.None, 0)], []));

    [Fact]
    public void A_keyword_that_has_no_utf8_is_refused_instead_of_changed() =>
        Assert.ThrowsAny<ArgumentException>(() => MailboxIndex.Empty.Apply([new(1, 1, Flags.Of("a\ud800"), 0)], []));
}
