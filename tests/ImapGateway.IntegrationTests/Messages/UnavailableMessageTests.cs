using System.Text;
using ImapGateway.IntegrationTests.Imap;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>Courier answers a message whose file is gone as one from root@localhost.</summary>
public sealed class UnavailableMessageTests(ImpatientGateway impatient) : IClassFixture<ImpatientGateway>
{
    private const string Unavailable = "From: System Administrator <root@localhost>\r\nSubject: message unavailable\r\n";

    private static byte[] Octets(string header) => Encoding.ASCII.GetBytes(header + "\r\nThis message is no longer available on the server.\r\n");

    private async Task<ApiAccount> Add(ScriptedImapServer server) => new(impatient.Api, (await impatient.Api.Post("/v1/accounts", new
    {
        email = "anna@example.com",
        watch = "none",
        imap = new { host = "127.0.0.1", port = server.Port, security = "none", username = "anna", password = "pass" },
    })).Text("id"));

    [Fact]
    public async Task A_message_that_is_unavailable_is_asked_for_again_and_never_listed()
    {
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add("one");
        var gone = server.Inbox.Add(uid => new ScriptedMessage(uid, Octets(Unavailable)));
        server.Inbox.Add("three");
        server.On("NOOP", async (_, _, proceed) =>
        {
            server.Inbox.Remove(gone);
            await proceed();
        });
        var account = await Add(server);
        Assert.Equal("three[] one[]", await account.Shown());
        Assert.Contains(server.Commands.Entries, command => command.Name == "NOOP");
    }

    [Fact]
    public async Task A_message_that_is_there_after_all_is_listed_as_it_is()
    {
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add("one");
        var isThere = false;
        server.Rewrite = (_, octets) =>
        {
            var text = Encoding.Latin1.GetString(octets);
            // The header fields of the answer, of the same length.
            return isThere ? octets : Encoding.Latin1.GetBytes(System.Text.RegularExpressions.Regex.Replace(
                text, @"(BODY\[HEADER\.FIELDS [^\]]*\]) \{\d+\}\r\n(?:[^\r]+\r\n)+\r\n", match => $"{match.Groups[1].Value} {{{Unavailable.Length + 2}}}\r\n{Unavailable}\r\n"));
        };
        server.On("NOOP", async (_, _, proceed) =>
        {
            isThere = true;
            await proceed();
        });
        Assert.Equal("one[]", await (await Add(server)).Shown());
        Assert.True(isThere);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_download_of_it_is_gone_unless_the_server_still_has_it(bool isGone)
    {
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add("before");
        var message = server.Inbox.Add(uid => new ScriptedMessage(uid, Octets(Unavailable)));
        // Only the octets are made up.
        var sent = server.Inbox.Add(uid => new ScriptedMessage(uid, Octets("From: Ann <ann@example.org>\r\nSubject: sent\r\n")));
        server.Rewrite = (_, octets) => Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(octets).Replace("From: System Administrator <root@localhost>\r\nSubject: message unavailable\r\n\r\n)", "From: System Administrator <moot@localhost>\r\nSubject: message unavailable\r\n\r\n)", StringComparison.Ordinal));
        var account = await Add(server);
        var items = (await account.Items(account.Messages("inbox"))).ToDictionary(one => one.GetProperty("uid").GetUInt32(), one => one.GetProperty("id").GetString()!);
        Assert.Equal(3, items.Count);
        if (isGone)
        {
            // The session that downloads still has the messages in its view, and the server has their files no more.
            server.On("NOOP", async (_, _, proceed) =>
            {
                server.Inbox.Remove(message);
                server.Inbox.Remove(sent);
                await proceed();
            });
        }
        foreach (var (path, uid) in new[] { ("/raw", message.Uid), ("/parts/1", sent.Uid) })
        {
            foreach (var range in new[] { null, "bytes=0-9", "bytes=20-" })
            {
                var answer = await (range is null ? impatient.Gateway.Http.Download(account.Message(items[uid], path)) : impatient.Gateway.Http.Download(account.Message(items[uid], path), ("Range", range)));
                Assert.Equal(isGone ? System.Net.HttpStatusCode.Gone : range is null ? System.Net.HttpStatusCode.OK : System.Net.HttpStatusCode.PartialContent, answer.Status);
            }
        }
        Assert.Equal("before", (await account.Items(account.Messages("inbox")))[^1].GetProperty("subject").GetString());
    }

    [Fact]
    public async Task A_message_from_root_that_was_sent_is_listed()
    {
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add(uid => new ScriptedMessage(uid, Octets(Unavailable + "Date: Fri, 05 Jan 2024 10:00:00 +0000\r\n")));
        Assert.Equal("message unavailable[]", await (await Add(server)).Shown());
    }
}
