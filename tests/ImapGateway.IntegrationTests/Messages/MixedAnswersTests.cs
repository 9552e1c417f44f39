using System.Globalization;
using System.Net;
using System.Text;
using ImapGateway.IntegrationTests.Imap;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>Of what a server sends in answer to a download, only the octets of the section that was asked for are handed on, and once.</summary>
public sealed class MixedAnswersTests(ImpatientGateway impatient) : IClassFixture<ImpatientGateway>
{
    private static readonly string Right = Encoding.UTF8.GetString(ScriptedMessage.Text("one"));

    private const string Wrong = "From: someone@example.org\r\nSubject: another message\r\n\r\nNot yours.\r\n";

    private async Task<(ApiAccount Account, string Id)> Add(ScriptedImapServer server)
    {
        server.Inbox.Add("one");
        var account = new ApiAccount(impatient.Api, (await impatient.Api.Post("/v1/accounts", new
        {
            email = "anna@example.com",
            watch = "none",
            imap = new { host = "127.0.0.1", port = server.Port, security = "none", username = "anna", password = "pass" },
        })).Is(HttpStatusCode.Created).Text("id"));
        return (account, (await account.Newest()).GetProperty("id").GetString()!);
    }

    private static string Fetch(uint sequence, string uid, string section, string text) =>
        string.Create(CultureInfo.InvariantCulture, $"* {sequence} FETCH ({uid}BODY[{section}] {{{Encoding.UTF8.GetByteCount(text)}}}\r\n{text})\r\n");

    private static void Answer(ScriptedImapServer server, string answer) => server.On("UID FETCH", async (session, command, proceed) =>
    {
        if (command.ToString().Contains("HEADER", StringComparison.Ordinal) || !command.ToString().Contains("BODY.PEEK[", StringComparison.Ordinal))
        {
            await proceed();
            return;
        }
        session.SayOctets(Encoding.UTF8.GetBytes(answer));
        session.Say($"{command.Tag} OK done");
    });

    public static TheoryData<string> Refused
    {
        get
        {
            var answers = new TheoryData<string>();
            // Another uid, before and behind the octets.
            answers.Add(Fetch(2, "UID 2 ", "", Wrong));
            answers.Add(Fetch(1, "UID 2 ", "", Wrong));
            answers.Add(Fetch(2, "", "", Wrong).Replace(")\r\n", " UID 2)\r\n", StringComparison.Ordinal));
            // No uid at all.
            answers.Add(Fetch(1, "", "", Wrong));
            // Two answers.
            answers.Add(Fetch(1, "UID 1 ", "", Right) + Fetch(1, "UID 1 ", "", Wrong));
            answers.Add(Fetch(1, "UID 1 ", "", Wrong)[..^3] + Fetch(1, " ", "", Right)["* 1 FETCH (".Length..]);
            // Another section.
            answers.Add(Fetch(1, "UID 1 ", "TEXT", Wrong));
            answers.Add(Fetch(1, "UID 1 ", "1", Wrong));
            // Nothing.
            answers.Add("");
            answers.Add("* 1 FETCH (UID 1 FLAGS ())\r\n");
            answers.Add("* 1 FETCH (UID 1 BODY[] NIL)\r\n");
            answers.Add("* 1 FETCH (UID 1 BODY[] \"\")\r\n");
            return answers;
        }
    }

    [Theory, MemberData(nameof(Refused))]
    public async Task An_answer_that_is_not_the_one_is_a_problem_and_never_octets(string answer)
    {
        await using var server = ScriptedImapServer.Start();
        var (account, id) = await Add(server);
        Answer(server, answer);
        (await impatient.Api.Get(account.Message(id, "/raw"))).Is(HttpStatusCode.BadGateway).IsProblem("account.protocol");
        server.On("UID FETCH", (_, _, proceed) => proceed());
        Assert.Equal(Right, Encoding.UTF8.GetString((await impatient.Gateway.Http.Download(account.Message(id, "/raw"))).Is(HttpStatusCode.OK).Octets));
        await impatient.StillWorks();
    }

    public static TheoryData<string> Taken
    {
        get
        {
            var answers = new TheoryData<string>();
            answers.Add(Fetch(2, "UID 2 ", "", Wrong) + Fetch(1, "UID 1 ", "", Right));
            answers.Add(Fetch(1, "UID 1 ", "", Right) + Fetch(2, "UID 2 ", "", Wrong));
            answers.Add(Fetch(1, "UID 1 ", "TEXT", Wrong)[..^3] + Fetch(1, " ", "", Right)["* 1 FETCH (".Length..]);
            answers.Add(Fetch(1, "", "", Right).Replace(")\r\n", " UID 1)\r\n", StringComparison.Ordinal));
            answers.Add("* 2 FETCH (UID 2 BODY[] \"no\")\r\n" + Fetch(1, "FLAGS () UID 1 ", "", Right));
            return answers;
        }
    }

    [Theory, MemberData(nameof(Taken))]
    public async Task The_right_octets_are_found_among_others(string answer)
    {
        await using var server = ScriptedImapServer.Start();
        var (account, id) = await Add(server);
        Answer(server, answer);
        Assert.Equal(Right, Encoding.UTF8.GetString((await impatient.Gateway.Http.Download(account.Message(id, "/raw"))).Is(HttpStatusCode.OK).Octets));
        await impatient.StillWorks();
    }

    [Theory]
    [InlineData("BODY[]<5> {4}\r\n1234")]
    [InlineData("BODY[] {4}\r\n1234")]
    public async Task A_range_that_begins_elsewhere_is_a_problem(string item)
    {
        await using var server = ScriptedImapServer.Start();
        var (account, id) = await Add(server);
        server.On("UID FETCH", async (session, command, proceed) =>
        {
            if (!command.ToString().Contains("BODY.PEEK[]<10.", StringComparison.Ordinal))
            {
                await proceed();
                return;
            }
            session.Say($"* 1 FETCH (UID 1 {item})");
            session.Say($"{command.Tag} OK done");
        });
        (await impatient.Api.Get(account.Message(id, "/raw"), ("Range", "bytes=10-13"))).Is(HttpStatusCode.BadGateway).IsProblem("account.protocol");
    }

    [Fact]
    public async Task Of_more_octets_than_were_asked_for_the_right_ones_are_handed_on()
    {
        await using var server = ScriptedImapServer.Start();
        var (account, id) = await Add(server);
        server.On("UID FETCH", async (session, command, proceed) =>
        {
            if (!command.ToString().Contains("BODY.PEEK[]<10.4>", StringComparison.Ordinal))
            {
                await proceed();
                return;
            }
            session.Say($"* 1 FETCH (UID 1 BODY[]<10> {{6}}\r\n{Right[10..16]})");
            session.Say($"{command.Tag} OK done");
        });
        Assert.Equal(Right[10..14], Encoding.UTF8.GetString((await impatient.Gateway.Http.Download(account.Message(id, "/raw"), ("Range", "bytes=10-13"))).Is(HttpStatusCode.PartialContent).Octets));
    }

    [Fact]
    public async Task Texts_of_other_messages_are_not_shown()
    {
        await using var server = ScriptedImapServer.Start();
        var (account, id) = await Add(server);
        Answer(server, Fetch(2, "UID 2 ", "1", "not yours") + Fetch(1, "UID 1 ", "2", "not this") + Fetch(1, "UID 1 ", "1", "Some text."));
        Assert.Equal("Some text.", (await impatient.Api.Get(account.Message(id, "?body=text"))).Is(HttpStatusCode.OK).Text("body", "text"));
        Answer(server, Fetch(1, "UID 1 ", "1", "Some text.") + Fetch(1, "UID 1 ", "1", "other text"));
        var answer = await impatient.Api.Get(account.Message(id, "?body=text"));
        Assert.True(answer.Status != HttpStatusCode.OK || answer.Text("body", "text") == "Some text.", answer.Text);
    }
}
