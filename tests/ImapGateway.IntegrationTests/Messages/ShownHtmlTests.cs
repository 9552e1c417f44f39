using System.Net;
using System.Text;
using System.Text.Json;
using ImapGateway.IntegrationTests.Contract;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>HTML of mails as Chromium shows it: in an element of a page, in a frame with srcdoc, and in a frame with an address.</summary>
[Trait("Category", "judges")]
public class ShownHtmlTests
{
    private sealed record ShownMail(string Name, string Raw, string Safe, string Document, string Address);

    [Fact]
    public async Task No_link_of_a_mail_lies_over_a_button_of_the_page_that_shows_it()
    {
        var overlays = JsonElement.Parse((await Judges.Run("mail-html/overlays.mjs"))[^1]).EnumerateObject().Select(one => (one.Name, one.Value.GetString()!)).ToList();
        Assert.True(overlays.Count >= 40);
        var seen = await Judge("mail-html/overlay-judge.mjs", overlays);
        AssertNone(seen.Where(mail => mail.GetProperty("raw").GetArrayLength() == 0).Select(mail => $"{mail.GetProperty("name")} covers nothing as it was sent."));
        AssertNone(seen.Where(mail => new[] { "safe", "srcdoc", "src" }.Any(form => mail.GetProperty(form).GetArrayLength() > 0)).Select(mail => mail.ToString()));
    }

    [Fact]
    public async Task Newsletters_are_as_readable_as_they_were_sent()
    {
        var letters = Directory.GetFiles(Path.Combine(Judges.Root, "tests", "judges", "mail-html", "newsletters"), "*.html").Order(StringComparer.Ordinal)
            .Select(file => (Path.GetFileNameWithoutExtension(file), File.ReadAllText(file))).ToList();
        Assert.True(letters.Count >= 12);
        var seen = await Judge("mail-html/colour-judge.mjs", letters);
        Assert.All(seen, letter => Assert.True(letter.GetProperty("visible").GetInt32() >= 2));
        AssertNone(seen.Where(letter => new[] { "loaded", "safe", "document" }.Any(kind => letter.GetProperty(kind).GetArrayLength() > 0)).Select(letter => letter.ToString()));
    }

    [Fact]
    public async Task Links_and_pictures_work_in_a_frame()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        await world.Server.Append(world.User, Mail.Octets("""
            Subject: html
            MIME-Version: 1.0
            Content-Type: multipart/related; boundary="r"

            --r
            Content-Type: text/html; charset=utf-8

            <style>a { display: block; height: 60px; background: #eee }</style><body style="margin:0"><a href="#end">down</a><a href="https://link.example/a b">away</a><img src="cid:own" width="10">
            <img src="https://pictures.example/p.png"><div style="height:3000px">between</div><div id="end" style="height:900px;background:#c00">the end</div></body>
            --r
            Content-Type: image/gif
            Content-ID: <own>
            Content-Transfer-Encoding: base64

            R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==
            --r--
            """));
        var id = (await account.Newest()).GetProperty("id").GetString()!;
        var ticket = Uri.EscapeDataString((await world.Api.Post("/v1/tickets", new { scopes = new[] { "mail.read" } })).Is(HttpStatusCode.OK).Text("ticket"));
        string Address(string images) => new Uri(world.Gateway.Http.BaseAddress!, account.Message(id, $"/html?ticket={ticket}&images={images}")).AbsoluteUri;
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["shown"], JsonSerializer.Serialize(new { document = (await Html(account, [id], "document"))[id], blocked = Address("blocked"), remote = Address("remote") }));
        var seen = JsonElement.Parse((await Judges.Run("mail-html/frame-judge.mjs", folder["profile"], folder["shown"]))[^1]);
        foreach (var frame in seen.EnumerateObject())
        {
            Assert.True(frame.Value.GetProperty("arrived").GetString() == "arrived" && frame.Value.GetProperty("moved").GetBoolean() && frame.Value.GetProperty("stayed").GetBoolean(), $"{frame}");
        }
        Assert.Equal(["200 image/gif"], Loaded(seen, "blocked"));
        Assert.Equal(["200 image/gif", "asked pictures.example with no referrer"], Loaded(seen, "remote").Order(StringComparer.Ordinal));
    }

    private static List<string> Loaded(JsonElement seen, string frame) => [.. seen.GetProperty(frame).GetProperty("loaded").EnumerateArray().Select(one => one.GetString()!)];

    /// <summary>A failure shows all of them, as long as they are.</summary>
    private static void AssertNone(IEnumerable<string> faults) => Assert.True(!faults.Any(), string.Join('\n', faults));

    /// <summary>Sends the mails through a mail server and the gateway to a judge.</summary>
    /// <returns>What it says of each.</returns>
    private static async Task<IReadOnlyList<JsonElement>> Judge(string judge, IReadOnlyList<(string Name, string Html)> mails)
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        foreach (var (_, html) in mails)
        {
            await world.Server.Append(world.User, Mail.Octets($"""
                Subject: html
                MIME-Version: 1.0
                Content-Type: text/html; charset=utf-8
                Content-Transfer-Encoding: base64

                {Mail.Base64(Encoding.UTF8.GetBytes(html))}
                """));
        }
        var ids = (await account.Items(account.Messages("inbox", "?limit=500"))).Select(item => item.GetProperty("id").GetString()!).Reverse().ToList();
        var (safe, document) = (await Html(account, ids, "safe"), await Html(account, ids, "document"));
        var ticket = (await world.Api.Post("/v1/tickets", new { scopes = new[] { "mail.read" }, accounts = new[] { account.Id } })).Is(HttpStatusCode.OK).Text("ticket");
        var shown = mails.Zip(ids, (mail, id) => new ShownMail(
            mail.Name, mail.Html, safe[id], document[id], new Uri(world.Gateway.Http.BaseAddress!, account.Message(id, $"/html?ticket={Uri.EscapeDataString(ticket)}")).AbsoluteUri));
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["mails"], JsonSerializer.Serialize(shown, JsonSerializerOptions.Web));
        var output = await Judges.Run(judge, [folder["profile"], folder["mails"], .. Environment.GetEnvironmentVariable("PICTURES") is { } pictures ? new[] { pictures } : []]);
        var seen = JsonElement.Parse(output[^1]).EnumerateArray().ToList();
        Assert.Equal(mails.Count, seen.Count);
        return seen;
    }

    private static async Task<Dictionary<string, string>> Html(ApiAccount account, IReadOnlyList<string> ids, string form)
    {
        var answer = (await account.Api.Get($"{account.Path}/messages?ids={string.Join(',', ids)}&body=html&html={form}")).Is(HttpStatusCode.OK);
        return answer.Json.GetProperty("items").EnumerateArray().ToDictionary(item => item.GetProperty("id").GetString()!, item => item.GetProperty("body").GetProperty("html").GetString()!);
    }
}
