using System.Globalization;
using System.Net;
using System.Text;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>Messages made to hurt whoever reads them. Each is answered within bounds, and nobody else suffers.</summary>
public sealed class HostileMessageTests
{
    /// <summary>Far more than any answer here takes, far less than what a process or a person bears.</summary>
    private static readonly TimeSpan Bearable = TimeSpan.FromSeconds(20);

    private static async Task<(World World, ApiAccount Account, string Id)> With(byte[] message)
    {
        var world = await World.WithDovecot();
        var account = await world.AddAccount();
        return (world, account, await world.Deliver(account, message));
    }

    private static async Task<ApiAnswer> Read(World world, ApiAccount account, string id, string query = "?body=text,html&headers=all")
    {
        var answer = (await world.Api.Get(account.Message(id, query)).WaitAsync(Bearable)).Is(HttpStatusCode.OK);
        Assert.InRange(answer.Text.Length, 1, 2_000_000);
        (await world.Gateway.Http.Download(account.Message(id, "/raw"))).Is(HttpStatusCode.OK);
        await account.Newest();
        return answer;
    }

    [Fact]
    public async Task Mime_nested_200_deep()
    {
        var message = new StringBuilder("Subject: deep\nMIME-Version: 1.0\n");
        for (var i = 0; i < 200; i++)
        {
            message.Append(CultureInfo.InvariantCulture, $"Content-Type: multipart/mixed; boundary=\"b{i}\"\n\n--b{i}\n");
        }

        message.Append("Content-Type: text/plain\n\nat the bottom\n");
        for (var i = 199; i >= 0; i--)
        {
            message.Append(CultureInfo.InvariantCulture, $"--b{i}--\n");
        }

        var octets = Mail.Octets(message.ToString());
        var (world, account, id) = await With(octets);
        Assert.Equal("deep", (await Read(world, account, id)).Text("subject"));
        Assert.Equal(octets, (await world.Gateway.Http.Download(account.Message(id, "/raw"))).Octets);
    }

    [Fact]
    public async Task Messages_in_messages_200_deep()
    {
        var (world, account, id) = await With(Mail.Octets(string.Concat(Enumerable.Range(0, 200).Select(i => $"Subject: level {i}\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\n")) + "Subject: inmost\n\ntext\n"));
        Assert.Equal("level 0", (await Read(world, account, id)).Text("subject"));
    }

    [Fact]
    public async Task Ten_thousand_parts()
    {
        var (world, account, id) = await With(Mail.Octets("Subject: parts\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
            + string.Concat(Enumerable.Range(1, 10_000).Select(i => $"--b\nContent-Type: text/plain\nContent-Disposition: {(i % 2 == 0 ? "inline" : "attachment")}; filename=\"{new string('n', 100)}{i}\"\n\npart {i}\n")) + "--b--\n"));
        var answer = await Read(world, account, id);
        Assert.InRange(answer.Json.GetProperty("attachments").GetArrayLength(), 100, 1000);
        Assert.Equal("part 999", (await world.Gateway.Http.Download(account.Message(id, "/parts/999"))).Text.Trim());
        (await world.Gateway.Http.Download(account.Message(id, "/parts/10001"))).Is(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_thousand_parts_to_be_read_as_one_text()
    {
        var (world, account, id) = await With(Mail.Octets("Subject: parts\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
            + string.Concat(Enumerable.Range(1, 1000).Select(i => $"--b\nContent-Type: text/{(i % 2 == 0 ? "html" : "plain")}\n\n{string.Concat(Enumerable.Repeat($"part {i} ", 2000))}\n")) + "--b--\n"));
        var answer = await Read(world, account, id, "?body=text,html&maxBodyBytes=500000");
        Assert.StartsWith("part 1 ", answer.Text("body", "text"), StringComparison.Ordinal);
    }

    public static TheoryData<string> Pages => ["<div>", "<b><i>", "<table><tr><td>", "<a href=x>", "<p style='color:red;background:url(x)'>", "&amp;", "<", "<!--", "<svg><style>", "<select><option>", "\u00e4"];

    [Theory, MemberData(nameof(Pages))]
    public async Task Megabytes_of_html(string piece)
    {
        var (world, account, id) = await With(Mail.Octets($"Subject: html\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n{string.Concat(Enumerable.Repeat(piece, 4_000_000 / piece.Length))}\n"));
        foreach (var query in new[] { "?body=html&maxBodyBytes=524288", "?body=text&maxBodyBytes=524288", "?body=html&html=raw" })
        {
            await Read(world, account, id, query);
        }
    }

    [Theory]
    [InlineData("utf-7")]
    [InlineData("iso-2022-jp")]
    [InlineData("hz-gb-2312")]
    [InlineData("utf-16")]
    [InlineData("utf-32")]
    [InlineData("x-user-defined")]
    [InlineData("../../etc/passwd")]
    [InlineData("utf-8; charset=utf-7; charset=utf-16")]
    public async Task Charsets_that_blow_up(string charset)
    {
        var octets = new byte[3_000_000];
        Array.Fill(octets, (byte)0x1B);
        var (world, account, id) = await With(Mail.WithFile(octets, $"text/plain; charset={charset}", "inline"));
        var whole = await Read(world, account, id);
        Assert.InRange(whole.Text.Length, 1, 1_500_000);
        var part = (await world.Gateway.Http.Download(account.Message(id, "/parts/2"))).Is(HttpStatusCode.OK);
        Assert.Equal(octets.Length, part.Octets.Length);
    }

    [Fact]
    public async Task A_charset_that_would_write_headers_of_its_own()
    {
        var (world, account, id) = await With(Mail.WithFile([65], "text/plain; charset=\"a\\\"; x=y\\,\"; name*=utf-8''a%0d%0aX-Evil:%20yes", "inline"));
        var answer = (await world.Gateway.Http.Download(account.Message(id, "/parts/2"))).Is(HttpStatusCode.OK);
        Assert.Null(answer["X-Evil"]);
        Assert.Equal("text/plain", answer["Content-Type"]);
    }

    [Fact]
    public async Task A_subject_that_would_write_headers_of_its_own()
    {
        var (world, account, id) = await With(Mail.Octets("Subject: =?utf-8?q?a=0D=0ASet-Cookie:_x=3Dy/../..=5C..=5Cb=22;_z=E2=80=AEgpj.exe?=\n\nx\n"));
        var answer = (await world.Gateway.Http.Download(account.Message(id, "/raw"))).Is(HttpStatusCode.OK);
        Assert.Null(answer["Set-Cookie"]);
        Assert.DoesNotContain("/", answer["Content-Disposition"], StringComparison.Ordinal);
        Assert.DoesNotContain("%E2%80%AE", answer["Content-Disposition"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_of_megabytes()
    {
        var (world, account, id) = await With(Mail.Octets($"Subject: headers\n{string.Concat(Enumerable.Range(0, 20_000).Select(i => $"X-Field-{i}: {new string('v', 100)}\n"))}To: {string.Join(",\n ", Enumerable.Range(0, 5000).Select(i => $"person{i}@example.org"))}\n\ntext\n"));
        Assert.Equal("headers", (await Read(world, account, id)).Text("subject"));
    }

    [Fact]
    public async Task Base64_that_is_none()
    {
        var (world, account, id) = await With([.. Mail.Octets("Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"), .. Encoding.ASCII.GetBytes(new string('=', 100_000) + "\r\n" + new string('!', 100_000))]);
        await Read(world, account, id);
        (await world.Gateway.Http.Download(account.Message(id, "/parts/1"), ("Range", "bytes=-1"))).Is(HttpStatusCode.RequestedRangeNotSatisfiable);
    }
}
