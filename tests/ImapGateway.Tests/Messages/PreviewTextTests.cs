using System.Text;
using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Html;
using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Tests.Messages;

public class PreviewTextTests
{
    [Theory]
    [InlineData("Dear Ann,\r\n\r\nhere is   our\toffer.\r\n", "Dear Ann, here is our offer.")]
    [InlineData("> old\n> older\n\nNew.\n", "New.")]
    [InlineData("New.\n\nOn Monday, Anna wrote:\n> old\n", "New.")]
    [InlineData("New.\n\nAm 1. Mai 2026 um 12:00 schrieb Anna Berg\n<anna@example.org>:\n\n> old\n> older", "New.")]
    [InlineData("On Monday, Anna wrote:\n> only\n> quotes", "only quotes")]
    [InlineData("The list:\none\ntwo", "The list: one two")]
    [InlineData("----------\n======\nNews of May\n* * *\nRead on", "News of May Read on")]
    [InlineData("Bye\n-- \nAnna Berg\nExample Inc.", "Bye")]
    [InlineData("\uFEFF\u200Bpad\u00ADded\u034F \u00A0 text\u0000\u0007", "padded text")]
    [InlineData("", "")]
    [InlineData("\r\n \r\n", "")]
    [InlineData("a < b and c > d", "a < b and c > d")]
    public void Text_is_shown_by_its_beginning(string text, string expected) => Assert.Equal(expected, PreviewText.Of(text));

    [Theory]
    [InlineData("<html><head><title>T</title><style>p{color:red}</style></head><body><div style=\"display:none\">pad</div><p>Dear <b>Ann</b>,</p><p>our&nbsp;offer &amp; more</p>", "Dear Ann, our offer & more")]
    [InlineData("<p>See <a href=\"https://example.org/a/very/long/address\">the offer</a> today</p>", "See the offer today")]
    [InlineData("<p>New.</p><p>On Monday, Anna wrote:</p><blockquote><p>old</p></blockquote>", "New.")]
    [InlineData("<img src=\"x.png\" alt=\"Logo\"><br>&zwnj;&nbsp;&zwnj;&nbsp;<table><tr><td>One</td><td>Two</td></tr></table>", "Logo One Two")]
    [InlineData("<style>p{}", "")]
    [InlineData("<p>cut in the middle of <a hre", "cut in the middle of")]
    public void Html_is_shown_by_what_can_be_read_of_it(string html, string expected) => Assert.Equal(expected, PreviewText.OfHtml(html));

    [Fact]
    public void It_ends_after_200_characters_and_never_inside_one()
    {
        Assert.Equal(new string('x', 200), PreviewText.Of(new string('x', 1000)));
        Assert.Equal(new string('x', 199), PreviewText.Of(new string('x', 199) + "\U0001F600"));
        Assert.Equal(new string('x', 199), PreviewText.Of(new string('x', 199) + " y"));
    }

    [Fact]
    public void Whatever_the_octets_are_there_is_some_line_or_none()
    {
        string[] encodings = ["7bit", "8bit", "base64", "quoted-printable", "x-uuencode", "nonsense"];
        string?[] charsets = [null, "utf-8", "utf-16", "iso-2022-jp", "gb2312", "unknown-8bit"];
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), ArbMap.Default.ArbFor<byte>(), (octets, choice) =>
        {
            var part = new MessagePart("1", choice % 2 == 0 ? "text/html" : "text/plain", charsets[choice % charsets.Length], encodings[choice / 7 % encodings.Length], octets.Length, null, null, null, null, true, false, false);
            var preview = PreviewFetch.Read(part, octets);
            Assert.True(preview.Length <= PreviewText.MaxLength);
            Assert.DoesNotContain(preview, character => char.IsControl(character));
            _ = new UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(preview);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void What_is_encrypted_in_the_text_shows_nothing() =>
        Assert.Equal("", PreviewFetch.Read(new MessagePart("1", "text/plain", null, "7bit", 100, null, null, null, null, true, false, false), "-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA"u8));
}
