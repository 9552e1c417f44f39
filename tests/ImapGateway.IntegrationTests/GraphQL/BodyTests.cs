namespace ImapGateway.IntegrationTests.GraphQL;

public sealed class BodyTests
{
    private const string Mixed = """
        From: Anna <anna@example.org>
        To: team@example.com
        Subject: offer
        Message-ID: <offer.1@example.org>
        X-Own: a
        X-Own: b
        MIME-Version: 1.0
        Content-Type: multipart/mixed; boundary=x

        --x
        Content-Type: text/html; charset=utf-8

        <p onclick="evil()">Hello <b>there</b></p><script>evil()</script>
        --x
        Content-Type: application/pdf; name=offer.pdf
        Content-Disposition: attachment; filename=offer.pdf
        Content-Transfer-Encoding: base64

        aGVsbG8=
        --x--
        """;

    [Fact]
    public async Task Bodies_header_fields_and_files_are_shown()
    {
        await using var world = await World.WithDovecot();
        await world.DeliverRaw(Mixed);
        var account = await world.AddAccount();
        var message = (await world.Api.Data(
            """
            query ($account: ID!) { account(id: $account) { mailbox(role: INBOX) { messages(first: 1) { nodes {
              text: body { content truncated } safe: body(kind: HTML) { content } raw: html(mode: RAW) { content } short: body(maxBytes: 5) { content truncated }
              headers(names: ["x-own", "Subject", "X-None"]) { name values } all: headers { name }
              attachments { part filename contentType size disposition url } rawUrl
            } } } } }
            """,
            new { account = account.Id })).At("account.mailbox.messages.nodes.0");
        Assert.Equal("Hello there", message.At("text.content").GetString()!.Trim());
        Assert.False(message.At("text.truncated").GetBoolean());
        Assert.Contains("<b>there</b>", message.At("safe.content").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("evil", message.At("safe.content").GetString(), StringComparison.Ordinal);
        Assert.Contains("<script>evil()</script>", message.At("raw.content").GetString(), StringComparison.Ordinal);
        Assert.Equal(("Hello", true), (message.At("short.content").GetString(), message.At("short.truncated").GetBoolean()));
        Assert.Equal("""[{"name":"subject","values":["offer"]},{"name":"x-own","values":["a","b"]}]""", message.GetProperty("headers").GetRawText());
        Assert.Contains("message-id", message.GetProperty("all").Texts("name"));
        var file = message.At("attachments.0");
        Assert.Equal(("offer.pdf", "application/pdf"), (file.GetProperty("filename").GetString(), file.GetProperty("contentType").GetString()));
        Assert.Equal("hello", (await world.Api.Get(file.GetProperty("url").GetString()!)).Text);
        Assert.Contains("X-Own: a", (await world.Api.Get(message.GetProperty("rawUrl").GetString()!)).Text, StringComparison.Ordinal);
    }
}
