using System.Net;
using System.Text;
using ImapGateway.Imap;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Imap;

/// <summary>Answers of several servers that are large, but not too large: the gateway reads as many of them at once as there is memory for.</summary>
public sealed class AnswerMemoryTests
{
    private const int Messages = 500;
    private const int OctetsOfMessage = 60_000;

    /// <summary>Several times as many as there is room for.</summary>
    private const int Servers = 6;

    [Fact]
    public async Task Large_answers_about_headers_are_read_as_there_is_room_and_small_ones_do_not_wait()
    {
        await using var gateway = await GatewayProcess.Start(("Imap:CommandTimeout", "10m"));
        var api = new ApiClient(gateway);
        var sent = 0;
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var servers = Enumerable.Range(0, Servers).Select(_ => Large(async session =>
        {
            Interlocked.Increment(ref sent);
            // Without progress an answer loses its connection while others wait (SlowAnswerTests).
            while (await Task.WhenAny(release.Task, Task.Delay(200)) != release.Task)
            {
                session.Say($"* OK {new string('x', (int)AnswerMemory.LeastProgress / 4)}");
                await session.Flush();
            }
        })).ToList();
        await using var good = ScriptedImapServer.Start();
        good.Inbox.Add("good");
        try
        {
            var healthy = await Add(api, good);
            const int Fitting = (int)(AnswerMemory.Default / (Messages * OctetsOfMessage));
            var lists = new List<Task<ApiAnswer>>();
            foreach (var server in servers)
            {
                var account = await Add(api, server);
                (await api.Get(account.Mailboxes)).Is(HttpStatusCode.OK);
                lists.Add(api.Get(account.Messages("inbox", $"?limit={Messages}&fields=id")));
                // One after the other: of those that are read side by side each takes a part of the room, and only the oldest one is certain to end.
                await TestWait.For(() => Volatile.Read(ref sent) >= Math.Min(lists.Count, Fitting), "the answers for which there is room");
            }
            for (var i = 0; i < 10; i++)
            {
                good.Inbox.Add($"new {i}");
                (await api.Get(healthy.Messages("inbox"))).Is(HttpStatusCode.OK);
            }
            // The oldest of them may go beyond.
            Assert.InRange(Volatile.Read(ref sent), Fitting, Fitting + 1);
            release.SetResult();
            foreach (var list in lists)
            {
                // Not all: an answer of the gateway has a limit, too.
                Assert.NotEqual(0, (await list).Is(HttpStatusCode.OK).Json.GetProperty("items").GetArrayLength());
            }
        }
        finally
        {
            foreach (var server in servers)
            {
                await server.DisposeAsync();
            }
        }
    }

    /// <param name="sent">Awaited when all but the end of the answer is sent.</param>
    private static ScriptedImapServer Large(Func<ScriptedSession, Task> sent)
    {
        var server = ScriptedImapServer.Start();
        for (var i = 0; i < Messages; i++)
        {
            server.Inbox.Add($"m{i}");
        }
        var header = $"Subject: large\r\nMessage-ID: <large@example.com>\r\nTo: {new string('x', OctetsOfMessage)}\r\n\r\n";
        server.On("UID FETCH", async (session, command, proceed) =>
        {
            if (!command.ToString().Contains("BODYSTRUCTURE", StringComparison.Ordinal))
            {
                await proceed();
                return;
            }
            for (var uid = 1; uid <= Messages; uid++)
            {
                session.SayOctets(Encoding.ASCII.GetBytes(
                    $"* {uid} FETCH (UID {uid} INTERNALDATE \"01-Jan-2026 00:00:00 +0000\" RFC822.SIZE 1 BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 1 1) BODY[HEADER.FIELDS (SUBJECT)] {{{header.Length}}}\r\n{header})\r\n"));
                await session.Flush();
            }
            await sent(session);
            session.Say($"{command.Tag} OK done");
        });
        return server;
    }

    private static async Task<ApiAccount> Add(ApiClient api, ScriptedImapServer server)
    {
        var added = await api.Post(
            "/v1/accounts", new { email = "large@example.com", watch = "none", imap = new { host = ScriptedImapServer.Host, port = server.Port, security = "none", username = "large", password = "pass" } });
        return new ApiAccount(api, added.Is(HttpStatusCode.Created).Text("id"));
    }
}
