using System.Buffers;
using System.Text;
using ImapGateway.Imap;

namespace ImapGateway.Tests.Imap;

/// <summary>A structure that departs from the grammar is taken out of the answer, and nothing else is.</summary>
public class StructureFilterTests
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

    [Fact]
    public void The_answers_to_other_commands_are_not_looked_at()
    {
        var filter = new StructureFilter();
        Assert.False(filter.IsActive);
        filter.Sent(asksForStructures: true);
        Assert.True(filter.IsActive);
        filter.Sent(asksForStructures: false);
        Assert.False(filter.IsActive);
    }

    [Fact]
    public void An_answer_that_is_too_long_to_be_looked_at_arrives_whole()
    {
        var answer = Answer($"(\"TEXT\" \"PLAIN\" (\"NAME\" \"{new string('x', 2 << 20)}\") NIL NIL \"7BIT\" -1 1)");
        Assert.Equal(answer, Filtered(answer, 64 << 10));
    }

    private static string Filtered(string answer, int size)
    {
        var filter = new StructureFilter();
        filter.Sent(asksForStructures: true);
        var passed = new ArrayBufferWriter<byte>();
        foreach (var piece in Encoding.Latin1.GetBytes(answer).Chunk(size))
        {
            if (filter.IsActive)
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
