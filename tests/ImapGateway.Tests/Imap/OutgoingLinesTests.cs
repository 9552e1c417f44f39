using System.Text;
using ImapGateway.Imap;

namespace ImapGateway.Tests.Imap;

/// <summary>A plus sign stands for words of the server in between.</summary>
public class OutgoingLinesTests
{
    private static bool Admits(params string[] writes)
    {
        var lines = new OutgoingLines();
        foreach (var write in writes)
        {
            if (write == "+")
            {
                lines.ServerSpoke();
            }
            else if (!lines.Admit(Encoding.Latin1.GetBytes(write)))
            {
                return false;
            }
        }
        return true;
    }

    [Fact]
    public void Commands_with_their_literals_and_continuations_are_sent()
    {
        Assert.True(Admits("A00000000 CAPABILITY\r\n", "+", "A00000001 NOOP\r\n", "+"));
        Assert.True(Admits("A00000001 IDLE\r\n", "+", "DONE\r\n", "+", "A00000002 NOOP\r\n"));
        Assert.True(Admits("A00000001 AUTHENTICATE PLAIN\r\n", "+", "AGFubgBwYXNz\r\n"));
        Assert.True(Admits("A00000001 LOGIN {3}\r\n", "+", "an\n {3}\r\n", "+", "\r\nx\r\n"));
        Assert.True(Admits("A00000001 SEARCH SUBJECT {9+}\r\nA\r\nB {5}\r TO {0+}\r\n\r\n"));
    }

    [Theory]
    [InlineData("A00000001 UID FETCH 1 (BODY.PEEK[HEADER.FIELDS (X\r\nA00000002 DELETE a)])\r\n")]
    [InlineData("A00000001 UID FETCH 1 (X\nA00000002 DELETE a)\r\n")]
    [InlineData("A00000001 UID FETCH 1 (X\rA00000002 DELETE a)\r\n")]
    [InlineData("A00000001 UID STORE 1 +FLAGS (\0)\r\n")]
    [InlineData("A00000001 UID STORE 1 +FLAGS (\t)\r\n")]
    [InlineData("A00000001 UID STORE 1 +FLAGS (\u0085)\r\n")]
    [InlineData("A00000001 UID STORE 1 +FLAGS (\u00E9)\r\n")]
    [InlineData("A00000001 NOOP\r\nA00000002 NOOP\r\n")]
    [InlineData("A00000001 LOGIN {3}\r\nann pass\r\n")]
    [InlineData("A00000001 LOGIN {3+}\r\nann\r\nA00000002 NOOP\r\n")]
    public void What_would_be_a_line_of_its_own_is_refused_however_it_is_written(string text)
    {
        Assert.False(Admits(text));
        for (var cut = 1; cut < text.Length; cut++)
        {
            Assert.False(Admits(text[..cut], text[cut..]));
        }
    }

    [Fact]
    public void A_line_begins_where_the_last_one_has_ended()
    {
        var lines = new OutgoingLines();
        Assert.True(lines.IsAtStart);
        lines.Admit("A00000001 SEARCH SUBJECT {12+}\r\n"u8);
        Assert.False(lines.IsAtStart);
        lines.Admit("A00000002 NO\r\n"u8);
        Assert.True(lines.IsAtStart);
    }
}
