using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Mail;
using ImapGateway.Messages.Bodies;

namespace ImapGateway.Tests.Messages;

public class BodySlicesTests
{
    private static MessagePart Part(string number, string type, long size, string encoding = "7bit", bool inText = true, bool inHtml = true) =>
        new(number, type, null, encoding, size, null, null, null, null, inText, inHtml, false);

    private static string[] Sections(BodyRequest request, params MessagePart[] parts) => [.. BodySlices.Of(parts, request).Select(slice => slice.Section)];

    [Fact]
    public void Only_parts_that_are_asked_for_are_fetched()
    {
        MessagePart[] alternative = [Part("1", "text/plain", 10, inHtml: false), Part("2", "text/html", 10, inText: false), Part("3", "image/png", 10, inText: false, inHtml: false)];
        Assert.Equal(["1"], Sections(new BodyRequest(Text: true, Html: false, Form: HtmlForm.Safe, 100), alternative));
        Assert.Equal(["2"], Sections(new BodyRequest(Text: false, Html: true, Form: HtmlForm.Safe, 100), alternative));
        Assert.Equal(["1", "2"], Sections(new BodyRequest(Text: true, Html: true, Form: HtmlForm.Safe, 100), alternative));
    }

    [Fact]
    public void Text_is_made_of_html_where_there_is_no_other() =>
        Assert.Equal(["1"], Sections(new BodyRequest(Text: true, Html: false, Form: HtmlForm.Safe, 100), Part("1", "text/html", 10, inText: false)));

    [Fact]
    public void What_is_asked_for_can_be_made_of_what_is_fetched() => Prop.ForAll<ushort, bool>((max, base64) =>
    {
        var slice = Assert.Single(BodySlices.Of([Part("1", "text/plain", long.MaxValue, base64 ? "base64" : "quoted-printable")], new BodyRequest(true, false, HtmlForm.Safe, max)));
        Assert.True(slice.Count >= max * (base64 ? 78.0 / 57 : 3));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Many_parts_together_are_not_fetched_without_bound()
    {
        var slices = BodySlices.Of(Enumerable.Range(1, 1000).Select(i => Part($"{i}", "text/html", 1 << 30)), new BodyRequest(true, true, HtmlForm.Safe, 512 * 1024));
        Assert.InRange(slices.Length, 1, 50);
        Assert.InRange(slices.Sum(slice => (long)slice.Count), 1, 5 << 20);
    }

    [Fact]
    public void Shares_fill_the_room_and_cut_none_that_is_small() => Prop.ForAll<NonEmptyArray<ushort>, uint>((sizes, total) =>
    {
        var level = FairShares.Level(sizes.Get.Select(size => (long)size), total);
        var used = sizes.Get.Sum(size => Math.Min(size, level));
        Assert.True(used <= total);
        // Nobody could have more without another having less.
        Assert.True(used == sizes.Get.Sum(size => (long)size) || used + sizes.Get.Length > total);
    }).QuickCheckThrowOnFailure();
}
