using ImapGateway.Mail;
using ImapGateway.Messages.Bodies;

namespace ImapGateway.Tests.Messages;

/// <summary>HTML as a page of its own, and what names and links become in both forms.</summary>
public class HtmlDocumentTests
{
    private static readonly HtmlForm Document = new(HtmlMode.Document);

    private static string Compose(string html, HtmlForm form, int maxBytes = 100_000) =>
        BodyComposition.Compose(
            [new BodyText(new MessagePart("1", "text/html", null, "7bit", html.Length, null, null, null, null, true, true, false), html, false)],
            new BodyRequest(false, true, form, maxBytes),
            url => url == "cid:p" ? "/parts/2" : null,
            "m_1").Html!;

    [Fact]
    public void Rules_with_conditions_classes_and_ids_stay()
    {
        var page = Compose("<meta name=color-scheme content='light dark'><style>.a #b > td { color: red } @media (prefers-color-scheme: dark) { body.a { color: white !important; background: url(https://t.example) black } }</style><body class=a><p id=b class='c d'>x</p></body>", Document);
        Assert.StartsWith("<!doctype html><html><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">", page, StringComparison.Ordinal);
        Assert.Contains("<meta name=\"color-scheme\" content=\"light dark\">", page, StringComparison.Ordinal);
        Assert.Contains(".a #b>td{color:red}\n@media (prefers-color-scheme: dark){mail-body.a{color:white !important;background:none black}}\n</style>", page, StringComparison.Ordinal);
        Assert.EndsWith("<body><mail-body class=\"a\"><p class=\"c d\" id=\"b\">x</p></mail-body></body></html>", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_body_tag_there_is_a_body_all_the_same() => Assert.EndsWith("<body><mail-body><p>x</p></mail-body></body></html>", Compose("<p>x</p>", Document), StringComparison.Ordinal);

    [Theory]
    [InlineData("<style>p{color:red}</style><style></style><p title='</style><script>alert(1)</script>'>x</p>")]
    [InlineData("<style>p[title='</style><script>alert(1)</script>']{color:red}</style>")]
    [InlineData("<style>@media </style><script>alert(1)</script> { p { color: red } }</style>")]
    [InlineData("<style>p{font-family:'</style><script>alert(1)</script>'}</style>")]
    [InlineData("<meta name=color-scheme content='\"><script>alert(1)</script>'>")]
    [InlineData("<p id='\"><script>alert(1)</script>' class='\"><script>alert(1)</script>'>x</p><a href='#\"><script>alert(1)</script>'>y</a>")]
    [InlineData("</mail-body></body></html><script>alert(1)</script>")]
    public void Nothing_ends_the_style_element_or_the_page(string html)
    {
        var page = Compose(html, Document);
        var scripts = new AngleSharp.Html.Parser.HtmlParser().ParseDocument(page);
        Assert.Empty(scripts.QuerySelectorAll("script"));
        Assert.Single(scripts.QuerySelectorAll("mail-body"));
    }

    [Theory]
    [InlineData("img[src*=abc]")]
    [InlineData("img[SRC^='/v1']")]
    [InlineData("p:not([src])")]
    [InlineData("[style*='url']")]
    [InlineData("p:is([src])")]
    public void No_rule_tests_an_attribute_in_which_addresses_of_the_gateway_stand(string selector) =>
        Assert.DoesNotContain("red", Compose($"<style>{selector} {{ color: red }}</style>", Document), StringComparison.Ordinal);

    [Fact]
    public void Pictures_of_other_hosts_are_loaded_where_that_is_asked_for()
    {
        const string html = "<style>p{background:url(//t.example/a.png)}</style><p>x</p><img src=http://t.example/b.png><table background=https://t.example/c.png><td>y</table><td style='background:url(cid:p)'>";
        foreach (var form in new[] { HtmlForm.Safe, Document })
        {
            var blocked = Compose(html, form);
            Assert.DoesNotMatch("(?<!data-blocked-)src=\"http|url\\(&?(quot;)?http", blocked);
            Assert.Contains("data-blocked-src=\"http://t.example/b.png\"", blocked, StringComparison.Ordinal);
            var remote = Compose(html, form with { RemoteImages = true });
            Assert.Contains("url(", remote, StringComparison.Ordinal);
            Assert.Contains("https://t.example/a.png", remote, StringComparison.Ordinal);
            Assert.Contains("<img src=\"http://t.example/b.png\" referrerpolicy=\"no-referrer\">", remote, StringComparison.Ordinal);
            Assert.Contains("background-image:url(&quot;https://t.example/c.png&quot;)", remote, StringComparison.Ordinal);
        }
        Assert.Contains("img-src 'self' data: https: http:;", Compose(html, Document with { RemoteImages = true }), StringComparison.Ordinal);
    }

    [Fact]
    public void The_safe_form_is_one_element_that_contains_its_content()
    {
        var html = Compose("</div></div><p>x</p></div>", HtmlForm.Safe);
        Assert.Equal(HtmlPage.Contain("<p>x</p>"), html);
        Assert.Matches("^<div style=\"contain:content;overflow:auto;position:relative;isolation:isolate;", html);
    }

    [Theory]
    [InlineData("<a href='#a'>x</a><p id=a>y</p>", "<a href=\"#m_1-1-1\">x</a><p id=\"m_1-1-1\">y</p>")]
    [InlineData("<a href='#%C3%BCber%20uns'>x</a><a name='über uns'>y</a>", "<a>x</a><a>y</a>")]
    [InlineData("<a href='#%C3%BCber'>x</a><a name='über'>y</a>", "<a href=\"#m_1-1-1\">x</a><a id=\"m_1-1-1\">y</a>")]
    [InlineData("<a href='#nowhere'>x</a><p id=unused>y</p>", "<a>x</a><p>y</p>")]
    [InlineData("<img alt=i usemap='#m'><map name=m><area shape=rect coords='0,0,1,1' href=https://x.example/></map>", "<img alt=\"i\" usemap=\"#m_1-1-1\"><map name=\"m_1-1-1\"><area shape=\"rect\" coords=\"0,0,1,1\" href=\"https://x.example/\" target=\"_blank\" rel=\"noopener noreferrer\"></map>")]
    public void Links_within_a_message_lead_to_names_of_its_own(string html, string expected) => Assert.Equal(HtmlPage.Contain(expected), Compose(html, HtmlForm.Safe));

    [Fact]
    public void Links_within_a_document_stay_in_its_frame()
    {
        const string html = "<a href=#a>x</a><a href='about:srcdoc#a'>y</a><p id=a>z</p>";
        Assert.Contains("<a href=\"about:srcdoc#a\">x</a><a>y</a><p id=\"a\">z</p>", Compose(html, Document), StringComparison.Ordinal);
        Assert.Contains("<a href=\"#a\">x</a><a>y</a><p id=\"a\">z</p>", Compose(html, Document with { HasAddress = true }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://x.example/a b?c=d e", "https://x.example/a%20b?c=d%20e")]
    [InlineData(" tel:+49 30 123 ", "tel:+49%2030%20123")]
    [InlineData("sms:+4930?body=a b", "sms:+4930?body=a%20b")]
    [InlineData("//x.example/p", "https://x.example/p")]
    [InlineData("mailto:a@b.example?subject=c d", "mailto:a@b.example?subject=c%20d")]
    [InlineData("https://x.example/<a>`", "https://x.example/%3Ca%3E%60")]
    public void Links_are_written_as_browsers_follow_them(string href, string expected) =>
        Assert.Equal(HtmlPage.Contain($"<a href=\"{expected}\" target=\"_blank\" rel=\"noopener noreferrer\">x</a>"), Compose($"<a href=\"{href}\">x</a>", HtmlForm.Safe));

    [Theory]
    [InlineData("<nobr>x</nobr>")]
    [InlineData("<div hidden=\"\">x</div>")]
    [InlineData("<td width=\"10000\">")]
    public void Old_elements_and_attributes_stay(string html) => Assert.Contains(html.StartsWith("<td", StringComparison.Ordinal) ? "width" : html, Compose(html.StartsWith("<td", StringComparison.Ordinal) ? $"<table><tr>{html}x</table>" : html, HtmlForm.Safe), StringComparison.Ordinal);

    [Theory]
    [InlineData("<td height=\"100000\">")]
    [InlineData("<td height=\"99999999999999999999\">")]
    [InlineData("<img hspace=\"-500\">")]
    [InlineData("<table cellpadding=\"+20000\">")]
    public void Measures_in_attributes_are_bounded(string tag) => Assert.DoesNotMatch("height|hspace|cellpadding", Compose($"<table><tr>{tag}x", HtmlForm.Safe)["<div style=\"contain:content;overflow:auto;position:relative;isolation:isolate;z-index:0;display:flow-root;max-width:100%\">".Length..]);
}
