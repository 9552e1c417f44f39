using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Index;
using ImapGateway.Mail;

namespace ImapGateway.Tests.Index;

public class MailboxIndexPropertyTests
{
    /// <summary>Equality of flags leaves out the spelling of keywords.</summary>
    private static readonly IEqualityComparer<IndexRow> SpelledAlike =
        EqualityComparer<IndexRow>.Create((left, right) => left == right && (left.Flags ?? Flags.None).SequenceEqual(right.Flags ?? Flags.None));

    /// <summary>Small pages are split, joined and dropped at every other step.</summary>
    [Theory]
    [InlineData(1, 10, 100)]
    [InlineData(4, 20, 150)]
    [InlineData(16, 60, 150)]
    [InlineData(MailboxIndex.DefaultPageSize, 3000, 4)]
    public void Whatever_happens_the_index_and_its_stored_pages_hold_what_a_sorted_dictionary_holds(int pageSize, int maxSize, int histories) =>
        Prop.ForAll(Step.Histories(maxSize), steps => Replay(steps, pageSize)).Check(Config.QuickThrowOnFailure.WithMaxTest(histories));

    private static void Replay(Step[] steps, int pageSize)
    {
        var index = MailboxIndex.Load([], pageSize);
        var model = new SortedDictionary<uint, IndexRow>();
        var stored = new Stored();
        foreach (var step in steps)
        {
            var (upserts, removed) = step.For(model);
            var before = index;
            var rowsBefore = model.Values.ToArray();
            index = stored.Write(index.Apply(upserts, removed));
            foreach (var row in upserts)
            {
                model[row.Uid] = row;
            }
            foreach (var uid in removed)
            {
                model.Remove(uid);
            }

            AssertSame(model, index, step.Seed);
            AssertSame(model, stored.Load(pageSize), step.Seed);
            AssertRows(rowsBefore, before.Ascending());
            Assert.True(stored.Count <= 1 + 8L * model.Count / pageSize, $"{stored.Count} pages for {model.Count} messages");
        }
    }

    private static void AssertSame(SortedDictionary<uint, IndexRow> model, MailboxIndex index, int seed)
    {
        var random = new Random(seed);
        var rows = model.Values.ToArray();
        Assert.Equal(rows.Length, index.Count);
        Assert.Equal(rows.Count(row => !row.Flags.Contains("$seen")), index.Unseen);
        Assert.Equal(rows.LastOrDefault().Uid, index.MaxUid);
        Assert.True(model.Keys.SequenceEqual(index.Uids));
        AssertRows(rows, index.Ascending());
        AssertRows(rows.Reverse(), index.Descending());

        foreach (var uid in new uint[] { 0, 1, uint.MaxValue, (uint)random.Next(2000), rows.Length == 0 ? 5 : rows[random.Next(rows.Length)].Uid })
        {
            AssertRows(rows.Where(row => row.Uid >= uid), index.Ascending(uid));
            AssertRows(rows.Where(row => row.Uid < uid).Reverse(), index.Descending(uid));
            Assert.Equal(model.ContainsKey(uid), index.TryGetByUid(uid, out var found));
            AssertRows([model.GetValueOrDefault(uid)], [found]);
        }
        foreach (var row in rows.Length < 200 ? rows : random.GetItems(rows, 50))
        {
            Assert.True(index.TryGetByUid(row.Uid, out var byUid));
            AssertRows([row], [byUid]);
            Assert.True(index.TryGetById(row.Id, out var byId));
            AssertRows([row], [byId]);
        }
        foreach (var wanted in new HashSet<ulong>[] { [], [5], [2, 3, ulong.MaxValue], [(ulong)random.NextInt64()] })
        {
            AssertRows(rows.Where(row => wanted.Contains(row.Fingerprint)), index.FindByFingerprint(wanted));
        }
        var below = (uint)random.Next(2000);
        Assert.Equal(rows.Where(row => row.Fingerprint == 0 && row.Uid < below).Select(row => row.Uid).Reverse(), index.WithoutFingerprint(below));
        var ids = rows.Select(row => row.Id).ToHashSet();
        foreach (var id in new ulong[] { 0, 3, ulong.MaxValue, (ulong)random.NextInt64() })
        {
            Assert.Equal(ids.Contains(id), index.TryGetById(id, out _));
        }
    }

    private static void AssertRows(IEnumerable<IndexRow> expected, IEnumerable<IndexRow> actual)
    {
        if (!expected.SequenceEqual(actual, SpelledAlike))
        {
            Assert.Equal(expected.Select(Text), actual.Select(Text));
            Assert.Fail("The flags differ in a way that their text does not show.");
        }
    }

    private static string Text(IndexRow row) => $"{row.Uid} {row.Id} {row.ModSeq} {row.Fingerprint} {row.Flags}";
}
