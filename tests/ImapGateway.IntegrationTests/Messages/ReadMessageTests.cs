using System.Net;
using System.Text;
using ImapGateway.IntegrationTests.Servers;
using MailKit;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>GET of one message and of many by id, with bodies and header fields.</summary>
public sealed class ReadMessageTests
{
    private const string Alternative = """
        Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
        From: anna@example.org
        X-Tag: one
        X-Tag: =?utf-8?q?zw=C3=B6lf?=
        X-Spam: no
        MIME-Version: 1.0
        Content-Type: multipart/related; boundary=r

        --r
        Content-Type: multipart/alternative; boundary=a

        --a
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: quoted-printable

        Liebe Gr=C3=BC=C3=9Fe
        --a
        Content-Type: text/html; charset=iso-8859-1
        Content-Transfer-Encoding: quoted-printable

        <p onclick=3D"x()">Liebe <b>Gr=FC=DFe</b><script>alert(1)</script><img src=3D"cid:pic@x"><img src=3D"http://tracker.example/1.gif">
        --a--
        --r
        Content-Type: image/png; name=pic.png
        Content-ID: <pic@x>
        Content-Transfer-Encoding: base64

        aGVsbG8=
        --r--
        """;

    private static async Task<(World World, ApiAccount Account, string Id)> With(string message) => await With(Mail.Octets(message));

    private static async Task<(World World, ApiAccount Account, string Id)> With(byte[] message)
    {
        var world = await World.WithDovecot();
        var account = await world.AddAccount();
        return (world, account, await world.Deliver(account, message));
    }

    [Fact]
    public async Task A_body_comes_as_text_and_as_html_that_is_safe_to_show()
    {
        var (world, account, id) = await With(Alternative);
        var message = (await world.Api.Get(account.Message(id, "?body=text,html"))).Is(HttpStatusCode.OK);
        Assert.Equal("Liebe Grüße", message.Text("body", "text"));
        var html = message.Text("body", "html");
        Assert.Contains("<b>Grüße</b>", html, StringComparison.Ordinal);
        Assert.Contains($"src=\"{account.Message(id, "/parts/2")}\"", html, StringComparison.Ordinal);
        Assert.Contains("data-blocked-src=\"http://tracker.example/1.gif\"", html, StringComparison.Ordinal);
        Assert.DoesNotContain("onclick", html, StringComparison.Ordinal);
        Assert.DoesNotContain("alert", html, StringComparison.Ordinal);
        Assert.False(message.Json.GetProperty("body").GetProperty("truncated").GetBoolean());
        Assert.Equal("hello", (await world.Gateway.Http.Download(account.Message(id, "/parts/2"))).Text);
    }

    [Fact]
    public async Task Only_what_was_asked_for_is_there()
    {
        var (world, account, id) = await With(Alternative);
        Assert.False((await world.Api.Get(account.Message(id))).Json.TryGetProperty("body", out _));
        Assert.False((await world.Api.Get(account.Message(id))).Json.TryGetProperty("headers", out _));
        var text = (await world.Api.Get(account.Message(id, "?body=text"))).Json.GetProperty("body");
        Assert.True(text.TryGetProperty("text", out _) && !text.TryGetProperty("html", out _));
        var html = (await world.Api.Get(account.Message(id, "?body=html"))).Json.GetProperty("body");
        Assert.True(html.TryGetProperty("html", out _) && !html.TryGetProperty("text", out _));
    }

    [Fact]
    public async Task Raw_html_is_what_the_sender_wrote()
    {
        var (world, account, id) = await With(Alternative);
        Assert.Contains("<p onclick=\"x()\">", (await world.Api.Get(account.Message(id, "?body=html&html=raw"))).Text("body", "html"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Header_fields_by_name_and_all_of_them()
    {
        var (world, account, id) = await With(Alternative);
        var some = (await world.Api.Get(account.Message(id, "?headers=x-tag,Subject,X-None"))).Json.GetProperty("headers");
        Assert.Equal(["subject", "x-tag"], some.EnumerateObject().Select(field => field.Name).Order(StringComparer.Ordinal));
        Assert.Equal(["one", "zwölf"], some.GetProperty("x-tag").EnumerateArray().Select(value => value.GetString()));
        Assert.Equal("Grüße", some.GetProperty("subject")[0].GetString());
        var all = (await world.Api.Get(account.Message(id, "?headers=all"))).Json.GetProperty("headers");
        Assert.Equal("no", all.GetProperty("x-spam")[0].GetString());
    }

    [Theory]
    [InlineData("body=", "body")]
    [InlineData("body=markdown", "body")]
    [InlineData("html=raw", "html")]
    [InlineData("body=html&html=safest", "html")]
    [InlineData("maxBodyBytes=5", "maxBodyBytes")]
    [InlineData("body=text&maxBodyBytes=0", "maxBodyBytes")]
    [InlineData("body=text&maxBodyBytes=9999999", "maxBodyBytes")]
    [InlineData("headers=", "headers")]
    [InlineData("headers=Subject)%20BODY[1", "headers")]
    [InlineData("headers=a%0d%0aA1+LOGOUT", "headers")]
    [InlineData("headers=%22x%22", "headers")]
    [InlineData("bodies=text", "bodies")]
    public async Task Parameters_that_make_no_sense_are_named(string query, string parameter)
    {
        var (world, account, id) = await With("Subject: x\n\ny\n");
        foreach (var path in new[] { account.Message(id, $"?{query}"), $"{account.Path}/messages?ids={id}&{query}" })
        {
            var answer = (await world.Api.Get(path)).Is(HttpStatusCode.BadRequest).IsProblem("bad_request");
            Assert.Equal(parameter, answer.Json.GetProperty("errors")[0].GetProperty("parameter").GetString());
        }
    }

    [Fact]
    public async Task A_body_is_cut_at_the_octets_that_were_asked_for()
    {
        var (world, account, id) = await With($"Subject: long\nContent-Type: text/plain; charset=utf-8\n\n{string.Concat(Enumerable.Repeat("ü", 10_000))}\n");
        var cut = (await world.Api.Get(account.Message(id, "?body=text&maxBodyBytes=101"))).Json.GetProperty("body");
        Assert.Equal((new string('ü', 50), true), (cut.GetProperty("text").GetString(), cut.GetProperty("truncated").GetBoolean()));
    }

    [Theory]
    [InlineData("gb2312", "54936", "你好，鎔")]
    [InlineData("iso-2022-jp", "iso-2022-jp", "こんにちは")]
    [InlineData("utf-8", "utf-8", "naïve €")]
    [InlineData("windows-1251", "windows-1251", "Привет")]
    [InlineData("no-such-charset", "utf-8", "für alle")]
    [InlineData(null, "utf-8", "Zażółć gęślą jaźń")]
    [InlineData(null, "windows-1252", "Grüße aus Köln, schöne Straße")]
    public async Task Charsets_are_understood_labelled_or_not(string? label, string encoding, string text)
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        var charset = int.TryParse(encoding, out var page) ? Encoding.GetEncoding(page) : Encoding.GetEncoding(encoding);
        byte[] octets = [.. Mail.Octets($"Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain{(label is null ? "" : $"; charset={label}")}\nContent-Transfer-Encoding: 8bit\n\n"), .. charset.GetBytes(text)];
        var (world, account, id) = await With(octets);
        Assert.Equal(text, (await world.Api.Get(account.Message(id, "?body=text"))).Is(HttpStatusCode.OK).Text("body", "text"));
    }

    [Fact]
    public async Task Text_is_made_of_html_where_there_is_no_other()
    {
        var (world, account, id) = await With("Subject: x\nMIME-Version: 1.0\nContent-Type: text/html\n\n<h1>Title</h1><ul><li>one<li>two</ul>\n");
        var text = (await world.Api.Get(account.Message(id, "?body=text"))).Text("body", "text");
        Assert.Contains("Title", text, StringComparison.Ordinal);
        Assert.DoesNotContain("<", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attachments_are_what_a_reader_sees_as_files()
    {
        var (_, account, _) = await With("""
            Subject: many
            MIME-Version: 1.0
            Content-Type: multipart/mixed; boundary=b

            --b
            Content-Type: text/plain

            see below
            --b
            Content-Type: application/pdf; name="inline.pdf"
            Content-Disposition: inline

            %PDF
            --b
            Content-Type: application/zip; name="bare.zip"

            PK
            --b
            Content-Type: message/rfc822

            Subject: forwarded

            text
            --b
            Content-Type: text/calendar; method=REQUEST

            BEGIN:VCALENDAR
            --b
            Content-Type: application/octet-stream

            nameless
            --b--
            """);
        var message = await account.Newest();
        Assert.True(message.GetProperty("hasAttachments").GetBoolean());
        Assert.Equal(
            ["2 application/pdf inline.pdf inline", "3 application/zip bare.zip ", "4 message/rfc822 forwarded.eml ", "5 text/calendar invite.ics ", "6 application/octet-stream  "],
            message.GetProperty("attachments").EnumerateArray().Select(a => $"{a.GetProperty("part")} {a.GetProperty("contentType")} {a.GetProperty("filename")} {a.GetProperty("disposition")}"));
    }

    [Fact]
    public async Task Many_messages_by_id_come_in_the_order_of_the_ids_and_say_what_is_missing()
    {
        var world = await World.WithDovecot();
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        await world.Dovecot.Seed(world.User, 30, i => Mail.Octets($"Subject: number {i}\n\nthe text of {i}\n"));
        await world.Deliver("elsewhere", "Archive");
        var account = await world.AddAccount(tap.Port);
        var items = await account.Items(account.Messages("inbox"));
        var archived = (await account.Newest("archive")).GetProperty("id").GetString()!;
        using (var other = await world.OtherClient())
        {
            await other.Inbox.OpenAsync(FolderAccess.ReadWrite);
            await other.Inbox.AddFlagsAsync(29, MessageFlags.Deleted, true);
            await other.Inbox.ExpungeAsync();
        }

        var ids = items.Select(item => item.GetProperty("id").GetString()!).Prepend(archived).Reverse().ToList();
        tap.Lines.Clear();
        var answer = (await world.Api.Get($"{account.Path}/messages?ids={string.Join(',', ids)},{ids[0]},m_aaaaaaaab,rubbish&body=text&headers=subject")).Is(HttpStatusCode.OK);
        var gone = items[0].GetProperty("id").GetString();
        Assert.Equal(ids.Where(id => id != gone), answer.Json.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()));
        Assert.Equal([$"{gone} gone", "m_aaaaaaaab gone", "rubbish not_found"], answer.Json.GetProperty("missing").EnumerateArray().Select(one => $"{one.GetProperty("id")} {one.GetProperty("code")}"));
        Assert.Equal(("number 0", "the text of 0"), (answer.Json.GetProperty("items")[0].GetProperty("headers").GetProperty("subject")[0].GetString(), answer.Json.GetProperty("items")[0].GetProperty("body").GetProperty("text").GetString()));
        // One FETCH per mailbox for the bodies.
        Assert.Equal(2, tap.Lines.Count(line => line.FromClient && line.Text.Contains("BODY.PEEK[1]", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("?ids=")]
    [InlineData("?ids=,,")]
    [InlineData("?ids=101")]
    public async Task One_to_a_hundred_ids_are_expected(string query)
    {
        var world = await World.WithDovecot();
        var account = await world.AddAccount();
        query = query == "?ids=101" ? "?ids=" + string.Join(',', Enumerable.Range(0, 101).Select(i => $"x{i}")) : query;
        var answer = (await world.Api.Get($"{account.Path}/messages{query}")).Is(HttpStatusCode.BadRequest).IsProblem("bad_request");
        Assert.Equal("ids", answer.Json.GetProperty("errors")[0].GetProperty("parameter").GetString());
    }

    [Fact]
    public async Task A_hundred_long_bodies_share_one_answer()
    {
        var world = await World.WithDovecot();
        await world.Dovecot.Seed(world.User, 100, i => Mail.Octets($"Subject: {i}\n\n{string.Concat(Enumerable.Repeat($"line of {i}\n", i < 10 ? 2 : 20_000))}"));
        var account = await world.AddAccount();
        var ids = (await account.Items(account.Messages("inbox", "?limit=100"))).Select(item => item.GetProperty("id").GetString());
        var answer = (await world.Api.Get($"{account.Path}/messages?ids={string.Join(',', ids)}&body=text,html&maxBodyBytes=500000")).Is(HttpStatusCode.OK);
        Assert.InRange(answer.Text.Length, 400_000, 1_300_000);
        var bodies = answer.Json.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("body")).ToList();
        Assert.Equal((100, 90), (bodies.Count, bodies.Count(body => body.GetProperty("truncated").GetBoolean())));
    }

    [Fact]
    public async Task Cyrillic_bodies_that_grow_in_utf_8_are_cut_and_not_left_out()
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        var world = await World.WithDovecot();
        var text = Encoding.GetEncoding(1251).GetBytes(string.Concat(Enumerable.Repeat("Привет ", 2_000)));
        await world.Dovecot.Seed(world.User, 60, i => [.. Mail.Octets($"Subject: {i}\nContent-Type: text/plain; charset=windows-1251\n\n"), .. text]);
        var account = await world.AddAccount();
        var ids = (await account.Items(account.Messages("inbox", "?limit=60"))).Select(item => item.GetProperty("id").GetString());
        var answer = (await world.Api.Get($"{account.Path}/messages?ids={string.Join(',', ids)}&body=text")).Is(HttpStatusCode.OK);
        Assert.Equal((60, 0), (answer.Json.GetProperty("items").GetArrayLength(), answer.Json.GetProperty("missing").GetArrayLength()));
        Assert.InRange(Encoding.UTF8.GetByteCount(answer.Text), 500_000, 1_100_000);
    }

    [Fact]
    public async Task Header_fields_that_do_not_fit_are_asked_for_again()
    {
        var world = await World.WithDovecot();
        await world.Dovecot.Seed(world.User, 100, i => Mail.Octets($"Subject: {i}\n{string.Concat(Enumerable.Range(0, 200).Select(n => $"X-Field-{n}: {new string('v', 100)}\n"))}\ntext\n"));
        var account = await world.AddAccount();
        var wanted = (await account.Items(account.Messages("inbox", "?limit=100"))).Select(item => item.GetProperty("id").GetString()!).ToList();
        for (var rounds = 0; wanted.Count > 0; rounds++)
        {
            var answer = (await world.Api.Get($"{account.Path}/messages?ids={string.Join(',', wanted)}&headers=all")).Is(HttpStatusCode.OK);
            Assert.InRange(answer.Text.Length, 1, 1_200_000);
            Assert.Equal(wanted[0], answer.Json.GetProperty("items")[0].GetProperty("id").GetString());
            Assert.All(answer.Json.GetProperty("missing").EnumerateArray(), one => Assert.Equal("too_large", one.GetProperty("code").GetString()));
            wanted = [.. answer.Json.GetProperty("missing").EnumerateArray().Select(one => one.GetProperty("id").GetString()!)];
            Assert.InRange(rounds, 0, 5);
        }
    }

    [Fact]
    public async Task A_mailbox_deleted_by_somebody_else_takes_only_its_own_messages_along()
    {
        var world = await World.WithDovecot();
        await world.Deliver("stays");
        await world.Deliver("goes", "Archive");
        var account = await world.AddAccount();
        var (stays, goes) = ((await account.Newest()).GetProperty("id").GetString(), (await account.Newest("archive")).GetProperty("id").GetString());
        using (var other = await world.OtherClient())
        {
            await (await other.GetFolderAsync("Archive")).DeleteAsync();
        }

        var answer = (await world.Api.Get($"{account.Path}/messages?ids={goes},{stays}&body=text")).Is(HttpStatusCode.OK);
        Assert.Equal((stays, goes), (answer.Json.GetProperty("items")[0].GetProperty("id").GetString(), answer.Json.GetProperty("missing")[0].GetProperty("id").GetString()));
    }

    [Fact]
    public async Task A_mailbox_renamed_by_somebody_else_does_not_hide_its_messages()
    {
        var world = await World.WithDovecot();
        await world.Deliver("in archive", "Archive");
        var account = await world.AddAccount();
        var id = (await account.Newest("archive")).GetProperty("id").GetString()!;
        using (var other = await world.OtherClient())
        {
            var folder = await other.GetFolderAsync("Archive");
            await folder.RenameAsync(await other.GetFolderAsync(other.PersonalNamespaces[0].Path), "Renamed");
        }

        Assert.Equal("The text of in archive.", (await world.Api.Get(account.Message(id, "?body=text"))).Is(HttpStatusCode.OK).Text("body", "text"));
        (await world.Gateway.Http.Download(account.Message(id, "/raw"))).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task No_way_of_reading_marks_as_read()
    {
        var world = await World.WithDovecot();
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        var account = await world.AddAccount(tap.Port);
        var id = await world.Deliver(account, Mail.Octets(Alternative));
        foreach (var path in new[] { "", "?body=text,html", "?body=html&html=raw", "?headers=all", "?headers=subject&body=text", "/raw", "/parts/1.1", "/parts/1.2", "/parts/2" })
        {
            (await world.Gateway.Http.Download(account.Message(id, path))).Is(HttpStatusCode.OK);
            (await world.Gateway.Http.Head(account.Message(id, path.StartsWith('/') ? path : "/raw"))).Is(HttpStatusCode.OK);
            if (path.StartsWith('/'))
            {
                (await world.Gateway.Http.Download(account.Message(id, path), ("Range", "bytes=-2"))).Is(HttpStatusCode.PartialContent);
                (await world.Gateway.Http.Download(account.Message(id, path), ("Range", "bytes=1-2"))).Is(HttpStatusCode.PartialContent);
            }
        }

        (await world.Api.Get($"{account.Path}/messages?ids={id}&body=text,html&headers=all")).Is(HttpStatusCode.OK);
        Assert.Empty((await account.Newest()).GetProperty("flags").EnumerateArray());
        using var other = await world.OtherClient();
        await other.Inbox.StatusAsync(StatusItems.Unread);
        Assert.Equal(1, other.Inbox.Unread);
        var sent = tap.Lines.Entries.Where(line => line.FromClient).ToList();
        Assert.Contains(sent, line => line.Text.Contains("BODY.PEEK[", StringComparison.Ordinal));
        Assert.DoesNotContain(sent, line => line.Command is "SELECT" or "STORE" or "UID STORE");
        Assert.DoesNotContain(sent, line => line.Text.Contains("BODY[", StringComparison.Ordinal) || line.Text.Contains("RFC822)", StringComparison.Ordinal) || line.Text.Contains("RFC822.TEXT", StringComparison.Ordinal) || line.Text.Contains("BINARY", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_message_in_a_mailbox_that_is_selected_for_writing_is_peeked_too()
    {
        var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var id = await world.Deliver(account, Mail.WithFile(Mail.Content(1000)));
        // The session that stored the flag is the one that reads next.
        (await world.Api.Patch(account.Message(id), new { flags = new { add = new[] { "$flagged" } } })).Is(HttpStatusCode.OK);
        foreach (var path in new[] { "?body=text", "/raw", "/parts/2" })
        {
            (await world.Gateway.Http.Download(account.Message(id, path))).Is(HttpStatusCode.OK);
        }

        Assert.Equal("$flagged", Assert.Single((await account.Newest()).GetProperty("flags").EnumerateArray()).GetString());
    }
}
