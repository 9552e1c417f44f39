using ImapGateway.Changes;

namespace ImapGateway.Tests.Changes;

public class FeedPositionTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(42)]
    [InlineData(long.MaxValue)]
    public void A_position_comes_back_as_it_was(long number)
    {
        Assert.Equal(new FeedPosition(false, "abcdefgh", new GlobalPosition(0, number)), FeedPosition.Parse(FeedPosition.OfAccount("abcdefgh", number)));
        foreach (var place in new[] { new GlobalPosition(0, number), new GlobalPosition(number, 7) })
        {
            Assert.Equal(new FeedPosition(true, "abcdefgh", place), FeedPosition.Parse(FeedPosition.OfAll("abcdefgh", place)));
        }
        Assert.Matches("^[a-z0-9_]{1,64}$", FeedPosition.OfAll("abcdefgh", new GlobalPosition(number, number)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("a_abcdefgh")]
    [InlineData("a_abcdefgh_")]
    [InlineData("a_abcdefgh_01")]
    [InlineData("a_abcdefgh_-1")]
    [InlineData("a_abcdefgh_9223372036854775808")]
    [InlineData("a_ABCDEFGH_1")]
    [InlineData("a_abcdefg_1")]
    [InlineData("a_abcdefgh_1\n")]
    [InlineData("g_abcdefgh_1")]
    [InlineData("g_abcdefgh_1_")]
    [InlineData("g_abcdefgh_9223372036854775808_1")]
    [InlineData("e_abcdefghb")]
    public void Anything_else_is_none(string text) => Assert.Null(FeedPosition.Parse(text));
}
