using ImapGateway.Imap;

namespace ImapGateway.Tests.Imap;

public class UidSetTests
{
    [Theory]
    [InlineData(new uint[] { 5, 4, 3 }, "3:5")]
    [InlineData(new uint[] { 9, 3, 4, 3, 1 }, "1,3:4,9")]
    [InlineData(new uint[] { uint.MaxValue, 1 }, "1,4294967295")]
    public void A_set_is_ascending_whatever_the_order_of_its_uids(uint[] uids, string expected)
    {
        Assert.Equal(expected, UidSet.Ascending(uids).ToString());
        Assert.Equal($"UID FETCH {expected} (BODY.PEEK[1]<0.2>)", new SectionCommand(uids, [new SectionSlice("1", 0, 2)]).ToString());
    }
}
