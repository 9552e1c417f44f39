using AngleSharp.Html.Parser;
using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Messages.Bodies;
using ImapGateway.Messages.Bodies.Css;

namespace ImapGateway.Tests.Messages;

public class StyleInliningTests
{
    private static string Clean(string html) => SafeHtml.Clean(html, _ => null).Html;

    /// <summary>The style of the only element with this text.</summary>
    private static string? StyleOf(string html, string text = "x") =>
        new HtmlParser().ParseDocument(Clean(html)).All.Single(element => element.TextContent == text && element.Children.Length == 0).GetAttribute("style");

    [Theory]
    [InlineData("p", "<p>x</p>")]
    [InlineData("*", "<p>x</p>")]
    [InlineData("P", "<p>x</p>")]
    [InlineData(".a", "<p class='b a'>x</p>")]
    [InlineData("#i", "<p id=i>x</p>")]
    [InlineData("p.a.b#i", "<p id=i class='a b'>x</p>")]
    [InlineData("div p", "<div><table><tr><td><p>x</p></table></div>")]
    [InlineData("div > p", "<div><p>x</p></div>")]
    [InlineData("div>p", "<div><p>x</p></div>")]
    [InlineData("div > div p", "<div><section><div>y</div></section><div><b><p>x</p></b></div></div>")]
    [InlineData("table > tbody > tr > td", "<table><tr><td>x</td></tr></table>")]
    [InlineData("h1 + p", "<h1>y</h1><p>x</p>")]
    [InlineData("h1 ~ p", "<h1>y</h1><hr><p>x</p>")]
    [InlineData("[align]", "<p align=left>x</p>")]
    [InlineData("p[class=\"a b\"]", "<p class='a b'>x</p>")]
    [InlineData("[class~=b]", "<p class='a b'>x</p>")]
    [InlineData("[lang|=de]", "<p lang=de-AT>x</p>")]
    [InlineData("a[href^='https']", "<a href=https://x.example>x</a>")]
    [InlineData("a[href$=\".pdf\"]", "<a href=https://x.example/a.pdf>x</a>")]
    [InlineData("div[style*=\"margin: 16px 0\"]", "<div style='margin: 16px 0'>x</div>")]
    [InlineData("p:first-child", "<div><p>x</p><p>y</p></div>")]
    [InlineData("p:last-child", "<div><p>y</p><p>x</p></div>")]
    [InlineData("p:only-child", "<div><p>x</p></div>")]
    [InlineData("li:nth-child(2n+1)", "<ul><li>y</li><li>y</li><li>x</li></ul>")]
    [InlineData("li:nth-child(-n + 1)", "<ul><li>x</li><li>y</li></ul>")]
    [InlineData("li:nth-child(3)", "<ul><li>y</li><li>y</li><li>x</li></ul>")]
    [InlineData("li:nth-child(even)", "<ul><li>y</li><li>x</li></ul>")]
    [InlineData("p:not(.a)", "<p class=a>y</p><p>x</p>")]
    [InlineData("p:not([class])", "<p class=a>y</p><p>x</p>")]
    [InlineData("p:not([class=a])", "<p class=a>y</p><p class=b>x</p>")]
    [InlineData("i, p:not([class]), .b", "<p class=a>y</p><p>x</p>")]
    [InlineData("a:link", "<a href=https://x.example>x</a>")]
    [InlineData("body p", "<p>x</p>")]
    [InlineData("html > body > p", "<body><p>x</p></body>")]
    [InlineData("body.dark .a", "<body class=dark><p class=a>x</p></body>")]
    [InlineData("b, p , i", "<p>x</p>")]
    [InlineData("p, p:hover", "<p>x</p>")]
    public void A_selector_finds_its_element(string selector, string html) => Assert.Contains("color:red", StyleOf($"<style>{selector} {{ color: red }}</style>{html}"), StringComparison.Ordinal);

    [Theory]
    [InlineData("div > p", "<div><b><p>x</p></b></div>")]
    [InlineData("h1 + p", "<h1>y</h1><hr><p>x</p>")]
    [InlineData("h1 ~ p", "<p>x</p><h1>y</h1>")]
    [InlineData(".a.b", "<p class=a>x</p>")]
    [InlineData(".A", "<p class=a>x</p>")]
    [InlineData("[class~=b]", "<p class='ab b-c'>x</p>")]
    [InlineData("p:first-child", "<div><b>y</b><p>x</p></div>")]
    [InlineData("p:last-child", "<div><p>x</p><b>y</b></div>")]
    [InlineData("li:nth-child(2n)", "<ul><li>x</li><li>y</li></ul>")]
    [InlineData("p:not(.a)", "<p class=a>x</p>")]
    [InlineData("p:not([class])", "<p class=a>x</p>")]
    [InlineData("a:link", "<a>x</a>")]
    [InlineData("p:hover", "<p>x</p>")]
    [InlineData("p::before", "<p>x</p>")]
    [InlineData("p:visited, p:focus", "<p>x</p>")]
    [InlineData("p, p::-moz-selection", "<p>x</p>")]
    [InlineData("p, ..a", "<p>x</p>")]
    [InlineData("p, {", "<p>x</p>")]
    [InlineData("p b", "<p>x</p>")]
    public void A_selector_finds_no_other_element(string selector, string html) => Assert.Null(StyleOf($"<style>{selector} {{ color: red }}</style>{html}"));

    [Theory]
    [InlineData("p { color: red } p { color: blue }", "", "color:red;color:blue")]
    [InlineData("#i { color: red } p { color: blue }", "", "color:blue;color:red")]
    [InlineData("p.a { color: red } .a { color: blue } p { color: green }", "", "color:green;color:blue;color:red")]
    [InlineData("p { color: red !important } #i { color: blue }", "", "color:blue;color:red !important")]
    [InlineData("p { color: red }", "color: blue", "color:red;color:blue")]
    [InlineData("p { color: red ! important; margin: 0 }", "color:blue", "margin:0;color:red !important;color:blue")]
    [InlineData("p, .a { color: red } b, p { color: blue }", "", "color:blue;color:red")]
    public void Declarations_stand_in_the_order_of_the_cascade(string sheet, string own, string expected) =>
        Assert.Equal(expected, StyleOf($"<style>{sheet}</style><p id=i class=a style='{own}'>x</p>"));

    [Theory]
    [InlineData("<!-- p { color: red } -->")]
    [InlineData("/* p { color: blue } */ p { /* ; } */ color: red }")]
    [InlineData("@charset 'utf-8'; @import url(https://evil.example/x.css); p { color: red }")]
    [InlineData("@import 'a;b'; @font-face { font-family: x; src: url(https://evil.example/f) } p { color: red }")]
    [InlineData("@keyframes k { from { color: blue } to { color: blue } } p { color: red }")]
    [InlineData("@supports (display: grid) { p { color: blue } } p { color: red }")]
    [InlineData("@media print { p { color: blue } } p { color: red }")]
    [InlineData("@media (prefers-color-scheme: dark) { p { color: blue } } p { color: red }")]
    [InlineData("@media screen { p { color: red } }")]
    [InlineData("@media only screen { @media all { p { color: red } } }")]
    [InlineData("q::after { content: '}' } p { color: red }")]
    [InlineData("p { color: red; b { color: blue } }")]
    [InlineData("p { color: red")]
    [InlineData("p { ; color: red; colour blue }")]
    [InlineData("p { color: red; background: url(https://evil.example/p) ")]
    public void Of_a_sheet_what_applies_to_a_screen_is_used(string sheet) => Assert.Matches("^color:red(;background:none)?\\z", StyleOf($"<style>{sheet}</style><p>x</p>"));

    [Fact]
    public void Sheets_behind_the_text_and_in_several_places_count_too() =>
        Assert.Equal("<p style=\"color:red;margin:0\">x</p>", Clean("<style>p{color:red}</style><p>x</p><style media='only screen'>p{margin:0}</style><style media=print>p{padding:0}</style>"));

    [Fact]
    public void What_is_said_of_the_page_goes_to_an_element_around()
    {
        Assert.Equal("<div style=\"background-color:#000;color:#fff\"><p>x</p></div>", Clean("<style>body{background-color:#000;color:#fff}</style><p>x</p>"));
        Assert.Equal("<div style=\"background:#eee\"><div style=\"color:#fff\"><p>x</p></div></div>", Clean("<style>:root{background:#eee}body{color:#fff}</style><p>x</p>"));
        Assert.Equal("<div style=\"color:#111;color:#222\"><p>x</p></div>", Clean("<style>body{color:#111}</style><body text=#222><p>x</p></body>"));
    }

    [Fact]
    public void Nothing_of_a_sheet_but_known_declarations_is_left()
    {
        var clean = Clean("<style>p { position: fixed; z-index: 9; width: expression(alert(1)); background: #fff url(https://evil.example/p) no-repeat; behavior: url(x); margin-top: -50px; transform: scale(9) }</style><p class=a id=i>x</p>");
        Assert.Equal("<p style=\"background:#fff none no-repeat\">x</p>", clean);
    }

    [Fact]
    public void A_sheet_of_a_hundred_thousand_rules_over_a_hundred_thousand_elements_is_left_out()
    {
        var sheet = string.Concat(Enumerable.Range(0, 100_000).Select(i => $".c{i} b{{color:red}}"));
        var clean = SafeHtml.Clean($"<style>{sheet}</style>{string.Concat(Enumerable.Repeat("<b class=c7>y</b>", 100_000))}", _ => null);
        Assert.StartsWith("<b>y</b><b>y</b>", clean.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("* * * * * * * * * * b { color: red }")]
    [InlineData("b ~ b ~ b ~ b ~ b { color: red }")]
    [InlineData("b + b ~ b + b { color: red }")]
    [InlineData("[class*=a][class*=b][class*=c][class*=d] { color: red }")]
    public void Selectors_that_compare_for_ever_are_left_out_as_a_whole(string rule)
    {
        // Each is small enough for the limits of the sheet; the product with the elements is not.
        var sheet = string.Concat(Enumerable.Repeat(rule, 2_000));
        var nested = string.Concat(Enumerable.Repeat("<div class=abcd>", 100));
        var clean = Clean($"<style>i {{ color: blue }} {sheet}</style><i>x</i>{nested}{string.Concat(Enumerable.Repeat("<b class=abcd>y</b>", 5_000))}");
        Assert.StartsWith("<i>x</i>", clean, StringComparison.Ordinal);
        Assert.DoesNotContain("style", clean, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("}")]
    [InlineData("@media screen{")]
    [InlineData("a{b{")]
    [InlineData("/*")]
    [InlineData("\"")]
    [InlineData("p:not(")]
    [InlineData("[a=")]
    [InlineData("p{color:calc(")]
    [InlineData("p{background:url(")]
    [InlineData("p>")]
    [InlineData(",")]
    [InlineData("\\")]
    public void A_sheet_of_nothing_but_one_piece_is_no_work(string piece)
    {
        var sheet = string.Concat(Enumerable.Repeat(piece, 500_000 / piece.Length));
        Assert.EndsWith("<b>x</b>", Clean($"<b>x</b><style>{sheet}</style>"), StringComparison.Ordinal);
    }

    [Fact]
    public void Text_is_not_cut_for_the_sake_of_styles()
    {
        var (html, truncated) = SafeHtml.Clean($"<style>b {{ color: red; font-family: 'A very long name of a font', Arial }}</style>{string.Concat(Enumerable.Repeat("<b>x</b>", 100))}", _ => null, 900);
        Assert.False(truncated);
        Assert.Equal(string.Concat(Enumerable.Repeat("<b>x</b>", 100)), html);
    }

    [Fact]
    public void Random_sheets_are_written_as_something_that_says_the_same()
    {
        string[] pieces = ["p", ".a", "#b", " > ", " ", " + ", ":not(", ")", "[c=\"d\"]", ":nth-child(2n-1)", "::before", ":hover", ",", "{", "}", "color:red;", "margin:", "1px", "url(x)", ";", "@media (min-width:1px)", "@import 'x';", "/*", "*/", "\"", "'", "\\", "</style>", "<!--", "é", "\n", "(", "body", "*", "!important", "calc(1px + 2%)"];
        var texts = Gen.Elements(pieces).ListOf().Select(chosen => string.Concat(chosen));
        Prop.ForAll(texts.ToArbitrary(), text =>
        {
            var written = StyleSheet.Parse([(text, null)], _ => null).Write(100_000);
            Assert.DoesNotContain("<", written, StringComparison.Ordinal);
            Assert.DoesNotContain("url", written, StringComparison.Ordinal);
            Assert.DoesNotContain("@import", written, StringComparison.Ordinal);
            Assert.Equal(written, StyleSheet.Parse([(written, null)], _ => null).Write(100_000));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));
    }
}
