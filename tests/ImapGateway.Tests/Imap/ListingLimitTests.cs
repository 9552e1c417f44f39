using System.Buffers;
using System.Text;
using ImapGateway.Imap;

namespace ImapGateway.Tests.Imap;

public class ListingLimitTests
{
    private const int Most = 3;

    private static readonly ListingLimit.Known Nothing = new(0, _ => false, _ => false);

    private static string Passed(ListingLimit limit, string answer, int cut)
    {
        var (octets, passed) = (Encoding.Latin1.GetBytes(answer.ReplaceLineEndings("\r\n")), new ArrayBufferWriter<byte>());
        limit.Filter(octets.AsSpan(0, cut), passed);
        limit.Filter(octets.AsSpan(cut), passed);
        return Encoding.Latin1.GetString(passed.WrittenSpan).ReplaceLineEndings("\n");
    }

    /// <summary>What passes is the same wherever the octets are cut, and so is how many mailboxes are left out.</summary>
    private static (string Passed, int LeftOut) Filtered(string answer, ListingLimit.Known? known = null, string command = "LIST \"\" \"*\"\r\n")
    {
        var results = Enumerable.Range(0, Encoding.Latin1.GetByteCount(answer.ReplaceLineEndings("\r\n")) + 1).Select(cut =>
        {
            var limit = new ListingLimit(Most);
            using var collecting = limit.Collect(known ?? Nothing);
            limit.Sent(Encoding.ASCII.GetBytes(command));
            return (Passed(limit, answer, cut), limit.LeftOut);
        }).Distinct().ToList();
        return Assert.Single(results);
    }

    private static string Listed(params string[] names) => string.Concat(names.Select(name => $"* LIST () \"/\" {name}\n"));

    [Fact]
    public void The_first_ones_are_kept_and_the_answer_keeps_its_end() =>
        Assert.Equal((Listed("a", "b", "c") + "A1 OK done\n", 2), Filtered(Listed("a", "b", "c", "d", "e") + "A1 OK done\n"));

    [Fact]
    public void A_name_that_is_too_long_is_left_out()
    {
        var name = new string('x', ListingLimit.LongestName);
        Assert.Equal((Listed("a", name), 1), Filtered(Listed("a", name + "y", name)));
    }

    [Fact]
    public void The_names_of_all_mailboxes_together_have_a_limit_and_known_ones_are_kept()
    {
        const int Fitting = (int)(ListingLimit.MostOctetsOfNames / ListingLimit.LongestName);
        var names = Enumerable.Range(0, Fitting + 2).Select(i => i.ToString($"D{ListingLimit.LongestName}", System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        var limit = new ListingLimit(100_000);
        using var collecting = limit.Collect(Nothing with { Has = path => path == names[^1] });
        limit.Sent("LIST \"\" \"*\"\r\n"u8);
        Assert.Equal(Listed([.. names[..Fitting], names[^1]]), Passed(limit, Listed(names), 1000));
        Assert.Equal(1, limit.LeftOut);
    }

    [Fact]
    public void Nothing_is_left_out_below_the_limit() =>
        Assert.Equal((Listed("a", "\"b c\"", "a") + "* OK a text {5}\nA1 OK done\n", 0), Filtered(Listed("a", "\"b c\"", "a") + "* OK a text {5}\nA1 OK done\n"));

    [Fact]
    public void The_inbox_and_mailboxes_with_a_role_are_kept_wherever_they_come()
    {
        var known = Nothing with { HasRole = name => name == "Entwürfe" };
        string[] special = ["* LIST () \"/\" inbox\n", "* LIST (\\HasNoChildren \\sent) \"/\" x\n", "* LIST () \".\" \"INBOX.Entw&APw-rfe\"\n"];
        Assert.Equal((Listed("a", "b", "c") + string.Concat(special), 1), Filtered(Listed("a", "b", "c", "d") + string.Concat(special), known));
    }

    [Fact]
    public void Mailboxes_that_are_known_are_kept_and_take_the_room_of_others()
    {
        var known = new ListingLimit.Known(2, path => path is "y" or "zä", _ => false);
        Assert.Equal((Listed("a", "y", "z&AOQ-"), 2), Filtered(Listed("a", "b", "c", "y", "z&AOQ-"), known));
    }

    [Fact]
    public void A_name_may_be_a_literal_that_looks_like_another_line()
    {
        var literal = "* LIST () \"/\" {19}\n* LIST () \"/\" fake\n";
        Assert.Equal((Listed("a") + literal + Listed("b"), 1), Filtered(Listed("a") + literal + Listed("b", "c")));
    }

    [Fact]
    public void Counters_of_mailboxes_that_are_left_out_are_left_out() =>
        Assert.Equal(
            (Listed("a", "b", "c") + "* STATUS c (MESSAGES 1)\n", 1),
            Filtered(Listed("a", "b", "c", "d") + "* STATUS \"d\" (MESSAGES 1)\n* STATUS c (MESSAGES 1)\n"));

    [Fact]
    public void A_line_that_breaks_the_grammar_is_repaired_if_it_tells_a_name_and_left_out_otherwise()
    {
        var limit = new ListingLimit(Most);
        using var collecting = limit.Collect(Nothing);
        limit.Sent("LIST \"\" \"*\"\r\n"u8);
        Assert.Equal(Listed("\"a\tb\"", "\"((\""), Passed(limit, Listed("a\tb", "((", "\"x") + "* LIST (\n* LIST\n* STATUS x (UIDNEXT\n", 30));
        Assert.Equal((3, 0), (limit.Unreadable, limit.LeftOut));
    }

    [Fact]
    public void Other_commands_are_not_touched()
    {
        var limit = new ListingLimit(Most);
        limit.Sent("UID FETCH 1 (FLAGS)\r\n"u8);
        Assert.False(limit.IsActive);
        limit.Sent("LSUB \"\" \"*\"\r\n"u8);
        Assert.True(limit.IsActive);
    }

    [Fact]
    public void Each_command_outside_of_a_listing_has_the_whole_limit()
    {
        var limit = new ListingLimit(Most);
        for (var i = 0; i < 3; i++)
        {
            limit.Sent("LIST \"\" a\r\n"u8);
            Assert.Equal(Listed("a", "b", "c"), Passed(limit, Listed("a", "b", "c", "d"), 0));
        }
    }

    [Theory]
    [InlineData("* LIST () \"/\" {2000000000}\r\n")]
    [InlineData("* LIST () \"/\" \"")]
    [InlineData("* LIST (")]
    public void A_line_without_end_ends_the_connection(string begin)
    {
        var limit = new ListingLimit(Most);
        limit.Sent("LIST \"\" \"*\"\r\n"u8);
        Assert.Throws<FloodException>(() => Passed(limit, begin + new string('x', 100_000), 0));
    }

    [Fact]
    public void A_listing_without_end_ends_the_connection()
    {
        var limit = new ListingLimit(Most);
        limit.Sent("LIST \"\" \"*\"\r\n"u8);
        var (lines, passed) = (Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(Listed(new string('x', 1000)).Replace("\n", "\r\n", StringComparison.Ordinal), 1000))), new ArrayBufferWriter<byte>());
        limit.Filter(Encoding.ASCII.GetBytes(Listed("a", "b", "c").ReplaceLineEndings("\r\n")), passed);
        Assert.Throws<FloodException>(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                limit.Filter(lines, passed);
            }
        });
        Assert.InRange(passed.WrittenCount, 1, 10_000);
    }

    [Theory]
    [InlineData("INBOX", "INBOX")]
    [InlineData("Entw&APw-rfe", "Entwürfe")]
    [InlineData("A &- B", "A & B")]
    [InlineData("~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語")]
    [InlineData("a&b", "a&b")]
    [InlineData("a&!!-", "a&!!-")]
    public void Names_are_decoded_as_RFC_3501_has_them(string wire, string name) => Assert.Equal(name, ModifiedUtf7.Decode(wire));
}
