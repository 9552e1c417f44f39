using System.Buffers;
using System.Text;
using ImapGateway.Imap;

namespace ImapGateway.Tests.Imap;

/// <summary>What MailKit cannot read is taken out of the answer, and nothing else is.</summary>
public class FetchFilterTests
{
    private const string Header = "Subject: one\r\n\r\n";

    private const string Leaf = "\"TEXT\" \"PLAIN\" (\"CHARSET\" \"utf-8\") NIL NIL \"7BIT\" 12 1 NIL NIL NIL NIL";

    private static string Answer(string structure) =>
        $"* 3 FETCH (UID 3 INTERNALDATE \" 2-Jan-2026 03:04:05 +0000\" RFC822.SIZE 99 BODYSTRUCTURE {structure} EMAILID (M1) BODY[HEADER.FIELDS (DATE SUBJECT)] {{{Header.Length}}}\r\n{Header})\r\n";

    private static readonly string Repaired =
        $"* 3 FETCH ( UID 3 INTERNALDATE \" 2-Jan-2026 03:04:05 +0000\" RFC822.SIZE 99 EMAILID (M1) BODY[HEADER.FIELDS (DATE SUBJECT)] {{{Header.Length}}}\r\n{Header})\r\n";

    public static TheoryData<string> Right =>
    [
        $"({Leaf})",
        "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0)",
        $"(({Leaf})({Leaf}) \"ALTERNATIVE\" (\"BOUNDARY\" \"b\") NIL NIL NIL)",
        $"(({Leaf}) ({Leaf}) \"MIXED\")",
        // Dovecot, of a multipart without parts.
        "(NIL \"alternative\" (\"boundary\" \"b\") NIL NIL NIL)",
        "(\"APPLICATION\" \"PDF\" (\"NAME\" {9}\r\na \"b\".pdf) \"<x@y>\" \"text\" \"BASE64\" 4096 NIL (\"ATTACHMENT\" (\"FILENAME\" \"a \\\"b\\\".pdf\")) (\"de\" \"en\") \"http://x\")",
        $"(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 600 (\"today\" \"x\" ((\"Ann\" NIL \"ann\" \"example.com\")) NIL NIL ((NIL NIL \"team\" NIL)(NIL NIL \"bob\" \"example.com\")(NIL NIL NIL NIL) (NIL NIL \"others\" NIL)(NIL NIL NIL NIL)) NIL NIL NIL \"<a@b>\") ({Leaf}) 12)",
        $"(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 600 (NIL {{10}}\r\na subject) NIL NIL NIL NIL NIL NIL NIL \"<a@b>\") ({Leaf}) 12 NIL (\"INLINE\" NIL) NIL NIL)",
        // As servers describe a message that is encoded.
        "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"BASE64\" 600 NIL NIL NIL NIL)",
        // Exchange.
        $"(({Leaf}) \"MIXED\" (\"BOUNDARY\" \"b\") \"inline\" NIL NIL)",
    ];

    public static TheoryData<string> Wrong =>
    [
        $"({Leaf}))",
        $"({Leaf}) (\"extra\" NIL)",
        $"({Leaf}",
        "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" -1 1 NIL NIL NIL NIL)",
        "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 12 -1 NIL NIL NIL NIL)",
        "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"GB2312\") NIL NIL NIL 0 0 (\"BOUNDARY\" \"x\") NIL NIL) \"MIXED\")",
        "(\"TEXT\" \"PLAIN\" (\"NAME\" \"he said \"hi\".txt\") NIL NIL \"7BIT\" 12 1 NIL NIL NIL NIL)",
        "(\"TEXT\" \"PLAIN\" (\"NAME\" \"never closed) NIL NIL \"7BIT\" 12 1 NIL NIL NIL NIL)",
        "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 99999999999 1 NIL NIL NIL NIL)",
        "(\"TEXT\" \"PLAIN\")",
        $"(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 600 (NIL NIL ({string.Concat(Enumerable.Repeat("(NIL NIL \"g\" NIL)", 12_000))}) NIL NIL NIL NIL NIL NIL \"<a@b>\") ({Leaf}) 12)",
        "(\"ALTERNATIVE\" (\"BOUNDARY\" \"x\") NIL NIL)",
        "NIL",
        "()",
        "",
        // A string that looks like the items that follow.
        "(\"TEXT\" \"PLAIN\" (\"NAME\" \"x UID 7 RFC822.SIZE 1 BODY[HEADER.FIELDS (X)] {5} y\") NIL NIL \"7BIT\" -1 1 NIL)",
    ];

    [Theory, MemberData(nameof(Right))]
    public void A_right_answer_stays_as_it_is(string structure) => Assert.Equal(Answer(structure), Filtered(Answer(structure), 1 << 20));

    [Theory, MemberData(nameof(Wrong))]
    public void Of_a_wrong_one_the_structure_is_left_out(string structure) => Assert.Equal(Repaired, Filtered(Answer(structure), 1 << 20));

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void It_does_not_matter_in_which_pieces_an_answer_arrives(int size)
    {
        string[] answers = ["* 7 EXISTS\r\n", Answer($"({Leaf}))"), "* OK still here {5}\r\n", Answer($"({Leaf})"), Answer("NIL"), "A00000001 OK done\r\n"];
        Assert.Equal(string.Concat([answers[0], Repaired, answers[2], answers[3], Repaired, answers[5]]), Filtered(string.Concat(answers), size));
    }

    [Fact]
    public void The_octets_of_a_literal_are_no_answer()
    {
        var inner = Answer("NIL");
        var answer = $"* 3 FETCH (UID 3 BODYSTRUCTURE ({Leaf}) BODY[HEADER.FIELDS (SUBJECT)] {{{inner.Length}}}\r\n{inner})\r\n";
        Assert.Equal(answer, Filtered(answer, 1 << 20));
    }

    public static TheoryData<string, string> Values => new()
    {
        { "UID 3 RFC822.SIZE -1 FLAGS ()", "UID 3 FLAGS ()" },
        { "UID 3 RFC822.SIZE NIL", "UID 3" },
        { "UID 3 RFC822.SIZE \"99\"", "UID 3" },
        { "UID 3 RFC822.SIZE {2}\r\n99 FLAGS ()", "UID 3 FLAGS ()" },
        { "UID 3 RFC822.SIZE many", "UID 3" },
        { "UID 3 RFC822.SIZE", "UID 3" },
        { "RFC822.SIZE UID 3 FLAGS ()", "UID 3 FLAGS ()" },
        { "UID 3 RFC822.SIZE 99999999999999999999", "UID 3" },
        { "RFC822.SIZE 5000000000 UID 3", "UID 3" },
        { "UID 0 FLAGS ()", "FLAGS ()" },
        { "UID 4294967296 FLAGS ()", "FLAGS ()" },
        { "UID NIL FLAGS ()", "FLAGS ()" },
        { "UID 3 INTERNALDATE \"99-Foo-2024 00:00:00 +0000\"", "UID 3" },
        { "UID 3 INTERNALDATE \"31-Feb-2024 00:00:00 +0000\"", "UID 3" },
        { "UID 3 INTERNALDATE \"01-Feb-2024 00:00:00 +9999\"", "UID 3" },
        { "UID 3 INTERNALDATE NIL", "UID 3" },
        { "UID 3 INTERNALDATE \"\"", "UID 3" },
        { "UID 3 INTERNALDATE () FLAGS ()", "UID 3 FLAGS ()" },
        { "UID 3 INTERNALDATE {3}\r\nnow", "UID 3" },
        { "UID 3 INTERNALDATE \"never closed", "UID 3" },
        { "UID 3 INTERNALDATE \"2024-02-01T10:00:00+01:00\"", "UID 3 INTERNALDATE \"01-Feb-2024 09:00:00 +0000\"" },
        { "UID 3 INTERNALDATE \"1-Feb-2024 10:00:60 +0000\"", "UID 3 INTERNALDATE \"01-Feb-2024 10:01:00 +0000\"" },
        { "UID 3 FLAGS NIL", "UID 3 FLAGS ()" },
        { "UID 3 FLAGS (a\u0001b Work)", "UID 3 FLAGS (Work)" },
        { "FLAGS UID 3", "FLAGS () UID 3" },
        { "UID 3 FLAGS (\\Seen {3}\r\nodd (b) c% \\Flagged)", "UID 3 FLAGS (\\Seen \\Flagged)" },
        { "UID 3 FLAGS ((\\Seen", "UID 3 FLAGS ()" },
        { "UID 3 MODSEQ ()", "UID 3" },
        { "UID 3 MODSEQ 5", "UID 3" },
        { "UID 3 MODSEQ (NIL) FLAGS ()", "UID 3 FLAGS ()" },
        { "UID 3 MODSEQ (-1)", "UID 3" },
        { "UID 3 MODSEQ (18446744073709551615)", "UID 3" },
        { "UID 3 EMAILID NIL THREADID (T1)", "UID 3 THREADID (T1)" },
        { "UID 3 EMAILID (\"M1\") THREADID ()", "UID 3" },
        { "UID 3 X-GM-MSGID -1 X-GM-THRID 0", "UID 3" },
        { "UID 3 PREVIEW (FUZZY \"text\")", "UID 3" },
        { "UID 3 ENVELOPE (((( FLAGS ()", "UID 3" },
        { "UID 3 BODY[HEADER.FIELDS (DATE)] NIL", "UID 3 BODY[HEADER.FIELDS (DATE)] {0}\r\n" },
        { "UID 3 BODY[HEADER.FIELDS (DATE)] \"a \\\"b\\\"\"", "UID 3 BODY[HEADER.FIELDS (DATE)] {5}\r\na \"b\"" },
    };

    [Theory, MemberData(nameof(Values))]
    public void A_value_that_cannot_be_read_costs_nothing_but_itself(string items, string left) => Assert.Equal($"* 3 FETCH ( {left})\r\n", Filtered($"* 3 FETCH ({items})\r\n", 1 << 20));

    [Theory]
    [InlineData("UID 3 FLAGS (\\Seen $Forwarded \\* \"odd\") MODSEQ (9223372036854775807)")]
    [InlineData("FLAGS ( ) UID 4294967295 ")]
    [InlineData("UID 3 INTERNALDATE \"02-Jan-2026 03:04:05 -1000\" RFC822.SIZE 4294967295 EMAILID (M1) THREADID NIL")]
    [InlineData("UID 3 PREVIEW NIL X-GM-MSGID 18446744073709551615")]
    public void Values_that_can_be_read_stay_as_they_are(string items) => Assert.Equal($"* 3 FETCH ({items})\r\n", Filtered($"* 3 FETCH ({items})\r\n", 1 << 20));

    [Fact]
    public void A_size_that_is_too_large_for_MailKit_is_kept()
    {
        var filter = new FetchFilter();
        filter.Sent(asksForSummaries: true);
        filter.Filter("* 3 FETCH (RFC822.SIZE 5000000000 UID 3)\r\n* 4 FETCH (UID 4 RFC822.SIZE 4294967296 FLAGS ())\r\n"u8, new ArrayBufferWriter<byte>());
        Assert.Equal(new Dictionary<uint, long> { [3] = 5_000_000_000, [4] = 4_294_967_296 }, filter.Sizes);
        filter.Sent(asksForSummaries: true);
        Assert.Empty(filter.Sizes);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1 << 20)]
    public void A_literal_that_is_no_header_passes_as_it_arrives(int size)
    {
        const string Text = "* 1 FETCH (FLAGS NIL)\r\n{10}\r\n";
        string[] answers =
        [
            $"* 3 FETCH (UID 3 BODY[] {{{Text.Length}}}\r\n{Text})\r\n", $"* LIST () \"/\" {{{Text.Length}}}\r\n{Text}\r\n", "* 3 FETCH (FLAGS NIL UID 3)\r\n", "* BYE without an end",
        ];
        var expected = string.Concat([answers[0], answers[1], "* 3 FETCH ( FLAGS () UID 3)\r\n", answers[3]]);
        Assert.Equal(expected, Filtered(string.Concat(answers), size, asksForSummaries: false));
    }

    [Fact]
    public void An_answer_that_never_ends_is_handed_on_at_the_end()
    {
        var filter = new FetchFilter();
        var passed = new ArrayBufferWriter<byte>();
        filter.Filter("* 3 FETCH (UID"u8, passed);
        Assert.Equal(0, passed.WrittenCount);
        filter.End(passed);
        Assert.Equal("* 3 FETCH (UID", Encoding.Latin1.GetString(passed.WrittenSpan));
    }

    [Fact]
    public void An_answer_that_is_too_long_to_be_looked_at_arrives_whole()
    {
        var answer = Answer($"(\"TEXT\" \"PLAIN\" (\"NAME\" \"{new string('x', 2 << 20)}\") NIL NIL \"7BIT\" -1 1)");
        Assert.Equal(answer, Filtered(answer, 64 << 10));
    }

    private static string Filtered(string answer, int size, bool asksForSummaries = true)
    {
        var filter = new FetchFilter();
        filter.Sent(asksForSummaries);
        var passed = new ArrayBufferWriter<byte>();
        foreach (var piece in Encoding.Latin1.GetBytes(answer).Chunk(size))
        {
            if (!filter.Passes(piece.Length))
            {
                filter.Filter(piece, passed);
            }
            else
            {
                passed.Write(piece);
            }
        }
        return Encoding.Latin1.GetString(passed.WrittenSpan);
    }
}
