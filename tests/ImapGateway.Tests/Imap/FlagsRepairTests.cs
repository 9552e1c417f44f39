using System.Text;
using ImapGateway.Imap;

namespace ImapGateway.Tests.Imap;

public class FlagsRepairTests
{
    [Theory]
    [InlineData("* FLAGS (\\Seen a\u0001b Work)\r\n", "* FLAGS (\\Seen     Work)\r\n")]
    [InlineData("* FLAGS (\u007f)\r\n", "* FLAGS ( )\r\n")]
    [InlineData("* OK [PERMANENTFLAGS (\\Seen \tx \\*)] permanent\r\n", "* OK [PERMANENTFLAGS (\\Seen    \\*)] permanent\r\n")]
    [InlineData("* 1 FETCH (FLAGS (a\u0001) UID 2)\r\n", "* 1 FETCH (FLAGS (  ) UID 2)\r\n")]
    [InlineData("* FLAGS (a\u0001", "* FLAGS (  ")]
    [InlineData("* FLAGS (\\Seen Work)\r\n", "* FLAGS (\\Seen Work)\r\n")]
    // What stands outside of a list of flags is none of them.
    [InlineData("* LIST () \"/\" INBOX/a\tb\r\n", "* LIST () \"/\" INBOX/a\tb\r\n")]
    [InlineData("\r\n", "\r\n")]
    public void Keywords_with_control_characters_become_blanks(string line, string expected)
    {
        var octets = Encoding.Latin1.GetBytes(line);
        FlagsRepair.Apply(octets);
        Assert.Equal(expected, Encoding.Latin1.GetString(octets));
    }
}
