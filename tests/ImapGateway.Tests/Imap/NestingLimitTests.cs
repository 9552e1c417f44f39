using System.Text;
using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Imap;

namespace ImapGateway.Tests.Imap;

public class NestingLimitTests
{
    private static readonly string Deep = new('(', 600);

    private static bool IsExceeded(string sent) => new NestingLimit().IsExceeded(Encoding.Latin1.GetBytes(sent));

    [Fact]
    public void A_structure_too_deep_is_seen() => Assert.True(IsExceeded($"* 1 FETCH (UID 1 BODYSTRUCTURE {Deep}"));

    [Fact]
    public void Honest_nesting_passes() => Assert.False(IsExceeded(string.Concat(Enumerable.Repeat($"* 1 FETCH {new string('(', 400)}{new string(')', 400)}\r\n", 10))));

    [Fact]
    public void Lines_stand_alone() => Assert.False(IsExceeded(string.Concat(Enumerable.Repeat("* OK (((\r\n", 1_000))));

    [Fact]
    public void Quoted_strings_and_literals_may_hold_any_brackets()
    {
        Assert.False(IsExceeded($"* 1 FETCH (ENVELOPE (\"\\\"{Deep}\\\\\"))\r\n"));
        Assert.False(IsExceeded($"* 1 FETCH (BODY[] {{602}}\r\n{Deep}\r\n)\r\nA1 OK\r\n"));
    }

    [Fact]
    public void Nothing_hides_what_is_deep()
    {
        Assert.True(IsExceeded($"* 1 FETCH (BODY[] {{3}}\r\nabc {Deep}"));
        Assert.True(IsExceeded($"* OK {{99999}}\r\n* 1 FETCH {Deep}"));
        Assert.True(IsExceeded($"* OK \"never closed\r\n* 1 FETCH {Deep}"));
        Assert.True(IsExceeded($"* 1 FETCH (X {{5}} {Deep}"));
        Assert.True(IsExceeded($"* 1 FETCH (\"{{99999}}\" {Deep}"));
    }

    [Theory]
    [InlineData("* SEARCH 1 2 3\r\n", 0, 0)]
    [InlineData("* 1 FETCH (UID 1 FLAGS (\\Seen $a))\r\n", 1, 1)]
    [InlineData("* 1 FETCH (UID 1 FLAGS (\\Seen $a))\r\n* 2 FETCH (UID 2 FLAGS (\\Seen $a))\r\n", 2, 2)]
    [InlineData("* 1 FETCH (ENVELOPE (NIL \"a b c\" ((\"a\" NIL {4}\r\n( ( \"b\"))))\r\n", 3, 4)]
    [InlineData("* 1 FETCH (X \"not closed\r\n (a (b c", 2, 3)]
    public void The_memory_of_lists_and_words_is_estimated(string answer, int lists, int words)
    {
        for (var cut = 0; cut < answer.Length; cut++)
        {
            var limit = new NestingLimit();
            var octets = Encoding.Latin1.GetBytes(answer);
            Assert.False(limit.IsExceeded(octets.AsSpan(0, cut)) || limit.IsExceeded(octets.AsSpan(cut)));
            Assert.Equal(lists * NestingLimit.OctetsOfList + words * NestingLimit.OctetsOfWord, limit.ParsedOctets);
        }
    }

    [Theory]
    [InlineData("* 1 FETCH (BODY[HEADER.FIELDS (TO)] {1001}\r\n")]
    [InlineData("* 1 FETCH (BODY[HEADER.FIELDS (TO)] {1001+}\r\n")]
    [InlineData("* 1 FETCH (X \"never closed\r\nBODY[HEADER.FIELDS (TO)] {1001}\r\n")]
    [InlineData("* 1 FETCH (X \"never closed\r\nBODY[HEADER.FIELDS (TO)] {99999999999999999999}\r\n")]
    public void A_literal_that_is_too_long_is_seen_however_it_arrives(string sent)
    {
        for (var cut = 1; cut < sent.Length; cut++)
        {
            var limit = new NestingLimit { MostInLiteral = 1000 };
            var octets = Encoding.Latin1.GetBytes(sent);
            Assert.True(limit.IsExceeded(octets.AsSpan(0, cut)) | limit.IsExceeded(octets.AsSpan(cut)));
        }
        Assert.False(new NestingLimit { MostInLiteral = 1001 }.IsExceeded(Encoding.Latin1.GetBytes(sent.Replace("99999999999999999999", "1001", StringComparison.Ordinal))));
    }

    /// <summary>Folded lines are no fields of their own.</summary>
    [Fact]
    public void A_header_may_have_many_fields_but_not_any_number()
    {
        static bool IsExceeded(string line, int times, int piece, long most = NestingLimit.MostInHeader)
        {
            var header = string.Concat(Enumerable.Repeat(line, times));
            var octets = Encoding.Latin1.GetBytes($"* 1 FETCH (BODY[HEADER.FIELDS (TO)] {{{header.Length}}}\r\n{header})\r\n");
            var limit = new NestingLimit { MostInLiteral = most };
            return octets.Chunk(piece).Any(chunk => limit.IsExceeded(chunk));
        }
        foreach (var piece in new[] { 1, 7, 100_000 })
        {
            Assert.False(IsExceeded("To: a@b\r\n", HeaderFieldLimit.MostFields, piece));
            Assert.True(IsExceeded("To: a@b\r\n", HeaderFieldLimit.MostFields + 1, piece));
            Assert.False(IsExceeded("To: a@b,\r\n\tb@c,\r\n b@c\r\n", HeaderFieldLimit.MostFields, piece));
            Assert.False(IsExceeded("To: a@b\r\n", HeaderFieldLimit.MostFields + 1, piece, long.MaxValue));
        }
    }

    [Fact]
    public void The_messages_of_an_answer_have_a_limit_of_header_fields_together()
    {
        static bool IsExceeded(int messages, int piece, string before)
        {
            var header = string.Concat(Enumerable.Repeat("To: a@b\r\n", 100));
            var answer = string.Concat(Enumerable.Range(1, messages).Select(uid => $"* {uid} FETCH (UID {uid} BODY[HEADER.FIELDS (TO)] {{{header.Length}}}\r\n{header})\r\n"));
            var limit = new NestingLimit { MostInLiteral = NestingLimit.MostInHeader, HeaderFields = { MostInAnswer = 1_000 } };
            return Encoding.Latin1.GetBytes(before + answer).Chunk(piece).Any(chunk => limit.IsExceeded(chunk));
        }
        foreach (var piece in new[] { 1, 7, 1_000_000 })
        {
            Assert.False(IsExceeded(10, piece, ""));
            Assert.True(IsExceeded(11, piece, ""));
            // Where it is uncertain what is a field, every line counts; others may have changed flags meanwhile.
            Assert.False(IsExceeded(10, piece, "* OK \"doubtful\r\n"));
            Assert.True(IsExceeded(120, piece, "* OK \"doubtful\r\n"));
        }
    }

    [Fact]
    public void The_next_answer_may_have_header_fields_again()
    {
        var octets = Encoding.Latin1.GetBytes($"* 1 FETCH (BODY[HEADER.FIELDS (TO)] {{9}}\r\nTo: a@b\r\n)\r\n");
        var limit = new NestingLimit { MostInLiteral = NestingLimit.MostInHeader };
        for (var answer = 1; answer <= 5; answer++)
        {
            limit.HeaderFields.MostInAnswer = 1;
            Assert.False(limit.IsExceeded(octets));
            Assert.Equal(answer, limit.HeaderFields.Total);
        }
        Assert.True(limit.IsExceeded(octets));
    }

    [Theory]
    [InlineData("A1 NO ")]
    [InlineData("A1 NO [CANNOT] ")]
    [InlineData("* BYE ")]
    [InlineData("+ ")]
    public void The_text_of_a_status_may_be_long_but_not_of_any_length(string status)
    {
        Assert.False(IsExceeded(string.Concat(Enumerable.Repeat($"{status}{new string('x', NestingLimit.MostInText - 100)}\r\n", 3))));
        Assert.True(IsExceeded($"{status}{new string('x', NestingLimit.MostInText + 1)}\r\n"));
    }

    public static TheoryData<string> Doubts =>
    [
        "* 1 FETCH (UID 1 ENVELOPE (NIL \"a string over a line end\r\n {2000000000}\r\n\" ",
        "* 1 FETCH (UID 1 ENVELOPE (NIL \"a \"quote\" inside\" ",
        "* 1 FETCH (UID 1 ENVELOPE (NIL \"no end\r\n",
        "* 1 FETCH (X-IGNORED {2000000000}\r\n",
        "* 1 FETCH (X {99999999999}\r\n",
        "* 1 FETCH (X {5+5}\r\n",
        "* OK \"a text that begins as a string\r\n",
        "*  OK {99999}\r\n",
        "* OK\u0001 {99999}\r\n",
        "* OK% {99999}\r\n",
        "* OK [X {99999}\r\n",
        "* OK [X \"\r\n",
        "* [X] {99999}\r\n",
        "*OK {99999}\r\n",
        "*5 FETCH (X \"\r\n",
        "* 1 FETCH (never closed\r\n",
        "*\rX {99999}\r\n",
    ];

    [Theory, MemberData(nameof(Doubts))]
    public void What_may_be_read_in_two_ways_hides_no_brackets(string doubtful)
    {
        Assert.True(IsExceeded($"{doubtful}* 1 FETCH (BODYSTRUCTURE {Deep}"));
        Assert.True(IsExceeded($"{doubtful}* 1 FETCH \"{Deep}\"{Deep}"));
        // Not even one by one, each closed again at once to a reader who takes the string for a list.
        Assert.True(IsExceeded($"{doubtful}* 1 FETCH " + string.Concat(Enumerable.Repeat("(\")\"", 600))));
    }

    [Fact]
    public void In_doubt_each_message_counts_for_itself()
    {
        var limit = new NestingLimit();
        for (var message = 0; message < 20; message++)
        {
            Assert.False(limit.IsExceeded(Encoding.Latin1.GetBytes($"* 1 FETCH (ENVELOPE (\"a \"quoted\" word\" {new string('(', 400)}{new string(')', 400)}))\r\n")));
            Assert.True(limit.IsDoubtful);
            limit.Unwind();
        }
    }

    /// <summary>Each is an address that MailKit takes for the start of a group, so that the next is in it.</summary>
    [Theory]
    [InlineData("(NIL NIL \"g\" NIL)")]
    [InlineData("( nil NIL \"g\" NIL)")]
    [InlineData("(NIL NIL g NIL)")]
    [InlineData("(NIL NIL {1}\r\ng NIL)")]
    [InlineData("(NIL NIL \"g\")")]
    [InlineData("(NIL NIL g)")]
    [InlineData("(NIL NIL \"g\" NIL) (\"Ann\" NIL \"ann\" \"example.com\")")]
    public void A_list_of_addresses_may_have_many_groups_but_not_any_number(string address)
    {
        string Answer(int times) => $"* 1 FETCH (UID 1 BODYSTRUCTURE (\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 1 (NIL NIL ({string.Concat(Enumerable.Repeat(address, times))})";
        Assert.False(IsExceeded(Answer(NestingLimit.MostGroups)));
        Assert.True(IsExceeded(Answer(NestingLimit.MostGroups + 1)));
    }

    [Theory]
    [InlineData("(NIL NIL \"ann\" \"example.com\")")]
    [InlineData("(\"Ann\" NIL \"ann\" \"example.com\")")]
    [InlineData("({3}\r\nAnn NIL \"ann\" \"example.com\")")]
    [InlineData("(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 1 1 NIL NIL NIL NIL)")]
    [InlineData("((NIL NIL) (NIL NIL))")]
    public void Addresses_of_mailboxes_and_parts_are_no_groups(string item) =>
        Assert.False(IsExceeded($"* 1 FETCH (UID 1 X ({string.Concat(Enumerable.Repeat(item, 10_000))})"));

    [Fact]
    public void A_list_may_have_many_lists_but_not_any_number()
    {
        static string Envelope(int addresses) => $"* 1 FETCH (ENVELOPE (NIL \"s\" ({string.Concat(Enumerable.Repeat("(NIL NIL \"a\" \"b\")", addresses))}) NIL))\r\n";
        Assert.False(IsExceeded(string.Concat(Enumerable.Repeat(Envelope(10_000), 5))));
        Assert.True(IsExceeded(Envelope(13_000)));
    }

    [Theory]
    [InlineData("* LIST (\\HasNoChildren) \"/\" \"a \\\"b\\\" c\"\r\n")]
    [InlineData("* LIST () \"/\" {5}\r\na(b\"c\r\n")]
    [InlineData("* STATUS INBOX (MESSAGES 1 UIDNEXT 2)\r\n")]
    [InlineData("* 1 FETCH (UID 1 FLAGS (\\Seen) BODY[HEADER.FIELDS (\"X\")] {5}\r\n(\"{(\r)\r\n")]
    [InlineData("* 1 FETCH (BODY[]<0> {2+}\r\n(( ENVELOPE (NIL {2}\r\n\"( \"\"))\r\n")]
    [InlineData("* OK [PERMANENTFLAGS (\\Seen \\*)] it's \"fine {5}\r\n")]
    [InlineData("* BYE\r\n")]
    [InlineData("* SEARCH\r\n")]
    [InlineData("* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")]
    [InlineData("* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n")]
    [InlineData("+ \r\n")]
    [InlineData("+ idling \"(\r\n")]
    [InlineData("A00000001 NO [CANNOT] no \"such\" {5}\r\n")]
    [InlineData("220 mail (ready)\r\n250-SIZE\r\n")]
    public void Honest_answers_leave_no_doubt(string answer)
    {
        var limit = new NestingLimit();
        Assert.False(limit.IsExceeded(Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(answer, 100)))));
        Assert.False(limit.IsDoubtful);
    }

    [Fact]
    public void Chunks_may_end_anywhere() => Prop.ForAll<byte[]>(order =>
    {
        string[] pieces = ["(", ")", "\"", "\\", "{2}", "{3+}", "\r\n", "* 1 FETCH ", "* OK ", "a"];
        var sent = Encoding.Latin1.GetBytes(string.Concat(order.Select(index => pieces[index % pieces.Length])));
        var (whole, piecewise) = (new NestingLimit(3), new NestingLimit(3));
        Assert.Equal(whole.IsExceeded(sent), sent.Any(octet => piecewise.IsExceeded([octet])));
    }).QuickCheckThrowOnFailure();
}
