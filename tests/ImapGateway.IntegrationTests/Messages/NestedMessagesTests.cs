using System.Net;
using System.Text;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>
/// Whatever can be nested in a message, nested far deeper than a stack bears if its parser is recursive. An overflow of the stack would end the gateway, which is a process of its own.
/// </summary>
public sealed class NestedMessagesTests
{
    private const string Mime = "MIME-Version: 1.0\n";

    public static TheoryData<string, string> Messages => new()
    {
        { "groups in groups", $"Subject: deep\nFrom: a@example.org\nTo: {Folded("g:", 30_000)} a@example.org{Folded(";", 30_000)}\n\nx" },
        { "comments in an address", $"Subject: deep\nFrom: {Folded("(", 50_000)}x{Folded(")", 50_000)} <a@example.org>\n\nx" },
        { "comments without an end", $"Subject: deep\nFrom: a@example.org {Folded("(", 50_000)}\nDate: {Folded("(", 50_000)}\nReferences: {Folded("(", 50_000)}\n\nx" },
        { "angle brackets", $"Subject: deep\nFrom: {Folded("<", 50_000)}a@example.org{Folded(">", 50_000)}\nReferences: {Folded("<", 50_000)}\n\nx" },
        { "routes and domain literals", $"Subject: deep\nFrom: <{Folded("@[", 30_000)}:a@example.org>\n\nx" },
        { "encoded words in encoded words", $"Subject: {Folded("=?utf-8?Q?=3D?=", 5_000)}\n\nx" },
        { "comments in a content type", $"Subject: deep\n{Mime}Content-Type: text/plain {Folded("(", 50_000)}; charset=utf-8\nContent-Disposition: attachment {Folded("(", 50_000)}\n\nx" },
        { "continuations of a parameter", $"Subject: deep\n{Mime}Content-Type: application/octet-stream{string.Concat(Enumerable.Range(0, 10_000).Select(i => $";\n name*{i}*=%41"))}\n\nx" },
        { "multiparts in multiparts", $"Subject: deep\n{Mime}{string.Concat(Enumerable.Range(0, 10_000).Select(i => $"Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n"))}\nx" },
        { "messages in messages", $"{string.Concat(Enumerable.Repeat($"Subject: deep\n{Mime}Content-Type: message/rfc822\n\n", 10_000))}Subject: deep\n\nx" },
        { "elements in elements", Html(string.Concat(Enumerable.Repeat("<div>", 100_000)) + "x") },
        { "elements in elements, closed", Html(string.Concat(Enumerable.Repeat("<span>", 100_000)) + "x" + string.Concat(Enumerable.Repeat("</span>", 100_000))) },
        { "tables in tables", Html(string.Concat(Enumerable.Repeat("<table><tr><td>", 50_000)) + "x") },
        { "quotations in quotations", Html(string.Concat(Enumerable.Repeat("<blockquote>", 100_000)) + "x") },
        { "lists in lists", Html(string.Concat(Enumerable.Repeat("<ul><li>", 50_000)) + "x") },
        { "formatting around paragraphs", Html(string.Concat(Enumerable.Repeat("<b><p><a href=x>", 30_000)) + "x") },
        { "foreign elements and templates", Html(string.Concat(Enumerable.Repeat("<svg><template><math><select>", 20_000)) + "x") },
        { "brackets in a style", Html($"<p style=\"width:{string.Concat(Enumerable.Repeat("calc(", 100_000))}\">x</p><style>{new string('{', 100_000)}</style><style>{new string('(', 100_000)}</style>") },
        { "comments and conditions", Html(string.Concat(Enumerable.Repeat("<!--[if x]><!--", 50_000)) + "x") },
    };

    [Theory, MemberData(nameof(Messages))]
    public async Task It_is_listed_and_read_and_so_are_others(string what, string message)
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var id = await world.Deliver(account, Mail.Octets(message));
        var read = await world.Api.Get(account.Message(id, "?body=text,html&headers=all"));
        Assert.True(read.Status == HttpStatusCode.OK, $"{what}: {read.Text}");
        (await world.Api.Get(account.Messages("inbox", "?fields=id,subject,preview,hasAttachments"))).Is(HttpStatusCode.OK);
        var other = await world.Deliver(account, Mail.Octets("Subject: other\n\nother"));
        Assert.Equal("other", (await world.Api.Get(account.Message(other))).Text("subject"));
    }

    private static string Html(string html) => $"Subject: deep\n{Mime}Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n{Base64(html)}\n";

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text), Base64FormattingOptions.InsertLineBreaks);

    /// <summary>In lines, because servers refuse or cut longer ones.</summary>
    private static string Folded(string piece, int count) => string.Join("\n ", Enumerable.Repeat(piece, count).Chunk(100).Select(some => string.Concat(some)));
}
