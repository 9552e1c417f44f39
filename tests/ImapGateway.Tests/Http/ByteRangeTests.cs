using ImapGateway.Http;


namespace ImapGateway.Tests.Http;

public class ByteRangeTests
{
    [Theory]
    [InlineData("bytes=0-4", 0, 4)]
    [InlineData("bytes=5-", 5, 9)]
    [InlineData("bytes=5-999", 5, 9)]
    [InlineData("bytes=-3", 7, 9)]
    [InlineData("bytes=-999", 0, 9)]
    [InlineData("Bytes = 9-9", 9, 9)]
    [InlineData("bytes=0-9223372036854775807", 0, 9)]
    public void A_single_range_is_clipped_to_the_length(string header, long first, long last)
    {
        Assert.Equal(RangeOutcome.Partial, ByteRange.Parse(header, 10, out var range));
        Assert.Equal(new ByteRange(first, last), range);
        Assert.Equal(last - first + 1, range.Length);
    }

    [Theory]
    [InlineData("bytes=10-")]
    [InlineData("bytes=10-20")]
    [InlineData("bytes=-0")]
    public void What_begins_behind_the_end_is_unsatisfiable(string header) => Assert.Equal(RangeOutcome.Unsatisfiable, ByteRange.Parse(header, 10, out _));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("bytes=0-1,3-4")]
    [InlineData("bytes=4-1")]
    [InlineData("bytes=a-b")]
    [InlineData("bytes=-")]
    [InlineData("items=0-1")]
    [InlineData("bytes=99999999999999999999-")]
    [InlineData("bytes=-1-2")]
    public void None_several_and_broken_ranges_mean_the_whole(string? header) => Assert.Equal(RangeOutcome.Whole, ByteRange.Parse(header, 10, out _));

    [Fact]
    public void Without_a_known_length_ranges_may_stay_open_and_suffixes_mean_the_whole()
    {
        Assert.Equal(RangeOutcome.Partial, ByteRange.Parse("bytes=5-", null, out var open));
        Assert.Equal(new ByteRange(5, null), open);
        Assert.Null(open.Length);
        Assert.Equal(RangeOutcome.Partial, ByteRange.Parse("bytes=5-6", null, out var closed));
        Assert.Equal(new ByteRange(5, 6), closed);
        Assert.Equal(RangeOutcome.Whole, ByteRange.Parse("bytes=-5", null, out _));
    }

    [Fact]
    public void Of_nothing_no_range_can_be_had()
    {
        Assert.Equal(RangeOutcome.Unsatisfiable, ByteRange.Parse("bytes=0-", 0, out _));
        Assert.Equal(RangeOutcome.Unsatisfiable, ByteRange.Parse("bytes=-1", 0, out _));
    }

    [Fact]
    public void Content_range_has_a_star_for_what_is_not_known()
    {
        Assert.Equal("bytes 0-4/10", ByteRange.ContentRange(0, 4, 10));
        Assert.Equal("bytes 5-6/*", ByteRange.ContentRange(5, 6, null));
        Assert.Equal("bytes */10", ByteRange.Unsatisfied(10));
    }
}
