using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Html;

namespace ImapGateway.Tests.Messages;

public class PlainTextTests
{
    [Theory]
    [InlineData("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree")]
    [InlineData("<div>a</div><div>b <b>c</b>\n  d</div>", "a\nb c d")]
    [InlineData("<h1>Title</h1>text", "Title\n\ntext")]
    [InlineData("<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>after", "- a\n- b\n  - c\n\nafter")]
    [InlineData("<ol><li>a<li>b</ol>", "1. a\n2. b")]
    [InlineData("hi<blockquote>quoted<br>more<blockquote>deep</blockquote></blockquote>bye", "hi\n\n> quoted\n> more\n>\n>> deep\n\nbye")]
    [InlineData("<a href=\"https://example.com/x\">here</a>", "here <https://example.com/x>")]
    [InlineData("<li><a href=\"https://example.com/\">example.com</a>", "- example.com")]
    [InlineData("<a href='mailto:a@b.c'>a@b.c</a>, <a href='tel:123'>call</a>", "a@b.c, call <123>")]
    [InlineData("<a href='javascript:alert(1)'>x</a><a href='#top'>y</a>", "xy")]
    [InlineData("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc")]
    [InlineData("a<hr>b", "a\n----------\nb")]
    [InlineData("<pre>  x\n\n    y</pre>", "  x\n\n    y")]
    [InlineData("&lt;b&gt; &amp; &euro;&nbsp;&#233;&#x1F600;", "<b> & € é😀")]
    [InlineData("<style>p{}</style><script>alert('<p>')</script><title>t</title>x<!-- y -->", "x")]
    [InlineData("<div style='display : none'>preview<div>inner</div></div>x", "x")]
    [InlineData("<img alt='Logo' src='x'><img src='pixel'>", "Logo")]
    [InlineData("a\u200B\u200Bb\u00AD", "ab")]
    [InlineData("", "")]
    [InlineData("no markup < at all", "no markup < at all")]
    public void Html_reads_like_text(string html, string expected) => Assert.Equal(expected, PlainText.FromHtml(html).Replace("\u00A0", " "));

    [Theory]
    [InlineData("<div>")]
    [InlineData("<table><tr><td>")]
    [InlineData("<blockquote>x")]
    [InlineData("<ul><li>")]
    [InlineData("<b><p>")]
    [InlineData("<!--")]
    [InlineData("<a href='x'>")]
    [InlineData("</")]
    [InlineData("<")]
    [InlineData("&")]
    public void A_megabyte_of_hostile_nesting_is_read(string piece)
    {
        var text = PlainText.FromHtml(string.Concat(Enumerable.Repeat(piece, 1_000_000 / piece.Length)));
        Assert.True(text.Length < 5_000_000);
    }

    [Fact]
    public void Any_text_gives_text_without_control_characters() => Prop.ForAll<string>(text =>
        Assert.DoesNotContain(PlainText.FromHtml(text + "<p>" + text), character => character < ' ' && character != '\n')).QuickCheckThrowOnFailure();
}
