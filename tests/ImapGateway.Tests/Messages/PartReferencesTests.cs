using ImapGateway.Html;
using ImapGateway.Mail;

namespace ImapGateway.Tests.Messages;

public class PartReferencesTests
{
    private static MessagePart Picture(string? contentId, string? location = null) => new("2", "image/png", null, "base64", 1, null, null, contentId, location, false, false, false);

    [Theory]
    [InlineData("<img src=cid:x@y>", true)]
    [InlineData("<IMG SRC='CID:X@Y'>", true)]
    [InlineData("<img src=\" cid:x%40y \">", true)]
    [InlineData("<td background=cid:x@y>", true)]
    [InlineData("<p style=\"background:url('cid:x@y')\">", true)]
    [InlineData("<img src=x@y>", false)]
    [InlineData("<img src=blob:applewebdata://1>", false)]
    [InlineData("<!-- <img src=cid:x@y> -->", false)]
    [InlineData("<script>'<img src=cid:x@y>'</script>", false)]
    [InlineData("<a href=cid:x@y>", false)]
    [InlineData("cid:x@y", false)]
    [InlineData("", false)]
    public void Html_shows_what_it_names(string html, bool isShown) => Assert.Equal(isShown, PartReferences.In(html).Include(Picture("x@y")));

    [Fact]
    public void A_part_is_found_by_its_content_id_whatever_its_case()
    {
        var parts = new NamedParts([Picture("X@y", "a.png"), Picture("x@Y", "b.png")]);
        Assert.Equal("a.png", parts.Find("cid:x@y")?.Location);
        Assert.Null(parts.Find("cid:other@y"));
        Assert.Null(parts.Find("x@y"));
    }

    [Theory]
    [InlineData("pictures/one.png", "pictures/one.png", true)]
    [InlineData("http://example.com/one.png", "http://example.com/one.png", true)]
    [InlineData("one.png", "two.png", false)]
    public void A_location_names_a_part_as_it_is_written(string location, string source, bool isShown)
    {
        Assert.Equal(isShown, PartReferences.In($"<img src='{source}'>").Include(Picture(null, location)));
        Assert.Equal(isShown, new NamedParts([Picture("x@y"), Picture(null, location)]).Find(source)?.Location == location);
    }
}
