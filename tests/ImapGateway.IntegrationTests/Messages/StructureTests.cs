using System.Net;
using System.Text.Json;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>The whole MIME structure of a message.</summary>
public class StructureTests
{
    private const string Letter = """
        Subject: parts
        MIME-Version: 1.0
        Content-Type: multipart/mixed; boundary="m"
        Content-Language: de, en

        --m
        Content-Type: multipart/alternative; boundary="a"

        --a
        Content-Type: text/plain; charset=utf-8
        Content-Language: de

        Hallo
        --a
        Content-Type: text/html; charset=utf-8

        <p>Hallo</p>
        --a--
        --m
        Content-Type: application/pdf
        Content-Disposition: attachment; filename="offer.pdf"
        Content-ID: <pdf@x>
        Content-Transfer-Encoding: base64

        aGVsbG8=
        --m
        Content-Type: message/rfc822

        Subject: inner
        Content-Type: multipart/mixed; boundary="i"

        --i

        x
        --i--
        --m--
        """;

    [Fact]
    public async Task Every_part_and_every_multipart_is_in_the_tree()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var id = await world.Deliver(account, Mail.Octets(Letter));
        var root = (await world.Api.Get(account.Message(id, "?structure=true"))).Is(HttpStatusCode.OK).Json.GetProperty("structure");
        Assert.Equal(
            [
                "- multipart/mixed de,en", "1 multipart/alternative", "1.1 text/plain utf-8 de 7bit", "1.2 text/html utf-8 7bit", "2 application/pdf attachment offer.pdf pdf@x base64", "3 message/rfc822 inner.eml 7bit",
            ],
            Lines(root));
        var sizes = root.GetProperty("parts").EnumerateArray().Select(part => part.GetProperty("size").GetInt64()).ToList();
        Assert.Equal(sizes.Sum(), root.GetProperty("size").GetInt64());
        Assert.True(sizes.All(size => size > 0));

        Assert.False((await world.Api.Get(account.Message(id))).Json.TryGetProperty("structure", out _));
        Assert.False((await world.Api.Get(account.Message(id, "?structure=false"))).Json.TryGetProperty("structure", out _));
        Assert.Equal(6, Lines((await world.Api.Get($"{account.Path}/messages?ids={id}&structure=true&body=text")).Is(HttpStatusCode.OK).Json.GetProperty("items")[0].GetProperty("structure")).Count);
        (await world.Api.Get(account.Message(id, "?structure=yes"))).Is(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_message_of_one_part_is_its_own_structure()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var id = await world.Deliver(account, Mail.Octets("Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\nHallo\n"));
        Assert.Equal(["1 text/plain utf-8 7bit"], Lines((await world.Api.Get(account.Message(id, "?structure=true"))).Json.GetProperty("structure")));
    }

    [Fact]
    public async Task GraphQL_shows_it_as_deep_as_it_is_asked()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var id = await world.Deliver(account, Mail.Octets(Letter));
        var answer = await world.Api.Post("/graphql", new
        {
            query = "query ($account: ID!, $id: ID!) { account(id: $account) { message(id: $id) { structure { part contentType language size parts { part contentType encoding parts { part contentType language filename } } } } } }",
            variables = new { account = account.Id, id },
        });
        var root = answer.Is(HttpStatusCode.OK).Json.GetProperty("data").GetProperty("account").GetProperty("message").GetProperty("structure");
        Assert.Equal(JsonValueKind.Null, root.GetProperty("part").ValueKind);
        Assert.Equal("de", root.GetProperty("parts")[0].GetProperty("parts")[0].GetProperty("language")[0].GetString());
        Assert.Equal("3", root.GetProperty("parts")[2].GetProperty("part").GetString());
    }

    [Fact]
    public async Task A_hundred_levels_are_answered_and_no_part_is_lost()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var open = string.Concat(Enumerable.Range(0, 90).Select(i => $"Content-Type: multipart/mixed; boundary=\"b{i}\"\n\n--b{i}\n"));
        var id = await world.Deliver(account, Mail.Octets($"Subject: deep\nMIME-Version: 1.0\n{open}Content-Type: text/plain\n\nat the bottom\n"));
        foreach (var path in new[] { account.Message(id, "?structure=true"), $"{account.Path}/messages?ids={id}&structure=true" })
        {
            var answer = (await world.Api.Get(path)).Is(HttpStatusCode.OK).Json;
            var message = answer.TryGetProperty("items", out var items) ? items[0] : answer;
            var attachments = message.GetProperty("attachments").GetArrayLength();
            Assert.Equal(attachments == 0 ? 1 : attachments, Lines(message.GetProperty("structure")).Count(line => !line.Contains("multipart", StringComparison.Ordinal)));
        }
    }

    [Theory]
    [InlineData("--b\nContent-Type: text/plain\n\n\n--b--\n", "")]
    [InlineData("--b--\n", "")]
    [InlineData("\n \n", "")]
    [InlineData("A text without any boundary.\n--c\n", "A text without any boundary.\n--c")]
    public async Task A_multipart_without_text_is_read_as_its_text_only_if_it_has_no_boundary(string content, string text)
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var id = await world.Deliver(account, Mail.Octets($"Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"b\"\n\n{content}"));
        var message = (await world.Api.Get(account.Message(id, "?body=text"))).Is(HttpStatusCode.OK).Json;
        Assert.Equal(text, message.GetProperty("body").GetProperty("text").GetString());
        Assert.Empty(message.GetProperty("attachments").EnumerateArray());
    }

    [Theory]
    [InlineData("application/pdf", "base64;", "attachment; filename=a.pdf")]
    [InlineData("application/pdf", "\"base64\"", "attachment; filename=a.pdf")]
    [InlineData("application/octet-stream", "base64 (as always)", "attachment; filename=a.bin")]
    [InlineData("image/png", " BASE64 ; x=y", "inline; filename=a.png")]
    public async Task A_file_whose_encoding_is_written_badly_is_decoded(string type, string encoding, string disposition)
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        foreach (var message in new[] { Mail.WithFile(Mail.Content(500), type, disposition), Mail.Octets($"Subject: x\nMIME-Version: 1.0\nContent-Type: {type}\nContent-Disposition: {disposition}\nContent-Transfer-Encoding: base64\n\n{Mail.Base64(Mail.Content(500))}\n") })
        {
            var id = await world.Deliver(account, Mail.Octets(System.Text.Encoding.ASCII.GetString(message).Replace("Encoding: base64", $"Encoding: {encoding}", StringComparison.Ordinal)));
            var part = (await world.Api.Get(account.Message(id))).Is(HttpStatusCode.OK).Json.GetProperty("attachments")[0].GetProperty("part").GetString();
            Assert.Equal(Mail.Content(500), (await world.Gateway.Http.Download(account.Message(id, $"/parts/{part}"))).Is(HttpStatusCode.OK).Octets);
        }
    }

    /// <summary>Each part as its section number and what is said of it.</summary>
    private static List<string> Lines(JsonElement part)
    {
        var words = new[] { Text(part, "part") ?? "-", Text(part, "contentType"), Text(part, "charset"), Text(part, "disposition"), Text(part, "filename"), Text(part, "contentId"), Language(part), Text(part, "encoding") };
        return [string.Join(' ', words.Where(word => word is not null)), .. part.GetProperty("parts").EnumerateArray().SelectMany(Lines)];
    }

    private static string? Text(JsonElement part, string name) => part.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static string? Language(JsonElement part) => part.TryGetProperty("language", out var tags) ? string.Join(',', tags.EnumerateArray().Select(tag => tag.GetString())) : null;
}
