using System.Text;
using System.Text.RegularExpressions;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Html;
using ImapGateway.Messages.Bodies;

namespace ImapGateway.Tests.Messages;

public class SafeHtmlTests
{
    private static string Clean(string html) => SafeHtml.Clean(html, url => ImapGateway.Html.SafeUrls.ContentId(url) == "logo@x" ? "/v1/accounts/a/messages/m/parts/2" : null).Html;

    [Theory]
    [InlineData("<p>Hello <b>world</b></p>")]
    [InlineData("<table width=\"600\" cellpadding=\"0\"><tbody><tr><td align=\"center\" style=\"padding:10px 20px;color:#333;font-family:'Segoe UI',Arial,sans-serif\">x</td></tr></tbody></table>")]
    [InlineData("<p style=\"margin:0 0 10px;background-color:rgb(255, 0, 10);line-height:1.5;border:1px solid red\">x</p>")]
    [InlineData("<ul><li>a</li><li>b</li></ul><blockquote type=\"cite\">q</blockquote>")]
    [InlineData("<a href=\"https://example.com/?a=1&amp;b=2\" target=\"_blank\" rel=\"noopener noreferrer\">x</a>")]
    [InlineData("<img src=\"data:image/png;base64,iVBORw0KGgo=\" alt=\"dot\" width=\"1\">")]
    [InlineData("<img data-blocked-src=\"https://example.com/a.png\" alt=\"a\">")]
    [InlineData("1 &lt; 2 &amp; 3 &gt; 2 é 😀")]
    public void What_is_harmless_stays_as_it_is(string html) => Assert.Equal(html, Sorted(Clean(html), html));

    /// <summary>Attributes may change places: the same markup counts.</summary>
    private static string Sorted(string clean, string html)
    {
        var parser = new HtmlParser();
        return parser.ParseDocument(clean).Body!.Children.Zip(parser.ParseDocument(html).Body!.Children).All(pair => Same(pair.First, pair.Second)) && clean.Length == html.Length ? html : clean;
    }

    private static bool Same(IElement one, IElement two) =>
        one.LocalName == two.LocalName && one.Attributes.Length == two.Attributes.Length && one.Attributes.All(attribute => two.GetAttribute(attribute.Name) == attribute.Value)
        && one.Children.Length == two.Children.Length && one.Children.Zip(two.Children).All(pair => Same(pair.First, pair.Second));

    [Fact]
    public void Remote_pictures_are_not_loaded_but_can_be_asked_for() =>
        Assert.Equal("<img alt=\"x\" data-blocked-src=\"https://tracker.example/p.gif?u=1\">", Clean("<img src=' https://tracker.example/p.gif?u=1' srcset='https://t/2 2x' alt=x background='https://t/3'>"));

    [Fact]
    public void Pictures_of_the_message_point_at_their_parts()
    {
        Assert.Equal("<img src=\"/v1/accounts/a/messages/m/parts/2\">", Clean("<img src='cid:logo%40x'>"));
        Assert.Equal("<img>", Clean("<img src='cid:other'>"));
        Assert.Equal("<img>", Clean("<img src='/v1/accounts/a'>"));
    }

    [Fact]
    public void Links_open_elsewhere_without_referrer_and_lead_somewhere()
    {
        Assert.Equal("<a href=\"https://x.example/\" target=\"_blank\" rel=\"noopener noreferrer\">x</a>", Clean("<a href='https://x.example/' ping='https://t' target=_top rel=opener>x</a>"));
        Assert.Equal("<a>x</a>", Clean("<a href='relative/path'>x</a>"));
        Assert.Equal("<a href=\"https://x.example/\" target=\"_blank\" rel=\"noopener noreferrer\">x</a>", Clean("<a href='//x.example/'>x</a>"));
    }

    [Fact]
    public void The_bodys_colours_stay_with_its_text() => Assert.Equal("<div style=\"background-color:#000;color:white\">x</div>", Clean("<html><body bgcolor='#000' text=white onload=x()>x</body></html>"));

    public static TheoryData<string> Vectors =>
    [
        "<script>alert(1)</script>", "<SCRIPT SRC=//x></SCRIPT>", "<scr<script>ipt>alert(1)</script>", "<img src=x onerror=alert(1)>", "<img src=x\nonerror\n=\nalert(1)>",
        "<img/src=x/onerror=alert(1)//", "<img src=\"x\"onerror=\"alert(1)\">", "<body onload=alert(1)>", "<svg onload=alert(1)>", "<svg><script>alert(1)</script></svg>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>", "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">",
        "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
        "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>", "<math><a xlink:href=javascript:alert(1)>x</a></math>",
        "<svg><a xlink:href=\"javascript:alert(1)\"><text>x</text></a></svg>", "<svg><use href=\"data:image/svg+xml,x#y\">", "<svg><animate onbegin=alert(1) attributeName=x>",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">", "<template><img src=x onerror=alert(1)></template>", "<textarea><img title=\"</textarea><img src onerror=alert(1)>\">",
        "<title><img title=\"</title><img src onerror=alert(1)>\"></title>", "<xmp><img title=\"</xmp><img src onerror=alert(1)>\">", "<iframe src=javascript:alert(1)></iframe>",
        "<iframe srcdoc=\"<script>alert(1)</script>\">", "<noembed><img title=\"</noembed><img src onerror=alert(1)>\">", "<plaintext><img src=x onerror=alert(1)>",
        "<object data=javascript:alert(1)></object>", "<embed src=javascript:alert(1)>", "<applet code=x>", "<frameset onload=alert(1)><frame src=javascript:alert(1)>",
        "<a href=javascript:alert(1)>x</a>", "<a href=\"jav&#x09;ascript:alert(1)\">x</a>", "<a href=\"&#106;avascript&colon;alert(1)\">x</a>", "<a href=\"\u0001javascript:alert(1)\">x</a>",
        "<a href=\"JaVaScRiPt:alert(1)\">x</a>", "<a href=\"vbscript:x\">x</a>", "<a href=\"data:text/html,<script>alert(1)</script>\">x</a>", "<a href=\"file:///etc/passwd\">x</a>",
        "<a href=\"https://x\" onclick=alert(1)>x</a>", "<a href=\"https://x\"onmouseover=\"alert(1)\">x</a>", "<a href='https://x/\"onmouseover=alert(1) x=\"'>x</a>",
        "<img src=javascript:alert(1)>", "<img src=\"data:image/svg+xml,<svg onload=alert(1)>\">", "<img src=\"data:text/html,x\">", "<img data-blocked-src=\"javascript:alert(1)\">",
        "<img dynsrc=javascript:alert(1)>", "<img lowsrc=javascript:alert(1)>", "<input type=image src=javascript:alert(1)>", "<form action=javascript:alert(1)><button formaction=javascript:alert(1)>x</button></form>",
        "<isindex action=javascript:alert(1) type=image>", "<meta http-equiv=refresh content=\"0;url=javascript:alert(1)\">", "<base href=\"javascript:alert(1)//\">", "<link rel=stylesheet href=https://x>",
        "<style>@import 'https://x';</style>", "<style>*{background:url(https://x)}</style>", "<style><!--</style><script>alert(1)</script>", "<p style=\"background:url(https://x)\">x</p>",
        "<p style=\"background:u\\72l(https://x)\">x</p>", "<p style=\"background:url&lpar;https://x&rpar;\">x</p>", "<p style=\"width:expression(alert(1))\">x</p>", "<p style=\"width:ex/**/pression(alert(1))\">x</p>",
        "<p style=\"behavior:url(x)\">x</p>", "<p style=\"-moz-binding:url(x)\">x</p>", "<p style=\"position:fixed;top:0\">x</p>", "<p style=\"posit\\69on:fixed\">x</p>", "<p style=\"color:red;position:absolute\">x</p>",
        "<p style=\"background-image:image-set('https://x' 1x)\">x</p>", "<p style=\"list-style:url(https://x)\">x</p>", "<p style=\"--x:url(https://x);background:var(--x)\">x</p>", "<p style=\"margin-top:-1000px\">x</p>",
        "<p style=\"color:red\" style=\"background:url(x)\">x</p>", "<p style='font-family:\"a;background:url(https://x)\"'>x</p>", "<p style=\"color:</p><script>alert(1)</script>\">x",
        "<video src=https://x poster=https://y><source src=https://z></video>", "<audio src=https://x>", "<picture><source srcset=\"https://x\"><img src=https://y></picture>", "<td background=\"https://x\">x</td>",
        "<!--><img src=x onerror=alert(1)>-->", "<!-- --!><img src=x onerror=alert(1)>", "<![CDATA[><img src=x onerror=alert(1)>]]>", "<?xml version=1?><x:script xmlns:x='http://www.w3.org/1999/xhtml'>alert(1)</x:script>",
        "<p id=location name=cookie class=modal>x</p>", "<a id=x name=y href=https://z>x</a>", "<div contenteditable autofocus onfocus=alert(1) tabindex=1>x</div>", "<marquee onstart=alert(1)>x</marquee>", "<details open ontoggle=alert(1)>x</details>",
        "<dialog open>x</dialog>", "<keygen autofocus onfocus=alert(1)>", "<b/onclick=alert(1)//x", "<\u0000script>alert(1)</script>", "<img src=x on\u0000error=alert(1)>", "<a href=\"java\u0000script:alert(1)\">x</a>",
        "<table><td><form><form onsubmit=alert(1)></table>", "<p><svg><p><style><img src=x onerror=alert(1)>", "<select><style></select><img src=x onerror=alert(1)>", "&lt;script&gt;alert(1)&lt;/script&gt;", "<a title=\"&lt;/a&gt;&lt;script&gt;\">x</a>",
        "<custom-element onclick=alert(1)>x</custom-element>", "<p is=x-y>x</p>", "<a href=https://x download>x</a>", "<area href=javascript:alert(1)>", "<map name=x><area shape=rect href=javascript:alert(1)></map><img usemap=#x>",
        "<dialog id=x></dialog><img usemap=#x><a href=#x>y</a>", "<dialog id=x></dialog><a href=#y>y</a><a href=#x>x</a><p id=y>", "<tr id=x></tr><p id=y></p><a href=#x>x</a><a href=#y>y</a>",
        "<area href=#x><p id=x>x</p><p id=y></p><a href=#y>y</a>", "<map name=x><area href=#y></map><img usemap=#x>", "<map name=x></map><a href=#x>x</a>", "<a id=y name=x href=#x>x</a>", "<a name=x href=#x>x</a>", "<p id=a><p id=b><a href=#b>b</a><a href=#a>a</a>",
        "<p id=%41><a href=#%41>x</a><a href=#A>y</a>", "<select><p id=x></select><a href=#x>x</a>",
    ];

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Nothing_in_an_attack_survives(string html)
    {
        foreach (var variant in new[] { html, "<div>" + html + "</div>", "<table><tr>" + html, "<p><b>" + html + html })
        {
            var clean = Clean(variant);
            AssertHarmless(clean);
            Assert.Equal(clean, Clean(clean));
        }
    }

    [Fact]
    public void Random_garbage_comes_out_harmless_and_cleaning_twice_changes_nothing()
    {
        string[] pieces = [.. Vectors.Select(row => row.Data).SelectMany(vector => Regex.Split(vector, "(?<=[>\"' ])")), "<table>", "<tr>", "<td>", "</table>", "<p>", "</p>", "<b>", "</b>", "<a href=https://x>", "</div>", "<li>", "</ul>", "<ruby><rt>", "<h1>", "\0", "\uFFFF", "\r"];
        var garbage = Gen.Elements(pieces).ListOf().Select(chosen => string.Concat(chosen));
        Prop.ForAll(garbage.ToArbitrary(), html =>
        {
            var clean = Clean(html);
            AssertHarmless(clean);
            Assert.Equal(clean, Clean(clean));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));
    }

    private static void AssertHarmless(string html)
    {
        foreach (var element in new HtmlParser(new HtmlParserOptions { IsScripting = true }).ParseDocument("<!doctype html><body>" + html).All.Skip(3))
        {
            Assert.Equal("http://www.w3.org/1999/xhtml", element.NamespaceUri);
            Assert.True(HtmlElements.Allowed.Contains(element.LocalName), element.LocalName);
            foreach (var attribute in element.Attributes)
            {
                Assert.DoesNotMatch("^(on|class$|src(set|doc)|background$|form|action|ping|xlink|xmlns|is$|data-(mail|style))", attribute.Name);
                Assert.True(attribute.Name switch
                {
                    "href" => Regex.IsMatch(attribute.Value, "^(https?://|mailto:|tel:|sms:|#mail-[0-9]+\\z)"),
                    "id" or "name" => Regex.IsMatch(attribute.Value, "^mail-[0-9]+\\z"),
                    "usemap" => Regex.IsMatch(attribute.Value, "^#mail-[0-9]+\\z"),
                    "src" => Regex.IsMatch(attribute.Value, "^(/v1/accounts/|data:image/(png|gif|jpeg|webp|bmp);base64,)"),
                    SafeHtml.BlockedSource => Regex.IsMatch(attribute.Value, "^https?://"),
                    "style" => !Regex.IsMatch(attribute.Value, @"url|expression|import|position|behavio|binding|var\(|image|\\|/\*|@|-1000", RegexOptions.IgnoreCase),
                    "target" => attribute.Value == "_blank",
                    _ => true,
                }, $"{attribute.Name}={attribute.Value}");
            }
        }
    }

    [Theory]
    [InlineData("<div>")]
    [InlineData("<table><tr><td>")]
    [InlineData("<b><p>")]
    [InlineData("<font color=red>x<p>")]
    [InlineData("<a href=https://x>x<table>")]
    [InlineData("<p style='color:red;margin:1px 2px'>x")]
    [InlineData("<svg><math>")]
    [InlineData("<ul><li>")]
    [InlineData("<")]
    public void A_megabyte_of_hostile_nesting_is_cleaned(string piece) => AssertHarmless(Clean(string.Concat(Enumerable.Repeat(piece, 1_000_000 / piece.Length))));

    [Fact]
    public void A_style_of_a_hundred_thousand_brackets_does_not_end_the_process() =>
        Assert.Equal("<p>x</p>", Clean("<p style=\"width:" + string.Concat(Enumerable.Repeat("calc(", 100_000)) + "\">x</p>"));

    [Fact]
    public void An_element_of_a_hundred_thousand_attributes_is_cleaned() =>
        Assert.Equal("<p title=\"t\">x</p>", Clean("<p " + string.Join(' ', Enumerable.Range(0, 100_000).Select(i => $"a{i}=1")) + " title=t>x</p>"));

    [Fact]
    public void Misnested_formatting_does_not_multiply()
    {
        var html = string.Concat(Enumerable.Range(0, 2_000).Select(i => $"<font size={i}>")) + string.Concat(Enumerable.Repeat("<p>x</p>", 5_000));
        Assert.True(Clean(html).Length < 20 * html.Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(1_000)]
    public void What_is_cut_is_well_formed_and_short_enough(int maxBytes)
    {
        var (html, truncated) = SafeHtml.Clean("<div><ul>" + string.Concat(Enumerable.Repeat("<li>é😀 &amp; <img src=cid:logo@x></li>", 200)), _ => "/v1/accounts/p", maxBytes);
        Assert.True(truncated);
        Assert.True(Encoding.UTF8.GetByteCount(html) <= maxBytes);
        Assert.Equal(html, new HtmlParser().ParseDocument("<!doctype html><body>" + html).Body!.InnerHtml);
        AssertHarmless(html);
    }

    [Fact]
    public void What_fits_is_not_cut()
    {
        var (html, truncated) = SafeHtml.Clean("<p>ok</p>", _ => null, 9);
        Assert.Equal(("<p>ok</p>", false), (html, truncated));
    }
}
