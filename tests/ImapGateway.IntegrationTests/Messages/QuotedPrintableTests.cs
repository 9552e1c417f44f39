using System.Net;
using System.Text;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>Large quoted-printable parts arrive in pieces that end anywhere, also inside an escape.</summary>
public class QuotedPrintableTests
{
    private const string Boundary = "----boundary";

    /// <summary>Three octets and one character of three octets; the line is as long as RFC 2045 allows.</summary>
    private static readonly string Line = string.Concat(Enumerable.Repeat("=E2=82=AC", 8)) + "=\r\n";

    private static byte[] Encoded(string shift, int lines) => Encoding.ASCII.GetBytes($"""
        Subject: large
        MIME-Version: 1.0
        Content-Type: multipart/alternative; boundary="{Boundary}"

        --{Boundary}
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: quoted-printable

        {shift}{string.Concat(Enumerable.Repeat(Line, lines))}
        --{Boundary}
        Content-Type: text/html; charset=utf-8
        Content-Transfer-Encoding: quoted-printable

        <p>{shift}{string.Concat(Enumerable.Repeat(Line, lines))}</p>
        --{Boundary}--

        """.ReplaceLineEndings("\r\n"));

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("ab")]
    public async Task A_large_quoted_printable_mail_is_readable_as_text_html_part_and_range(string shift)
    {
        const int Lines = 6_000;
        var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var id = await world.Deliver(account, Encoded(shift, Lines));
        var text = shift + new string('€', Lines * 8);

        var body = (await account.Api.Get(account.Message(id, "?body=text,html&maxBodyBytes=524288"))).Is(HttpStatusCode.OK).Json.GetProperty("body");
        Assert.Equal((text, false), (body.GetProperty("text").GetString(), body.GetProperty("truncated").GetBoolean()));
        Assert.Contains($"<p>{text}</p>", body.GetProperty("html").GetString(), StringComparison.Ordinal);

        var octets = Encoding.UTF8.GetBytes(text);
        var part = (await world.Gateway.Http.Download(account.Message(id, "/parts/1"))).Is(HttpStatusCode.OK);
        Assert.Equal(octets, part.Octets);
        foreach (var (first, last) in new[] { (0, 0), (1, 3), (65_535, 65_537), (100_000, 140_000), (octets.Length - 2, octets.Length - 1) })
        {
            var range = (await world.Gateway.Http.Download(account.Message(id, "/parts/1"), ("Range", $"bytes={first}-{last}"))).Is(HttpStatusCode.PartialContent);
            Assert.Equal(octets[first..(last + 1)], range.Octets);
        }
    }

    [Fact]
    public async Task Wherever_a_text_is_cut_off_no_character_is_broken()
    {
        var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var id = await world.Deliver(account, Encoded("a", 3_000));
        var whole = "a" + new string('€', 24_000);
        foreach (var most in new[] { 1, 2, 3, 4, 5, 1_000, 1_001, 1_002, 20_000 })
        {
            var body = (await account.Api.Get(account.Message(id, $"?body=text&maxBodyBytes={most}"))).Is(HttpStatusCode.OK).Json.GetProperty("body");
            Assert.True(body.GetProperty("truncated").GetBoolean());
            Assert.Equal(whole[..(1 + (most - 1) / 3)], body.GetProperty("text").GetString());
        }
    }
}
