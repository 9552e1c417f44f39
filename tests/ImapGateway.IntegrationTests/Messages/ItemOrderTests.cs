using System.Net;
using System.Text.Json;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>The items of FETCH come in any order (RFC 3501 section 7.4.2): what is read is the same.</summary>
public sealed class ItemOrderTests
{
    private const string Message = "Subject: {0}\r\nX-Own: {0}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        + "--b\r\nContent-Type: text/plain\r\n\r\ntext of {0}\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>html of {0}</p>\r\n--b--\r\n";

    [Theory]
    [InlineData("as asked")]
    [InlineData("uid last")]
    [InlineData("reversed")]
    [InlineData("uid in the middle")]
    public async Task Sections_headers_and_structure_are_found_whatever_their_order(string order)
    {
        await using var server = ScriptedImapServer.Start(new ScriptedOptions { ItemOrder = OrderOf(order) });
        foreach (var name in new[] { "one", "two", "three" })
        {
            server.Inbox.Add(uid => new(uid, System.Text.Encoding.ASCII.GetBytes(Message.Replace("{0}", name, StringComparison.Ordinal))));
        }
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount(server.Port);
        var listed = await account.Items(account.Messages("inbox"));
        Assert.Equal(["three", "two", "one"], listed.Select(message => message.Subject()));
        foreach (var message in listed)
        {
            var (id, name) = (message.Id(), message.Subject());
            Assert.Equal($"text of {name}", message.GetProperty("preview").GetString());
            var both = (await account.Api.Get(account.Message(id, "?body=text,html"))).Is(HttpStatusCode.OK).Json.GetProperty("body");
            Assert.Equal(($"text of {name}", $"<p>html of {name}</p>"), (both.GetProperty("text").GetString()!.Trim(), Html(both)));
            var some = (await account.Api.Get(account.Message(id, "?body=text&headers=Subject,X-Own"))).Is(HttpStatusCode.OK).Json;
            Assert.Equal($"text of {name}", some.GetProperty("body").GetProperty("text").GetString()!.Trim());
            Assert.Contains($"\"{name}\"", some.GetProperty("headers").GetRawText(), StringComparison.Ordinal);
        }
        var together = (await account.Api.Get($"{account.Path}/messages?ids={string.Join(',', listed.Select(message => message.Id()))}&body=text,html")).Is(HttpStatusCode.OK).Json;
        Assert.Equal(["html of three", "html of two", "html of one"], together.GetProperty("items").EnumerateArray().Select(message => Html(message.GetProperty("body"))[3..^4]));
    }

    /// <summary>Without the element that contains it.</summary>
    private static string Html(JsonElement body)
    {
        var html = body.GetProperty("html").GetString()!;
        return html[(html.IndexOf('>', StringComparison.Ordinal) + 1)..html.LastIndexOf('<')].Trim();
    }

    private static Func<IEnumerable<string>, IEnumerable<string>> OrderOf(string order) => order switch
    {
        "uid last" => static items => items.OrderBy(item => item == "UID"),
        "reversed" => static items => items.Reverse(),
        "uid in the middle" => static items => items.Where(item => item != "UID").ToList() is var others ? [.. others.Take(others.Count / 2), "UID", .. others.Skip(others.Count / 2)] : [],
        _ => static items => items,
    };
}
