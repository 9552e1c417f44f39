using ImapGateway.Index;
using ImapGateway.Mail;

namespace ImapGateway.Tests.Index;

public class DamagedPageTests
{
    private static byte[] PageOf(params IndexRow[] rows) => MailboxIndex.Empty.Apply(rows, []).Written.Single().Data;

    private static byte[] NewPage() => PageOf(SampleMailbox.Rows(300));

    private static void AssertRefused(params (int, byte[])[] pages) => Assert.Throws<InvalidDataException>(() => MailboxIndex.Load(pages));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_page_with_any_byte_damaged_is_refused(bool fingerprints)
    {
        var page = PageOf(SampleMailbox.Rows(300, fingerprints: fingerprints));
        for (var at = 0; at < page.Length; at++)
        {
            foreach (var damage in new byte[] { 0x01, 0x80, 0xFF })
            {
                byte[] damaged = [.. page];
                damaged[at] ^= damage;
                AssertRefused((0, damaged));
            }
        }
    }

    [Fact]
    public void A_page_cut_short_or_continued_is_refused()
    {
        var page = NewPage();
        for (var length = 0; length < page.Length; length++)
        {
            AssertRefused((0, page[..length]));
        }
        AssertRefused((0, [.. page, 0]));
        AssertRefused((0, [.. page, .. page]));
    }

    /// <summary>The checksum finds damage; this is about what stands behind it: no bytes crash the reader, hang it, or give an index at odds with itself.</summary>
    [Fact]
    public void Wrong_bytes_under_a_right_checksum_are_refused_or_mean_what_they_say()
    {
        var random = new Random(5);
        var refused = 0;
        for (var run = 0; run < 30_000; run++)
        {
            var page = PageOf(SampleMailbox.Rows(random.Next(1, 20), run, fingerprints: run % 2 == 0));
            for (var hits = random.Next(1, 4); hits > 0; hits--)
            {
                page[random.Next(page.Length)] = (byte)random.Next(256);
            }
            page = page[..random.Next(Math.Max(PageChecksum.Length, page.Length - 3), page.Length + 1)];
            PageChecksum.Seal(page);
            try
            {
                AssertConsistent(MailboxIndex.Load([(0, page)]));
            }
            catch (InvalidDataException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 1000, 30_000);
    }

    [Fact]
    public void Pages_that_do_not_belong_together_are_refused()
    {
        var low = PageOf(new(1, 1, Flags.None, 0), new(5, 2, Flags.None, 0));
        var high = PageOf(new IndexRow(6, 3, Flags.None, 0));
        var across = PageOf(new IndexRow(5, 4, Flags.None, 0));
        Assert.Equal(3, MailboxIndex.Load([(1, high), (0, low)]).Count);
        AssertRefused((0, low), (1, across));
        AssertRefused((0, low), (1, low));
        AssertRefused((0, low), (0, high));
    }

    private static void AssertConsistent(MailboxIndex index)
    {
        var rows = index.Ascending().ToArray();
        Assert.Equal(rows.Length, index.Count);
        Assert.Equal(rows.Count(row => !row.Flags.Contains("$seen")), index.Unseen);
        Assert.Equal(rows[^1].Uid, index.MaxUid);
        Assert.NotEqual(0u, rows[0].Uid);
        Assert.All(rows.Zip(rows.Skip(1)), pair => Assert.True(pair.First.Uid < pair.Second.Uid));
        Assert.All(rows, row => Assert.True(index.TryGetById(row.Id, out _)));
    }
}
