using System.Text;
using ImapGateway.Imap;

namespace ImapGateway.Tests.Imap;

public class PhraseScanTests
{
    private const string Phrase = "[NOTIFICATIONOVERFLOW]";

    [Theory]
    [InlineData("* OK [NOTIFICATIONOVERFLOW] too much\r\n", true)]
    [InlineData("* ok [notificationoverflow]", true)]
    [InlineData("* OK [[[NOTIFICATIONOVERFLOW]", true)]
    [InlineData("* OK [NOTIFICATION[NOTIFICATIONOVERFLOW]", true)]
    [InlineData("* OK [NOTIFICATIONOVERFLOX] [NOTIFICATIONOVER FLOW]", false)]
    [InlineData("NOTIFICATIONOVERFLOW]", false)]
    public void It_is_found_wherever_the_pieces_are_cut(string text, bool found)
    {
        var octets = Encoding.ASCII.GetBytes(text);
        for (var cut = 0; cut <= octets.Length; cut++)
        {
            var scan = new PhraseScan(Phrase);
            Assert.Equal(found, scan.IsIn(octets.AsSpan(0, cut)) | scan.IsIn(octets.AsSpan(cut)));
        }
    }
}
