using System.Net;
using System.Text;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Imap;

/// <summary>What servers do that Dovecot does not, as clients of the API see it; and that the account works afterwards, or says why not.</summary>
public sealed class OddServersTests(ImpatientGateway impatient) : IClassFixture<ImpatientGateway>
{
    private async Task<ApiAccount> Add(ScriptedImapServer server, bool verify = true)
    {
        var answer = (await impatient.Api.Post($"/v1/accounts?verify={(verify ? "true" : "false")}", new
        {
            email = "anna@example.com",
            watch = "none",
            imap = new { host = "127.0.0.1", port = server.Port, security = "none", username = "anna", password = "pass" },
        })).Is(HttpStatusCode.Created);
        return new ApiAccount(impatient.Api, answer.Text("id"));
    }

    private static ScriptedImapServer Start(string extensions, Func<ScriptedOptions, ScriptedOptions>? more = null)
    {
        var options = new ScriptedOptions { Capabilities = $"{ScriptedOptions.Modest} {extensions}".Trim() };
        return ScriptedImapServer.Start(more?.Invoke(options) ?? options);
    }

    [Fact]
    public async Task Roles_by_xlist()
    {
        await using var server = Start("XLIST");
        server.AddMailbox("Gesendet", @"\Sent");
        server.AddMailbox("Tonne", @"\Trash");
        var account = await Add(server);
        var roles = (await account.Items(account.Mailboxes)).ToDictionary(mailbox => mailbox.GetProperty("path").GetString()!, mailbox => mailbox.GetProperty("role").GetString());
        Assert.Equal(("inbox", "sent", "trash"), (roles["INBOX"], roles["Gesendet"], roles["Tonne"]));
    }

    [Fact]
    public async Task Ids_of_messages_and_threads_by_objectid()
    {
        await using var server = Start("OBJECTID");
        var stored = server.Inbox.Add(uid => new(uid, ScriptedMessage.Text("one")) { ThreadId = "T1" });
        var message = await (await Add(server)).Newest();
        Assert.Equal((stored.EmailId, "T1"), (message.GetProperty("emailId").GetString(), message.GetProperty("threadId").GetString()));
    }

    [Fact]
    public async Task Ids_of_messages_by_gmail()
    {
        await using var server = Start("X-GM-EXT-1");
        server.Inbox.Add(uid => new(uid, ScriptedMessage.Text("one")) { GmailMessageId = 1234567890123456789 });
        var message = await (await Add(server)).Newest();
        Assert.Contains("1234567890123456789", message.GetProperty("emailId").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task A_modseq_that_means_nothing_is_not_relied_on(long modSeq)
    {
        await using var server = Start("CONDSTORE", options => options with { OnlyModSeq = modSeq });
        var first = server.Inbox.Add("one");
        var account = await Add(server);
        Assert.Empty((await account.Newest()).GetProperty("flags").EnumerateArray());
        server.Inbox.SetFlags(first, @"\Seen");
        Assert.Equal("$seen", (await account.Newest()).GetProperty("flags")[0].GetString());
        server.Inbox.Remove(first);
        server.Inbox.Add("two");
        Assert.Equal(["two"], (await account.Items(account.Messages("inbox"))).Select(message => message.GetProperty("subject").GetString()));
        Assert.Equal("windowed", (await account.Items(account.Mailboxes))[0].GetProperty("precision").GetString());
        Assert.DoesNotContain(server.Commands.Entries, command => command.ToString().Contains("CHANGEDSINCE", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Without_uidnext_new_mail_is_found_all_the_same()
    {
        await using var server = Start("", options => options with { SelectTellsUidNext = false });
        server.Inbox.Add("one");
        var account = await Add(server);
        Assert.Equal("one", (await account.Newest()).GetProperty("subject").GetString());
        server.Inbox.Add("two");
        Assert.Equal(["two", "one"], (await account.Items(account.Messages("inbox"))).Select(message => message.GetProperty("subject").GetString()));
    }

    [Fact]
    public async Task Commands_that_are_advertised_and_refused_are_done_without()
    {
        await using var server = Start("ENABLE CONDSTORE QRESYNC", options => options with { SaysNoToUnknownCommands = true });
        foreach (var refused in new[] { "ID", "ENABLE", "NAMESPACE" })
        {
            server.On(refused, (session, command, _) =>
            {
                session.Say($"{command.Tag} NO unknown command");
                return Task.CompletedTask;
            });
        }
        server.Inbox.Add("one");
        var account = await Add(server);
        Assert.Equal("one", (await account.Newest()).GetProperty("subject").GetString());
        server.Inbox.Add("two");
        Assert.Equal("two", (await account.Newest()).GetProperty("subject").GetString());
    }

    [Fact]
    public async Task A_throttled_login_says_when_to_come_back()
    {
        await using var server = Start("", options => options with { LoginAnswer = "NO [THROTTLED] slow down" });
        var account = await Add(server, verify: false);
        var answer = (await impatient.Api.Get(account.Mailboxes)).Is(HttpStatusCode.TooManyRequests).IsProblem("account.throttled");
        Assert.Equal(TimeSpan.FromSeconds(60), answer.Headers.RetryAfter?.Delta);
        (await impatient.Api.Get(account.Mailboxes)).IsProblem("account.throttled");
        Assert.Equal(1, server.CountOf("AUTHENTICATE"));
        Assert.Equal("account.throttled", (await impatient.Api.Get(account.Path)).Text("lastError", "code"));
    }

    [Fact]
    public async Task A_connection_limit_with_nothing_left_says_when_to_come_back()
    {
        await using var server = Start("", options => options with { MaxConnections = 0 });
        var account = await Add(server, verify: false);
        (await impatient.Api.Get(account.Mailboxes)).Is(HttpStatusCode.TooManyRequests).IsProblem("account.limit");
        Assert.Equal("account.limit", (await impatient.Api.Get(account.Path)).Text("lastError", "code"));
    }

    [Theory]
    [InlineData("NO [THROTTLED] slow down", "account.throttled")]
    [InlineData("NO [NOPERM] not yours", "account.denied")]
    [InlineData("NO [SERVERBUG] oh", "account.unavailable")]
    [InlineData("BAD what?", "account.protocol")]
    public async Task A_refused_command_is_told_with_the_servers_words_and_hurts_nobody(string refusal, string code)
    {
        await using var server = Start("");
        server.Inbox.Add("one");
        var account = await Add(server);
        await account.Items(account.Mailboxes);
        server.On("EXAMINE", (session, command, _) =>
        {
            session.Say($"{command.Tag} {refusal}");
            return Task.CompletedTask;
        });
        var answer = (await impatient.Api.Get(account.Messages("inbox"))).IsProblem(code);
        Assert.EndsWith(answer.Text("upstream", "text"), refusal, StringComparison.Ordinal);
        server.On("EXAMINE", (_, _, proceed) => proceed());
        Assert.Equal("one", (await account.Newest()).GetProperty("subject").GetString());
        Assert.Equal("connected", (await impatient.Api.Get(account.Path)).Text("state"));
    }

    public static TheoryData<string, string> Breaks => new()
    {
        { "garbage", "account.protocol" },
        { "deep", "account.protocol" },
        { "closed in a literal", "account.unavailable" },
        { "reset", "account.unavailable" },
        { "silence", "account.timeout" },
        { "bye", "account.unavailable" },
    };

    [Theory, MemberData(nameof(Breaks))]
    public async Task An_answer_that_breaks_off_is_told_and_the_next_request_works(string how, string code)
    {
        await using var server = Start("");
        server.Inbox.Add("one");
        var account = await Add(server);
        await account.Items(account.Mailboxes);
        server.On("EXAMINE", async (session, command, proceed) =>
        {
            switch (how)
            {
                case "garbage":
                    session.SayOctets([0, 255, 13, 10, 42, 32, 40, 41, 123, 13, 10]);
                    session.Say("* 1 FETCH (((BODY \"");
                    await proceed();
                    break;
                case "deep":
                    session.Say("* 1 FETCH (BODYSTRUCTURE " + new string('(', 100_000));
                    await proceed();
                    break;
                case "closed in a literal":
                    session.Say("* LIST () \"/\" {1000}");
                    session.Say("INB");
                    session.Close();
                    break;
                case "reset":
                    session.Reset();
                    break;
                case "silence":
                    await session.Silence();
                    break;
                default:
                    session.Say("* BYE [UNAVAILABLE] restarting");
                    session.Close();
                    break;
            }
        });
        (await impatient.Api.Get(account.Messages("inbox"))).IsProblem(code);
        server.On("EXAMINE", (_, _, proceed) => proceed());
        Assert.Equal("one", (await account.Newest()).GetProperty("subject").GetString());
    }

    [Fact]
    public async Task Qresync_that_is_not_among_what_was_enabled_is_not_used()
    {
        await using var server = Start("ENABLE CONDSTORE QRESYNC");
        server.On("ENABLE", (session, command, _) =>
        {
            session.Say("* ENABLED CONDSTORE");
            session.Say($"{command.Tag} OK done");
            return Task.CompletedTask;
        });
        server.Inbox.Add("one");
        var account = await Add(server);
        await account.Newest();
        server.Inbox.Add("two");
        Assert.Equal("two", (await account.Newest()).GetProperty("subject").GetString());
        Assert.DoesNotContain(server.Commands.Entries, command => command.Name is "EXAMINE" && command.ToString().Contains("QRESYNC", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_that_says_everything_is_gone_four_billion_times_is_not_believed()
    {
        await using var server = Start("ENABLE CONDSTORE QRESYNC");
        server.On("ENABLE", (session, command, _) =>
        {
            session.Say("* ENABLED CONDSTORE QRESYNC");
            session.Say($"{command.Tag} OK done");
            return Task.CompletedTask;
        });
        server.Inbox.Add("one");
        var account = await Add(server);
        var id = (await account.Newest()).GetProperty("id").GetString();
        server.On("EXAMINE", async (session, command, proceed) =>
        {
            if (command.ToString().Contains("QRESYNC", StringComparison.Ordinal))
            {
                session.Say("* VANISHED (EARLIER) 1:4294967295");
            }
            await proceed();
        });
        Assert.Equal(id, (await account.Newest()).GetProperty("id").GetString());
        Assert.Contains(server.Commands.Entries, command => command.ToString().Contains("QRESYNC", StringComparison.Ordinal) && command.Name == "EXAMINE");
        await impatient.StillWorks();
    }

    [Fact]
    public async Task A_server_that_finds_four_billion_messages_is_refused()
    {
        await using var server = Start("ESEARCH");
        server.Inbox.Add("one");
        server.On("UID SEARCH", (session, command, _) =>
        {
            session.Say($"* ESEARCH (TAG \"{command.Tag}\") UID ALL 1:4294967295");
            session.Say($"{command.Tag} OK done");
            return Task.CompletedTask;
        });
        var account = await Add(server);
        (await impatient.Api.Get(account.Messages("inbox"))).IsProblem("account.protocol");
        server.On("UID SEARCH", (_, _, proceed) => proceed());
        await account.Newest();
        await impatient.StillWorks();
    }

    [Fact]
    public async Task Names_of_mailboxes_may_hold_anything()
    {
        await using var server = Start("");
        server.On("LIST", (session, command, proceed) =>
        {
            if (command[1] != "*" && command[1] != "%")
            {
                return proceed();
            }
            session.Say(@"* LIST () ""/"" INBOX");
            foreach (var name in new[] { "tab\there", "line\r\nbreak", "bell\u0007", "quote\"here", "&unbalanced", "../../etc/passwd", "<script>", "a//b", "/", "€" })
            {
                var octets = Encoding.UTF8.GetBytes(name);
                session.Say($"* LIST () \"/\" {{{octets.Length}}}");
                session.SayOctets(octets);
                session.Say("");
            }
            session.Say($"{command.Tag} OK done");
            return Task.CompletedTask;
        });
        var account = await Add(server);
        var answer = (await impatient.Api.Get(account.Mailboxes)).Is(HttpStatusCode.OK);
        var paths = answer.Json.GetProperty("items").EnumerateArray().Select(mailbox => mailbox.GetProperty("path").GetString()).ToList();
        Assert.Contains("INBOX", paths);
        Assert.Contains("tab\there", paths);
        Assert.Contains("../../etc/passwd", paths);
        foreach (var mailbox in answer.Json.GetProperty("items").EnumerateArray())
        {
            var list = await impatient.Api.Get(account.Messages(mailbox.GetProperty("id").GetString()!));
            Assert.True(list.Status is HttpStatusCode.OK or HttpStatusCode.NotFound or HttpStatusCode.UnprocessableEntity or HttpStatusCode.BadGateway, list.Text);
        }
        await impatient.StillWorks();
    }

    [Fact]
    [Trait("Category", "long")]
    public async Task Of_a_hundred_thousand_mailboxes_as_many_as_an_account_can_have_are_listed_while_others_work()
    {
        const int Most = 20_000;
        await using var server = Start("LIST-EXTENDED LIST-STATUS");
        server.On("LIST", async (session, command, proceed) =>
        {
            if (!command.ToString().Contains('*', StringComparison.Ordinal) && !command.ToString().Contains('%', StringComparison.Ordinal))
            {
                await proceed();
                return;
            }
            session.Say(@"* LIST () ""/"" INBOX");
            for (var i = 0; i < 100_000; i++)
            {
                session.Say($"* LIST (\\HasNoChildren) \"/\" box{i}");
            }
            session.Say($"{command.Tag} OK done");
        });
        var account = await Add(server);
        var list = impatient.Api.Get(account.Mailboxes);
        await impatient.StillWorks();
        var paths = new HashSet<string>();
        for (var page = (await list).Is(HttpStatusCode.OK); ;)
        {
            Assert.All(page.Json.GetProperty("items").EnumerateArray(), mailbox => Assert.True(paths.Add(mailbox.GetProperty("path").GetString()!)));
            if (page.Json.GetProperty("nextCursor").GetString() is not { } cursor)
            {
                break;
            }
            page = (await impatient.Api.Get($"{account.Mailboxes}?cursor={cursor}")).Is(HttpStatusCode.OK);
        }
        Assert.Equal(Most, paths.Count);
        Assert.Contains("INBOX", paths);
        Assert.Equal("account.mailbox_limit", (await impatient.Api.Get(account.Path)).Text("lastError", "code"));
        await impatient.StillWorks();
    }
}
