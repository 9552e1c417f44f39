using System.Net;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>The HTML of a message as a page for a frame, which sends no key.</summary>
public class HtmlPageTests
{
    private const string Letter = """
        Subject: a letter
        MIME-Version: 1.0
        Content-Type: multipart/related; boundary="r"

        --r
        Content-Type: text/html; charset=utf-8

        <style>p { color: #123456 } @media (prefers-color-scheme: dark) { p { color: #fedcba } }</style><p onclick="x()">Grüße</p><img src="cid:pic@x"><img src="https://tracker.example/1.gif">
        --r
        Content-Type: image/png; name=pic.png
        Content-ID: <pic@x>
        Content-Transfer-Encoding: base64

        aGVsbG8=
        --r--
        """;

    private static async Task<(World World, ApiAccount Account, string Id)> With(string message)
    {
        var world = await World.WithDovecot();
        var account = await world.AddAccount();
        return (world, account, await world.Deliver(account, Mail.Octets(message)));
    }

    private static async Task<string> Ticket(World world, object body) => Uri.EscapeDataString((await world.Api.Post("/v1/tickets", body)).Is(HttpStatusCode.OK).Text("ticket"));

    private static HttpClient Frame(World world) => new() { BaseAddress = world.Gateway.Http.BaseAddress };

    [Fact]
    public async Task A_frame_shows_it_with_a_ticket_and_loads_its_pictures_with_the_same_one()
    {
        var (world, account, id) = await With(Letter);
        var ticket = await Ticket(world, new { scopes = new[] { "mail.read" }, accounts = new[] { account.Id } });
        using var frame = Frame(world);
        var page = (await frame.Download(account.Message(id, $"/html?ticket={ticket}"))).Is(HttpStatusCode.OK);
        Assert.Equal("text/html; charset=utf-8", page["Content-Type"]);
        Assert.Equal(
            "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; sandbox allow-popups allow-popups-to-escape-sandbox", page["Content-Security-Policy"]);
        Assert.Equal(("nosniff", "no-referrer"), (page["X-Content-Type-Options"], page["Referrer-Policy"]));
        Assert.Contains("Grüße", page.Text, StringComparison.Ordinal);
        Assert.Contains("@media (prefers-color-scheme: dark){p{color:#fedcba}}", page.Text, StringComparison.Ordinal);
        Assert.Contains("data-blocked-src=\"https://tracker.example/1.gif\"", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("onclick", page.Text, StringComparison.Ordinal);

        var picture = page.Text.Split("src=\"")[1].Split('"')[0];
        Assert.StartsWith(account.Message(id, "/parts/2?ticket="), picture, StringComparison.Ordinal);
        Assert.Equal("hello", (await frame.Download(picture)).Is(HttpStatusCode.OK).Text);
        Assert.Equal("hello", (await frame.Head(picture)).Is(HttpStatusCode.OK).Text + "hello");
        Assert.Contains("Subject: a letter", (await frame.Download(account.Message(id, $"/raw?ticket={ticket}"))).Is(HttpStatusCode.OK).Text, StringComparison.Ordinal);
        (await frame.Download(account.Message(id, $"/html?ticket={ticket}"), ("If-None-Match", page["ETag"]!))).Is(HttpStatusCode.NotModified);
    }

    [Fact]
    public async Task Pictures_of_other_hosts_are_loaded_if_the_address_says_so()
    {
        var (world, account, id) = await With(Letter);
        var page = (await world.Gateway.Http.Download(account.Message(id, "/html?images=remote"))).Is(HttpStatusCode.OK);
        Assert.Contains("img-src 'self' data: https: http:;", page["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.Contains("<img src=\"https://tracker.example/1.gif\" referrerpolicy=\"no-referrer\">", page.Text, StringComparison.Ordinal);
        Assert.Contains($"src=\"{account.Message(id, "/parts/2")}\"", page.Text, StringComparison.Ordinal);
        (await world.Api.Get(account.Message(id, "/html?images=all"))).Is(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_ticket_opens_no_more_than_it_says()
    {
        var (world, account, id) = await With(Letter);
        using var frame = Frame(world);
        Assert.Equal(HttpStatusCode.Unauthorized, (await frame.Download(account.Message(id, "/html"))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await frame.Download(account.Message(id, "/html?ticket=igt_forged"))).Status);
        var basic = await Ticket(world, new { scopes = new[] { "mail.readBasic" } });
        Assert.Equal(HttpStatusCode.Forbidden, (await frame.Download(account.Message(id, $"/html?ticket={basic}"))).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await frame.Download(account.Message(id, $"/parts/2?ticket={basic}"))).Status);
        var other = await Ticket(world, new { scopes = new[] { "mail.read" }, accounts = new[] { "acc_another" } });
        Assert.Equal(HttpStatusCode.NotFound, (await frame.Download(account.Message(id, $"/html?ticket={other}"))).Status);
    }

    [Fact]
    public async Task A_message_without_html_has_no_page()
    {
        var (world, account, id) = await With("Subject: x\n\ntext\n");
        (await world.Api.Get(account.Message(id, "/html"))).Is(HttpStatusCode.NotFound).IsProblem("not_found");
    }

    [Theory]
    [InlineData("?body=html&html=document", "<!doctype html>", "data-blocked-src=\"https://tracker")]
    [InlineData("?body=html&html=document&images=remote", "<!doctype html>", "<img src=\"https://tracker")]
    [InlineData("?body=html&images=remote", "<div style=\"contain:content;overflow:auto;", "<img src=\"https://tracker")]
    [InlineData("?body=html&html=safe", "<div style=\"contain:content;overflow:auto;", "<p style=\"color:#123456\">")]
    public async Task The_same_forms_are_in_json(string query, string start, string part)
    {
        var (world, account, id) = await With(Letter);
        var html = (await world.Api.Get(account.Message(id, query))).Is(HttpStatusCode.OK).Text("body", "html");
        Assert.StartsWith(start, html, StringComparison.Ordinal);
        Assert.Contains(part, html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GraphQL_has_the_same_forms_side_by_side()
    {
        var (world, account, id) = await With(Letter);
        var answer = await world.Api.Post("/graphql", new
        {
            query = "query ($account: ID!, $id: ID!) { account(id: $account) { message(id: $id) { safe: html { content } document: html(mode: DOCUMENT) { content } remote: html(mode: DOCUMENT, images: REMOTE) { content } raw: html(mode: RAW) { content } } } }",
            variables = new { account = account.Id, id },
        });
        var message = answer.Is(HttpStatusCode.OK).Json.GetProperty("data").GetProperty("account").GetProperty("message");
        Assert.StartsWith("<div style=\"contain:content;", message.GetProperty("safe").GetProperty("content").GetString(), StringComparison.Ordinal);
        Assert.Contains("data-blocked-src", message.GetProperty("document").GetProperty("content").GetString(), StringComparison.Ordinal);
        Assert.Contains("<img src=\"https://tracker.example/1.gif\"", message.GetProperty("remote").GetProperty("content").GetString(), StringComparison.Ordinal);
        Assert.Contains("onclick", message.GetProperty("raw").GetProperty("content").GetString(), StringComparison.Ordinal);
    }
}
