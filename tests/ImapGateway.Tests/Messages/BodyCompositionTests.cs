using System.Text;
using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Mail;
using ImapGateway.Messages.Bodies;

namespace ImapGateway.Tests.Messages;

public class BodyCompositionTests
{
    private static readonly BodyRequest Both = new(Text: true, Html: true, Form: HtmlForm.Safe, MaxBytes: 10_000);

    private static BodyText Part(string type, string text, bool inText = true, bool inHtml = true, bool isCut = false) =>
        new(new MessagePart("1", type, null, "7bit", text.Length, null, null, null, null, inText, inHtml, false), text, isCut);

    private static MessageBody Compose(BodyRequest request, params BodyText[] parts) => BodyComposition.Compose(parts, request, _ => null, "m_1");

    [Fact]
    public void Each_reader_gets_its_alternative() =>
        Assert.Equal(new MessageBody("plain", HtmlPage.Contain("<p>rich</p>"), false), Compose(Both, Part("text/plain", "plain\r\n", inHtml: false), Part("text/html", "<p onclick=x>rich</p>", inText: false)));

    [Fact]
    public void Text_is_derived_from_html_where_there_is_none() => Assert.Equal(new MessageBody("one\n\ntwo", HtmlPage.Contain("<p>one</p><p>two</p>"), false), Compose(Both, Part("text/html", "<p>one<p>two")));

    [Fact]
    public void What_terminals_obey_is_not_text() => Assert.Equal("a[31m b\tc", Compose(Both, Part("text/plain", "a\u001B[31m\0 b\u0007\tc\r\n")).Text);

    [Fact]
    public void A_message_without_html_has_none() => Assert.Equal(new MessageBody("a\nb", null, false), Compose(Both, Part("text/plain", "a\r\nb")));

    [Fact]
    public void A_message_without_anything_to_read_has_neither() => Assert.Equal(new MessageBody(null, null, false), Compose(Both));

    [Fact]
    public void Only_what_was_asked_for_is_made()
    {
        var part = Part("text/html", "<p>x</p>");
        Assert.Equal(new MessageBody("x", null, false), Compose(Both with { Html = false }, part));
        Assert.Equal(new MessageBody(null, HtmlPage.Contain("<p>x</p>"), false), Compose(Both with { Text = false }, part));
    }

    [Fact]
    public void A_footer_in_text_follows_in_both() =>
        Assert.Equal(
            new MessageBody("plain\n\n-- list <a@b>", HtmlPage.Contain("<p>rich</p><div style=\"white-space:pre-wrap\">-- list &lt;a@b&gt;</div>"), false),
            Compose(Both, Part("text/plain", "plain", inHtml: false), Part("text/html", "<p>rich", inText: false), Part("text/plain", "-- list <a@b>\n")));

    [Fact]
    public void An_open_comment_does_not_swallow_the_next_part() => Assert.EndsWith("<p>second</p></div>", Compose(Both, Part("text/html", "first<!--"), Part("text/html", "<p>second</p>")).Html);

    [Fact]
    public void Raw_html_is_as_it_was_sent() => Assert.Equal("<script>x</script>", Compose(Both with { Form = new HtmlForm(HtmlMode.Raw) }, Part("text/html", "<script>x</script>")).Html);

    [Fact]
    public void What_is_too_long_is_cut_and_said_so()
    {
        var body = Compose(Both with { MaxBytes = 9 }, Part("text/plain", "éééééééé", inHtml: false), Part("text/html", "<p>éééééééé</p>", inText: false));
        Assert.Equal(new MessageBody("éééé", HtmlPage.Contain("<p>é</p>"), true), body);
        Assert.True(Compose(Both, Part("text/plain", "whole", isCut: true)).Truncated);
        Assert.False(Compose(Both with { MaxBytes = 5 }, Part("text/plain", "whole")).Truncated);
    }

    [Fact]
    public void Cutting_never_splits_a_character_nor_exceeds_the_limit() => Prop.ForAll<string, byte>((text, max) =>
    {
        var whole = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes((text ?? "") + "é😀"));
        var cut = Utf8Length.Cut(whole, max, out var truncated);
        Assert.StartsWith(cut, whole, StringComparison.Ordinal);
        Assert.True(Encoding.UTF8.GetByteCount(cut) <= max);
        Assert.Equal(truncated, cut.Length < whole.Length);
        Assert.False(cut.Length > 0 && char.IsHighSurrogate(cut[^1]));
    }).QuickCheckThrowOnFailure();
}
