using ImapGateway.Responses;
using Microsoft.Extensions.Primitives;

namespace ImapGateway.Tests.Responses;

public class EntityTagsTests
{
    [Theory]
    [InlineData("\"a\"", true)]
    [InlineData("W/\"a\"", true)]
    [InlineData("\"x\", \"a\" , \"y\"", true)]
    [InlineData("*", true)]
    [InlineData("\"b\"", false)]
    [InlineData("a", false)]
    [InlineData(null, false)]
    public void If_none_match_compares_weakly(string? header, bool known)
    {
        Assert.Equal(known, EntityTags.IsKnown(header, EntityTags.Format("a")));
        Assert.Equal(known, EntityTags.IsKnown(header, EntityTags.Format("a", isWeak: true)));
    }

    [Theory]
    [InlineData("\"a\"", true)]
    [InlineData("*", true)]
    [InlineData("\"x\",\"a\"", true)]
    [InlineData(null, true)]
    [InlineData("W/\"a\"", false)]
    [InlineData("\"b\"", false)]
    [InlineData("garbage", false)]
    public void If_match_compares_strongly(string? header, bool allowed) => Assert.Equal(allowed, EntityTags.Allows(header, "\"a\""));

    [Fact]
    public void Of_what_does_not_exist_nothing_matches()
    {
        Assert.False(EntityTags.Allows("*", null));
        Assert.False(EntityTags.IsKnown("*", null));
        Assert.False(EntityTags.Allows("W/\"a\"", "W/\"a\""));
    }

    [Theory]
    [InlineData("\"state.a\"", true)]
    [InlineData("\"x\", \"state.b.c\"", true)]
    [InlineData("*", true)]
    [InlineData(null, true)]
    [InlineData("W/\"state.a\"", false)]
    [InlineData("\"state\"", false)]
    [InlineData("\"stately.a\"", false)]
    [InlineData("garbage", false)]
    [InlineData("", false)]
    public void A_state_is_known_by_any_strong_tag_of_it(string? header, bool allowed) => Assert.Equal(allowed, EntityTags.AllowsState(header, "state"));

    [Fact]
    public void What_is_not_there_has_no_state()
    {
        Assert.False(EntityTags.AllowsState("*", null));
        Assert.False(EntityTags.AllowsState("\".a\"", null));
        Assert.True(EntityTags.AllowsState(null, null));
    }

    [Fact]
    public void Several_header_lines_are_one_list() => Assert.True(EntityTags.IsKnown(new StringValues(["\"x\"", "\"a\""]), "\"a\""));

    [Theory]
    [InlineData(null, true)]
    [InlineData("\"a\"", true)]
    [InlineData("W/\"a\"", false)]
    [InlineData("\"b\"", false)]
    [InlineData("Wed, 21 Oct 2015 07:28:00 GMT", false)]
    public void If_range_needs_the_same_strong_tag(string? header, bool allowed) => Assert.Equal(allowed, EntityTags.AllowsRange(header, "\"a\""));
}
