using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ImapGateway.IntegrationTests;

/// <summary>Requests no honest client sends: a clear answer, and the gateway goes on.</summary>
public class HostileRequestsTests
{
    [Theory]
    [InlineData("?limit=-1", "limit")]
    [InlineData("?limit=0", "limit")]
    [InlineData("?limit=501", "limit")]
    [InlineData("?limit=99999999999999999999", "limit")]
    [InlineData("?limit=ten", "limit")]
    [InlineData("?limit=1&limit=2", "limit")]
    [InlineData("?cursor=forged", "cursor")]
    [InlineData("?cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "cursor")]
    [InlineData("?cursor=%00%01%FF", "cursor")]
    [InlineData("?unseen=perhaps", "unseen")]
    [InlineData("?since=yesterday", "since")]
    [InlineData("?flag=a%20b", "flag")]
    [InlineData("?fields=subject,nothing", "fields")]
    [InlineData("?unread=true", "unread")]
    [InlineData("?subject=a%0D%0AA1%20LOGOUT", "subject")]
    public async Task A_wrong_parameter_is_a_400_that_names_it(string query, string parameter)
    {
        await using var world = await World.WithDovecot();
        await world.Deliver("one");
        var account = await world.AddAccount();
        var answer = (await account.Api.Get(account.Messages("inbox", query))).Is(HttpStatusCode.BadRequest).IsProblem("bad_request");
        Assert.Equal(parameter, answer.Json.GetProperty("errors")[0].GetProperty("parameter").GetString());
        Assert.Single(await account.Items(account.Messages("inbox")));
    }

    [Fact]
    public async Task A_cursor_of_another_mailbox_filter_or_account_is_refused()
    {
        await using var world = await World.WithDovecot();
        await using var other = await World.WithDovecot();
        foreach (var subject in new[] { "one", "two", "three" })
        {
            await world.Deliver(subject);
            await other.Deliver(subject);
        }
        var account = await world.AddAccount();
        var theirs = await other.AddAccount();
        var cursor = (await account.Api.Get(account.Messages("inbox", "?limit=1"))).Text("nextCursor");
        Assert.Equal("two", (await account.Items(account.Messages("inbox", $"?limit=1&cursor={cursor}")))[0].GetProperty("subject").GetString());
        (await account.Api.Get(account.Messages("trash", $"?cursor={cursor}"))).Is(HttpStatusCode.BadRequest);
        (await account.Api.Get(account.Messages("inbox", $"?unseen=true&cursor={cursor}"))).Is(HttpStatusCode.BadRequest);
        (await theirs.Api.Get(theirs.Messages("inbox", $"?cursor={cursor}"))).Is(HttpStatusCode.BadRequest);
        (await account.Api.Get($"{account.Mailboxes}?cursor={cursor}")).Is(HttpStatusCode.BadRequest);
        for (var i = 0; i < cursor.Length; i++)
        {
            var forged = cursor[..i] + (cursor[i] == 'x' ? 'y' : 'x') + cursor[(i + 1)..];
            var answer = await account.Api.Get(account.Messages("inbox", $"?cursor={forged}"));
            Assert.True(answer.Status == HttpStatusCode.BadRequest, $"{forged}: {answer.Text}");
        }
    }

    [Fact]
    public async Task Ten_megabytes_of_json_are_too_large_however_they_come()
    {
        await using var world = await World.WithDovecot();
        var address = world.Gateway.Http.BaseAddress!;
        var head = $"POST /v1/accounts HTTP/1.1\r\nHost: {address.Authority}\r\nAuthorization: Bearer {world.Gateway.AdminKey}\r\nContent-Type: application/json\r\n";
        foreach (var begin in new[] { $"Content-Length: {10 << 20}\r\n\r\n{{\"name\":\"", $"Transfer-Encoding: chunked\r\n\r\n{10 << 20:x}\r\n{{\"name\":\"" })
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(address.Host, address.Port);
            var stream = socket.GetStream();
            // A client that reads while it writes: the gateway does not wait for what it will not take (RFC 9110 section 15.5.14).
            var answer = new StreamReader(stream, Encoding.Latin1).ReadLineAsync();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head + begin));
            var more = Encoding.ASCII.GetBytes(new string('x', 64 << 10));
            try
            {
                for (var i = 0; i < 160 && !answer.IsCompleted; i++)
                {
                    await stream.WriteAsync(more);
                }
            }
            catch (IOException)
            {
                // The answer is there already.
            }
            Assert.Equal("HTTP/1.1 413 Payload Too Large", await answer);
        }
        (await world.Api.Get("/v1/accounts")).Is(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("{\"imap\":", "/imap")]
    [InlineData("[]", "")]
    [InlineData("{\"email\":\"a@example.com\",\"imap\":[]}", "/imap")]
    [InlineData("{\"email\":\"a@example.com\",\"imap\":{\"host\":\"a\",\"port\":70000}}", "/imap/port")]
    [InlineData("{\"email\":\"a@example.com\",\"imap\":{\"host\":\"a\",\"port\":1e9}}", "/imap/port")]
    [InlineData("{\"email\":\"a@example.com\",\"imap\":{\"host\":\"a\",\"hots\":\"a\"}}", "/imap/hots")]
    [InlineData("{\"email\":\"a@example.com\",\"imap\":{\"host\":\"a\\u0000b\"}}", "/imap/host")]
    [InlineData("{\"id\":\"../../x\",\"email\":\"a@example.com\",\"imap\":{\"host\":\"a\"}}", "/id")]
    public async Task A_broken_account_is_a_400_with_a_pointer(string json, string pointer)
    {
        await using var world = await World.WithDovecot();
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var answer = await world.Gateway.Http.PostAsync(new Uri("/v1/accounts", UriKind.Relative), content);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.BadRequest && text.Contains($"\"pointer\":\"{pointer}\"", StringComparison.Ordinal), $"{answer.StatusCode} {text}");
    }

    [Theory]
    [InlineData("POST", "/v1/keys", "utf-7")]
    [InlineData("POST", "/v1/tickets", "bogus")]
    [InlineData("POST", "/v1/webhooks", "\"\"")]
    [InlineData("POST", "/v1/accounts", "utf-7")]
    [InlineData("PATCH", "/v1/webhooks/x", "bogus")]
    [InlineData("POST", "/graphql", "bogus")]
    public async Task A_charset_that_nobody_knows_is_a_415(string method, string path, string charset)
    {
        await using var world = await World.WithDovecot();
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = new ByteArrayContent("{}"u8.ToArray()) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", $"application/json; charset={charset}");
        using var answer = await world.Gateway.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
    }

    [Theory]
    [InlineData("/v1/accounts/%00")]
    [InlineData("/v1/accounts/%20")]
    [InlineData("/v1/accounts/%20/mailboxes")]
    [InlineData("/v1/accounts/%09/changes")]
    [InlineData("/v1/accounts/%E2%80%A8/messages/x/raw")]
    [InlineData("/v1/accounts/..%2F..%2Fetc")]
    [InlineData("/v1/accounts/a/mailboxes/%0D%0A")]
    [InlineData("/v1/accounts/a/messages/%FF%FE")]
    [InlineData("/v1/accounts/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public async Task A_wild_path_finds_nothing(string path)
    {
        await using var world = await World.WithDovecot();
        var answer = await world.Api.Get(path);
        Assert.True(answer.Status is HttpStatusCode.BadRequest or HttpStatusCode.NotFound, $"{answer.Status} {answer.Text}");
    }
}
