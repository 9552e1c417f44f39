using System.Net;
using System.Text;
using System.Text.Json;
using ImapGateway.Imap;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Imap;

/// <summary>
/// Servers that do not stop: in answer to each kind of command and with each kind of line. The connection is ended before the gateway has taken much, the account says why, others go on, and the
/// account can be deleted.
/// </summary>
public sealed class FloodTests(ImpatientGateway impatient) : IClassFixture<ImpatientGateway>
{
    /// <summary>More than any answer in these tests may take; less than the sockets and what a server writes ahead take beside it.</summary>
    private const long Most = 100L << 20;

    private const string Fetch = "* 1 FETCH (UID 1 FLAGS (\\Seen))";

    public static TheoryData<string, string> Floods => new()
    {
        { "CAPABILITY", "* OK [X] x" },
        { "NAMESPACE", "* NAMESPACE NIL NIL NIL" },
        { "ID", "* ID NIL" },
        { "AUTHENTICATE", "* CAPABILITY IMAP4rev1" },
        { "LIST", Fetch },
        { "LIST", "* OK [X] x" },
        { "LSUB", Fetch },
        { "STATUS", "* STATUS INBOX (MESSAGES 1)" },
        { "EXAMINE", "* FLAGS (a b c d e f g h)" },
        { "EXAMINE", "* 10000000 EXISTS" },
        { "EXAMINE", "* OK [PERMANENTFLAGS (a b c d)] x" },
        { "NOOP", "* 1 EXPUNGE" },
        { "NOOP", "* VANISHED 1:4294967295" },
        { "FETCH", Fetch },
        { "UID FETCH", Fetch },
        { "UID FETCH", "* 2 FETCH (UID 7 FLAGS (\\Seen) RFC822.SIZE 1 INTERNALDATE \"01-Jan-2026 00:00:00 +0000\" ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL))" },
        { "UID SEARCH", "* SEARCH 1 2 3 4 5 6 7 8 9" },
    };

    [Theory, MemberData(nameof(Floods))]
    public async Task What_is_sent_without_end_ends_the_connection(string command, string line)
    {
        var sent = 0L;
        await using var server = ScriptedImapServer.Start();
        server.AddMailbox("Other");
        for (var i = 0; i < 3; i++)
        {
            server.Inbox.Add($"m{i}");
        }
        server.On(command, async (session, _, _) =>
        {
            var lines = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(line + "\r\n", 1000)));
            for (var left = 4 * Most / lines.Length; left > 0; left--)
            {
                session.SayOctets(lines);
                await session.Flush();
                Interlocked.Add(ref sent, lines.Length);
            }
        });
        var account = await Add(server, "none");
        await Use(account);

        // What a listing has too much is left out as it arrives, up to the size of the largest listing that there could be.
        var most = command is "LIST" or "LSUB" ? 3 * Most : Most;
        var before = Interlocked.Read(ref sent);
        Assert.InRange(before, 1, most);
        var state = (await impatient.Api.Get(account.Path)).Is(HttpStatusCode.OK);
        Assert.Equal(("unavailable", "account.protocol"), (state.Text("state"), state.Text("lastError", "code")));
        Assert.Matches("more than|nobody has asked|without end", state.Text("lastError", "detail"));
        // Asked again at once, the server is left in peace.
        await Use(account);
        Assert.InRange(Interlocked.Read(ref sent), before, most);
        await impatient.StillWorks();
        (await impatient.Api.Delete(account.Path)).Is(HttpStatusCode.NoContent);
        (await impatient.Api.Get(account.Path)).Is(HttpStatusCode.NotFound);
    }

    /// <summary>Lists and reads what there is, as far as it goes.</summary>
    private static async Task Use(ApiAccount account)
    {
        foreach (var path in new[] { account.Mailboxes, account.Messages("inbox"), account.Messages("inbox", "?subject=m1") })
        {
            var answer = await account.Api.Get(path);
            Assert.True(answer.Status == HttpStatusCode.OK || answer.Json.GetProperty("code").GetString()!.StartsWith("account.", StringComparison.Ordinal), answer.Text);
        }
    }

    [Theory]
    [InlineData("* 4 EXISTS")]
    [InlineData("* 1 EXPUNGE")]
    [InlineData("* OK still here")]
    [InlineData("* OK [X] still here")]
    [InlineData("* LIST () \"/\" NUMBER")]
    [InlineData("* STATUS INBOX (MESSAGES 1)")]
    [InlineData("* 1 FETCH (FLAGS (\\Seen))")]
    public async Task A_server_that_floods_in_IDLE_is_unavailable_and_stops_nobody(string line)
    {
        var sent = 0L;
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add("m");
        server.On("IDLE", async (session, _, _) =>
        {
            session.Say("+ idling");
            for (var most = 4 * Most / 20_000; most > 0; most--)
            {
                for (var i = 0; i < 1000; i++)
                {
                    session.Say(line.Replace("NUMBER", $"{most}-{i}", StringComparison.Ordinal));
                }
                await session.Flush();
                Interlocked.Add(ref sent, 1000 * line.Length);
            }
        });
        var account = await Add(server, "all");
        JsonElement state = default;
        await TestWait.For(async () => (state = (await impatient.Api.Get(account.Path)).Json).GetProperty("state").GetString() == "unavailable");
        Assert.Equal("account.protocol", state.GetProperty("lastError").GetProperty("code").GetString());
        Assert.InRange(Interlocked.Read(ref sent), 1, Most);
        await Use(account);
        await impatient.StillWorks();
        (await impatient.Api.Delete(account.Path)).Is(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task A_server_that_says_almost_too_much_in_each_IDLE_is_unavailable_and_the_next_login_does_not_hide_it()
    {
        var sent = 0;
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add("m");
        var line = $"* OK [X] {new string('x', 1000)}";
        server.On("IDLE", async (session, _, proceed) =>
        {
            for (var i = 0; i < 1000; i++)
            {
                session.Say(line);
            }
            await session.Flush();
            // The push ends this IDLE and begins another.
            server.Inbox.Add($"m{Interlocked.Increment(ref sent)}");
            await proceed();
        });
        var account = await Add(server, "all");
        JsonElement state = default;
        await TestWait.For(async () => (state = (await impatient.Api.Get(account.Path)).Json).GetProperty("state").GetString() == "unavailable");
        Assert.Equal("account.protocol", state.GetProperty("lastError").GetProperty("code").GetString());
        Assert.InRange(Volatile.Read(ref sent), 2, 20);

        server.On("IDLE", (_, _, proceed) => proceed());
        await TestWait.For(async () => (state = (await impatient.Api.Get(account.Path)).Json).GetProperty("state").GetString() == "connected");
        Assert.Contains("more than", state.GetProperty("lastError").GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Messages_that_nobody_has_asked_for_are_not_shown()
    {
        await using var server = ScriptedImapServer.Start();
        for (var i = 0; i < 5; i++)
        {
            server.Inbox.Add($"m{i}");
        }
        // A few more than were asked for, with made-up headers: no flood, and no message either.
        server.On("UID FETCH", async (session, _, proceed) =>
        {
            for (var uid = 100; uid < 200; uid++)
            {
                session.Say($"* {uid} FETCH (UID {uid} FLAGS () RFC822.SIZE 1 INTERNALDATE \"01-Jan-2026 00:00:00 +0000\" ENVELOPE (NIL \"fake\" NIL NIL NIL NIL NIL NIL NIL NIL))");
            }
            await proceed();
        });
        var account = await Add(server, "none");
        var listed = await account.Items(account.Messages("inbox"));
        Assert.Equal(["m4", "m3", "m2", "m1", "m0"], listed.Select(message => message.GetProperty("subject").GetString()));
    }

    /// <summary>MimeKit makes a large object of each header field: too many are refused while they arrive, and the messages are asked for again one by one.</summary>
    [Fact]
    public async Task A_header_of_many_fields_is_refused_where_only_the_ids_of_messages_are_asked_for()
    {
        const int Messages = 4;
        var header = string.Concat(Enumerable.Repeat("To: a@b\r\n", 2 * HeaderFieldLimit.MostFields)) + "\r\n";
        await using var server = ScriptedImapServer.Start();
        for (var i = 0; i < Messages; i++)
        {
            server.Inbox.Add($"m{i}");
        }
        server.On("UID FETCH", async (session, command, proceed) =>
        {
            if (!IsOfIds(command))
            {
                await proceed();
                return;
            }
            var uids = server.Inbox.Messages.Select(message => message.Uid).Where(uid => command[0].Contains(':', StringComparison.Ordinal) || command[0].Split(',').Contains($"{uid}")).ToList();
            foreach (var uid in uids)
            {
                session.Say($"* {uid} FETCH (UID {uid} FLAGS () RFC822.SIZE 1 INTERNALDATE \"01-Jan-2026 00:00:00 +0000\" BODY[HEADER.FIELDS (MESSAGE-ID)] {{{header.Length}}}\r\n{header})");
            }
            session.Say($"{command.Tag} OK done");
            await session.Flush();
        });
        var account = await Add(server, "all");
        // The watcher asks for the ids of all messages.
        await TestWait.For(() => Enumerable.Range(1, Messages).All(uid => server.Commands.Count(command => IsOfIds(command) && command[0] == $"{uid}") > 0));
        await impatient.StillWorks();
        (await impatient.Api.Delete(account.Path)).Is(HttpStatusCode.NoContent);

        static bool IsOfIds(ScriptedCommand command) => command.Name == "UID FETCH" && command.ToString().Contains("MESSAGE-ID", StringComparison.OrdinalIgnoreCase) && !command.ToString().Contains("SUBJECT", StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("* ESEARCH (TAG \"{0}\") UID ALL 1:100000000")]
    [InlineData("* ESEARCH (TAG \"{0}\") UID ALL 1:4294967295")]
    public async Task A_search_that_finds_more_than_there_is_is_refused(string answer)
    {
        await using var server = ScriptedImapServer.Start(new ScriptedOptions { Capabilities = ScriptedOptions.Modest + " ESEARCH" });
        server.Inbox.Add("m");
        server.On("UID SEARCH", (session, command, _) =>
        {
            session.Say(string.Format(System.Globalization.CultureInfo.InvariantCulture, answer, command.Tag));
            session.Say($"{command.Tag} OK done");
            return Task.CompletedTask;
        });
        var account = await Add(server, "none");
        (await account.Api.Get(account.Messages("inbox"))).IsProblem("account.protocol");
        await impatient.StillWorks();
    }

    private async Task<ApiAccount> Add(ScriptedImapServer server, string watch)
    {
        var added = await impatient.Api.Post(
            "/v1/accounts?verify=false",
            new { email = "flood@example.com", watch, imap = new { host = ScriptedImapServer.Host, port = server.Port, security = "none", username = "flood", password = "pass" } });
        return new ApiAccount(impatient.Api, added.Is(HttpStatusCode.Created).Text("id"));
    }
}
