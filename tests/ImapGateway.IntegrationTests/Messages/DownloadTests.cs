using System.Net;
using System.Text;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Sync.Watching;
using MailKit;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>GET and HEAD of raw messages and parts, with what RFC 9110 makes of them.</summary>
public sealed class DownloadTests
{
    private static async Task<(World World, ApiAccount Account, string Id)> With(byte[] message)
    {
        var world = await World.WithDovecot();
        var account = await world.AddAccount();
        return (world, account, await world.Deliver(account, message));
    }

    [Fact]
    public async Task A_raw_message_is_what_was_stored_octet_for_octet()
    {
        var message = Mail.WithFile(Mail.Content(300_000));
        var (world, account, id) = await With(message);
        var answer = (await world.Gateway.Http.Download(account.Message(id, "/raw"))).Is(HttpStatusCode.OK);
        Assert.Equal(message, answer.Octets);
        Assert.Equal(("message/rfc822", "nosniff", "bytes", "max-age=31536000, private, immutable"), (answer["Content-Type"], answer["X-Content-Type-Options"], answer["Accept-Ranges"], answer["Cache-Control"]));
        Assert.Equal("attachment; filename=\"with a file.eml\"", answer["Content-Disposition"]);
    }

    [Theory]
    [InlineData("base64")]
    [InlineData("8bit")]
    public async Task A_part_comes_without_its_transfer_encoding(string encoding)
    {
        var content = encoding == "base64" ? Mail.Content(200_001) : Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 9000).Select(i => $"Zeile {i} mit Umläuten\r\n")));
        var (world, account, id) = await With(Mail.WithFile(content, encoding: encoding));
        var answer = (await world.Gateway.Http.Download(account.Message(id, "/parts/2"))).Is(HttpStatusCode.OK);
        Assert.Equal(content, answer.Octets);
        Assert.Equal("attachment; filename=\"data.bin\"", answer["Content-Disposition"]);
    }

    [Fact]
    public async Task Quoted_printable_and_uuencoded_parts_are_decoded()
    {
        var (world, account, id) = await With(Mail.Octets("""
            Subject: two
            MIME-Version: 1.0
            Content-Type: multipart/mixed; boundary=b

            --b
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            caf=C3=A9 =3D soft=
             line
            --b
            Content-Type: application/octet-stream
            Content-Transfer-Encoding: x-uuencode

            begin 644 a.txt
            %:&5L;&\`
            `
            end
            --b--
            """));
        var text = (await world.Gateway.Http.Download(account.Message(id, "/parts/1"))).Is(HttpStatusCode.OK);
        Assert.Equal(("café = soft line", "text/plain; charset=utf-8"), (text.Text, text["Content-Type"]));
        Assert.Equal("hello", (await world.Gateway.Http.Download(account.Message(id, "/parts/2"))).Is(HttpStatusCode.OK).Text);
    }

    [Fact]
    public async Task A_message_that_is_not_multipart_is_its_part_1()
    {
        var (world, account, id) = await With(Mail.Octets("Subject: one\n\nthe text\n"));
        Assert.Equal("the text\r\n", (await world.Gateway.Http.Download(account.Message(id, "/parts/1"))).Is(HttpStatusCode.OK).Text);
    }

    [Fact]
    public async Task A_forwarded_message_is_one_part_and_comes_whole()
    {
        var inner = Mail.Octets("Subject: inner\nFrom: ben@example.org\n\nwhat ben wrote\n");
        byte[] message = [.. Mail.Octets("Subject: Fwd\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nsee below\n--b\nContent-Type: message/rfc822\n\n"), .. inner, .. Mail.Octets("\n--b--\n")];
        var (world, account, id) = await With(message);
        var attachment = Assert.Single((await account.Newest()).GetProperty("attachments").EnumerateArray());
        Assert.Equal(("2", "message/rfc822", "inner.eml"), (attachment.GetProperty("part").GetString(), attachment.GetProperty("contentType").GetString(), attachment.GetProperty("filename").GetString()));
        Assert.Equal(inner, (await world.Gateway.Http.Download(account.Message(id, "/parts/2"))).Is(HttpStatusCode.OK).Octets);
    }

    [Fact]
    public async Task A_message_that_is_nothing_but_another_message_is_read_too()
    {
        var inner = Mail.Octets("Subject: inner\nFrom: ben@example.org\n\nwhat ben wrote\n");
        var (world, account, id) = await With([.. Mail.Octets("Subject: outer\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\n"), .. inner]);
        var part = (await account.Newest()).GetProperty("attachments")[0].GetProperty("part").GetString();
        Assert.Equal(inner, (await world.Gateway.Http.Download(account.Message(id, $"/parts/{part}"))).Is(HttpStatusCode.OK).Octets);
    }

    [Theory]
    [InlineData("raw")]
    [InlineData("parts/2")]
    [InlineData("parts/1")]
    public async Task Ranges_are_what_RFC_9110_says(string path)
    {
        var (world, account, id) = await With(Mail.WithFile(Mail.Content(700_000)));
        var http = world.Gateway.Http;
        var whole = (await http.Download(account.Message(id, $"/{path}"))).Is(HttpStatusCode.OK);
        var length = whole.Octets.Length;
        // Of another account of the same mail, nothing is known yet.
        var fresh = await world.AddAccount();
        var freshId = (await fresh.Newest()).GetProperty("id").GetString()!;
        foreach (var (range, first, last) in new (string, int, int)[]
        {
            ("0-0", 0, 0), ("1-2", 1, 2), ("5-", 5, length - 1), ("-3", length - 3, length - 1), ($"-{length + 10}", 0, length - 1), ($"3-{length + 5}", 3, length - 1),
            ($"{length - 1}-", length - 1, length - 1), ($"0-{length - 1}", 0, length - 1),
        })
        {
            foreach (var answer in new[]
            {
                await http.Download(account.Message(id, $"/{path}"), ("Range", $"bytes={range}")),
                await http.Download(fresh.Message(freshId, $"/{path}"), ("Range", $"bytes={range}")),
            })
            {
                answer.Is(HttpStatusCode.PartialContent);
                Assert.Equal(whole.Octets[first..(last + 1)], answer.Octets);
                Assert.Matches($"^bytes {first}-{last}/({length}|\\*)$", answer["Content-Range"]);
                Assert.Equal(last - first + 1, int.Parse(answer["Content-Length"]!, System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        foreach (var range in new[] { $"bytes={length}-", $"bytes={length + 1000}-{length + 2000}", "bytes=-0" })
        {
            var answer = (await http.Download(account.Message(id, $"/{path}"), ("Range", range))).Is(HttpStatusCode.RequestedRangeNotSatisfiable);
            Assert.Equal($"bytes */{length}", answer["Content-Range"]);
            Assert.Contains("range_not_satisfiable", answer.Text, StringComparison.Ordinal);
        }

        foreach (var range in new[] { "bytes=5-2", "bytes=0-1,3-4", "lines=1-2", "bytes=abc" })
        {
            Assert.Equal(whole.Octets, (await http.Download(account.Message(id, $"/{path}"), ("Range", range))).Is(HttpStatusCode.OK).Octets);
        }
    }

    [Fact]
    public async Task A_range_behind_the_end_of_what_nobody_has_measured_is_416()
    {
        var (world, account, id) = await With(Mail.WithFile(Mail.Content(1000)));
        foreach (var path in new[] { "/raw", "/parts/2", "/parts/1" })
        {
            (await world.Gateway.Http.Download(account.Message(id, path), ("Range", "bytes=100000-100001"))).Is(HttpStatusCode.RequestedRangeNotSatisfiable);
        }
    }

    [Fact]
    public async Task An_entity_tag_saves_the_transfer_and_guards_ranges()
    {
        var world = await World.WithDovecot();
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        var account = await world.AddAccount(tap.Port);
        var id = await world.Deliver(account, Mail.WithFile(Mail.Content(5000)));
        await new Committed(world.Gateway, account.Id).Fingerprinted();
        var http = world.Gateway.Http;
        var tags = new HashSet<string>();
        foreach (var path in new[] { "/raw", "/parts/1", "/parts/2" })
        {
            var whole = (await http.Download(account.Message(id, path))).Is(HttpStatusCode.OK);
            var tag = whole["ETag"]!;
            Assert.Matches("^\"[a-z0-9_.]+\"$", tag);
            Assert.True(tags.Add(tag));
            tap.Lines.Clear();
            var known = (await http.Download(account.Message(id, path), ("If-None-Match", $"\"x\", {tag}"))).Is(HttpStatusCode.NotModified);
            Assert.Equal((tag, "max-age=31536000, private, immutable", 0), (known["ETag"], known["Cache-Control"], known.Octets.Length));
            Assert.Equal(0, tap.Lines.Count(line => line.Text.Contains("BODY.PEEK", StringComparison.Ordinal)));
            (await http.Download(account.Message(id, path), ("If-None-Match", "\"other\""))).Is(HttpStatusCode.OK);
            (await http.Download(account.Message(id, path), ("If-Match", tag))).Is(HttpStatusCode.OK);
            (await http.Download(account.Message(id, path), ("If-Match", "\"other\""))).Is(HttpStatusCode.PreconditionFailed);
            (await http.Download(account.Message(id, path), ("Range", "bytes=0-1"), ("If-Range", tag))).Is(HttpStatusCode.PartialContent);
            (await http.Download(account.Message(id, path), ("Range", "bytes=0-1"), ("If-Range", "\"other\""))).Is(HttpStatusCode.OK);
            (await http.Download(account.Message(id, path), ("Range", "bytes=0-1"), ("If-Range", "Sat, 29 Oct 1994 19:43:31 GMT"))).Is(HttpStatusCode.OK);
        }
    }

    [Fact]
    public async Task Head_agrees_with_get_and_fetches_nothing()
    {
        var world = await World.WithDovecot();
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        var account = await world.AddAccount(tap.Port);
        var content = Mail.Content(5000);
        var id = await world.Deliver(account, Mail.WithFile(content));
        await new Committed(world.Gateway, account.Id).Fingerprinted();
        foreach (var path in new[] { "/raw", "/parts/2" })
        {
            tap.Lines.Clear();
            var head = (await world.Gateway.Http.Head(account.Message(id, path))).Is(HttpStatusCode.OK);
            Assert.Equal(0, tap.Lines.Count(line => line.Text.Contains("BODY.PEEK", StringComparison.Ordinal)));
            var get = await world.Gateway.Http.Download(account.Message(id, path));
            foreach (var header in new[] { "Content-Type", "Content-Disposition", "ETag", "Accept-Ranges", "Cache-Control", "X-Content-Type-Options", "Content-Security-Policy" })
            {
                Assert.Equal(get[header], head[header]);
            }

            // Its length is known once it has been read.
            Assert.Equal($"{get.Octets.Length}", (await world.Gateway.Http.Head(account.Message(id, path)))["Content-Length"]);
            Assert.Equal($"{get.Octets.Length}", (await world.Gateway.Http.Download(account.Message(id, path)))["Content-Length"]);
        }
    }

    [Fact]
    public async Task Names_of_files_survive_whatever_they_are_written_in()
    {
        var (world, account, id) = await With(Mail.WithFile([1, 2, 3], disposition: "attachment; filename*=UTF-8''%E2%82%AC%20rates%0D%0ASet-Cookie%3A%20a%3Db.pdf"));
        var answer = (await world.Gateway.Http.Download(account.Message(id, "/parts/2"))).Is(HttpStatusCode.OK);
        Assert.Null(answer["Set-Cookie"]);
        Assert.StartsWith("attachment; filename=\"_ rates", answer["Content-Disposition"], StringComparison.Ordinal);
        Assert.Contains("filename*=UTF-8''%E2%82%AC%20rates", answer["Content-Disposition"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text/html", "attachment", true)]
    [InlineData("image/svg+xml", "attachment", true)]
    [InlineData("application/xhtml+xml", "attachment", true)]
    [InlineData("text/xml", "attachment", true)]
    [InlineData("text/javascript", "attachment", true)]
    [InlineData("image/png", "inline", true)]
    [InlineData("text/plain", "inline", true)]
    [InlineData("application/pdf", "inline", false)]
    public async Task Nothing_a_stranger_sent_runs_in_the_gateways_name(string type, string disposition, bool sandboxed)
    {
        var (world, account, id) = await With(Mail.WithFile(Mail.Octets("<script>alert(1)</script>"), type, "inline; filename=\"it\""));
        var answer = (await world.Gateway.Http.Download(account.Message(id, "/parts/2"))).Is(HttpStatusCode.OK);
        Assert.Equal((type, "nosniff"), (answer["Content-Type"], answer["X-Content-Type-Options"]));
        Assert.Equal($"{disposition}; filename=\"it\"", answer["Content-Disposition"]);
        Assert.Equal(sandboxed, answer["Content-Security-Policy"] == "default-src 'none'; sandbox");
    }

    [Fact]
    public async Task Parts_that_are_not_there_are_404()
    {
        var (world, account, id) = await With(Mail.WithFile([1]));
        foreach (var part in new[] { "0", "3", "1.1", "2.1", "01", "-1", "1.", "TEXT", "HEADER", "1.MIME", "1]", "1)%20BODY[", "..%2f..", "a%00b", "1%0d%0aA1%20LOGOUT", new string('1', 2000), "99999999999999999999", "%F0%9F%92%A9", "2%20", "１" })
        {
            var answer = await world.Gateway.Http.Download(account.Message(id, $"/parts/{part}"));
            Assert.True(answer.Status is HttpStatusCode.NotFound or HttpStatusCode.BadRequest, $"{part}: {(int)answer.Status}");
        }

        (await world.Gateway.Http.Download(account.Message(id, "/parts/"))).Is(HttpStatusCode.NotFound);
        (await world.Gateway.Http.Download(account.Message("m_aaaaaaaab", "/raw"))).Is(HttpStatusCode.Gone);
        (await world.Gateway.Http.Download(account.Message("nonsense", "/raw"))).Is(HttpStatusCode.NotFound);
        (await world.Gateway.Http.Download("/v1/accounts/nobody/messages/m_aaaaaaaab/raw")).Is(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Empty_parts_are_empty_answers()
    {
        var (world, account, id) = await With(Mail.WithFile([]));
        foreach (var _ in new[] { 1, 2 })
        {
            var answer = (await world.Gateway.Http.Download(account.Message(id, "/parts/2"))).Is(HttpStatusCode.OK);
            Assert.Empty(answer.Octets);
            (await world.Gateway.Http.Download(account.Message(id, "/parts/2"), ("Range", "bytes=0-"))).Is(HttpStatusCode.RequestedRangeNotSatisfiable);
        }
    }

    [Fact]
    public async Task Downloads_need_the_scope_that_shows_bodies()
    {
        var (world, account, id) = await With(Mail.WithFile([1]));
        var basic = new ApiClient(world.Gateway.ClientWithKey((await world.Api.Post("/v1/keys", new { name = "b", scopes = new[] { "mail.readBasic" } })).Text("key")));
        foreach (var path in new[] { "/raw", "/parts/1", "?body=text", "?body=html&html=raw" })
        {
            (await basic.Get(account.Message(id, path))).Is(HttpStatusCode.Forbidden).IsProblem("forbidden");
        }

        (await basic.Get($"{account.Path}/messages?ids={id}&body=text")).Is(HttpStatusCode.Forbidden);
        (await basic.Get(account.Message(id, "?headers=all"))).Is(HttpStatusCode.OK);
        (await basic.Get($"{account.Path}/messages?ids={id}")).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task With_one_worker_only_downloads_go_piece_by_piece_and_are_the_same()
    {
        var world = await World.WithDovecot();
        await using var gateway = await GatewayProcess.Start(("Imap:MaxSessionsPerAccount", "2"));
        var api = new ApiClient(gateway);
        var added = (await api.Post("/v1/accounts", world.Settings(world.Dovecot.Port))).Is(HttpStatusCode.Created);
        var account = new ApiAccount(api, added.Text("id"));
        var content = Mail.Content(1_500_000);
        var message = Mail.WithFile(content);
        var id = await world.Deliver(account, message);
        Assert.Equal(message, (await gateway.Http.Download(account.Message(id, "/raw"))).Is(HttpStatusCode.OK).Octets);
        Assert.Equal(content, (await gateway.Http.Download(account.Message(id, "/parts/2"))).Is(HttpStatusCode.OK).Octets);
        Assert.Equal(content[500_000..900_001], (await gateway.Http.Download(account.Message(id, "/parts/2"), ("Range", "bytes=500000-900000"))).Is(HttpStatusCode.PartialContent).Octets);
        Assert.Equal(message[500_000..], (await gateway.Http.Download(account.Message(id, "/raw"), ("Range", "bytes=500000-"))).Is(HttpStatusCode.PartialContent).Octets);
        using var other = await world.OtherClient();
        await other.Inbox.OpenAsync(FolderAccess.ReadWrite);
        await other.Inbox.AddFlagsAsync(0, MessageFlags.Deleted, true);
        await other.Inbox.ExpungeAsync();
        (await gateway.Http.Download(account.Message(id, "/raw"))).Is(HttpStatusCode.Gone);
    }
}
