using System.Net;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Imap;

/// <summary>Answers that would overflow the stack of whoever parses them: the account says that the server broke the protocol, and the process lives.</summary>
public sealed class HostileStructuresTests(ImpatientGateway impatient) : IClassFixture<ImpatientGateway>
{
    private const string Leaf = "\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 1 1 NIL NIL NIL NIL";
    private static readonly string Open = new('(', 3_000);
    private static readonly string Close = new(')', 3_000);

    private static readonly string Nested = $"BODYSTRUCTURE ({Leaf} {Open}x{Close})";

    /// <summary>Groups in groups, without brackets in brackets.</summary>
    private static readonly string Groups = string.Concat(Enumerable.Repeat("(NIL NIL \"g\" NIL)", 60_000));

    public static TheoryData<string, string> Answers => new()
    {
        { "a string over a line end, with a false literal", $"* 1 FETCH (UID 1 ENVELOPE (NIL \"x\r\n {{2000000000}}\r\n\" NIL NIL NIL NIL NIL NIL NIL NIL) {Nested})" },
        { "an unescaped quote", $"* 1 FETCH (UID 1 ENVELOPE (NIL \"x \"y {{2000000000}}\" z\" NIL NIL NIL NIL NIL NIL NIL NIL) {Nested})" },
        { "a literal that is ignored", $"* 1 FETCH (UID 1 X {{2000000000}}\r\n {Nested})" },
        { "a text that begins as a string", $"* OK \"x\r\n {{2000000000}}\r\n* 1 FETCH (UID 1 {Nested})" },
        { "strings that close brackets", $"* 1 FETCH (UID 1 ENVELOPE (NIL \"x\r\n\" {string.Concat(Enumerable.Repeat("(\")\" ", 3_000))}" },
        { "extension data", $"* 1 FETCH (UID 1 {Nested})" },
        { "multiparts", $"* 1 FETCH (UID 1 BODYSTRUCTURE {Open}{Leaf}{string.Concat(Enumerable.Repeat(") \"MIXED\"", 3_000))})" },
        { "messages in messages", $"* 1 FETCH (UID 1 BODYSTRUCTURE {string.Concat(Enumerable.Repeat("(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 1 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ", 3_000))}" },
        { "an open end", $"* 1 FETCH (UID 1 BODYSTRUCTURE {Open}" },
        { "something unknown", $"* X {Open}{Close}" },
        { "a list of mailboxes", $"* LIST {Open}{Close}" },
        { "namespaces", $"* NAMESPACE {Open}{Close}" },
        { "threads", $"* THREAD {Open}{Close}" },
        { "a response code", $"* OK [X \"\r\n{Open}" },
        { "groups in groups", $"* 1 FETCH (UID 1 INTERNALDATE \"01-Jan-2026 00:00:00 +0000\" RFC822.SIZE 10 ENVELOPE (NIL \"s\" ({Groups}) NIL NIL NIL NIL NIL NIL \"<x@y>\") BODYSTRUCTURE ({Leaf}))" },
    };

    [Theory, MemberData(nameof(Answers))]
    public async Task No_answer_ends_the_process(string what, string answer)
    {
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add("one");
        var account = await Add(server);
        server.On("UID FETCH", async (session, command, proceed) =>
        {
            if (!command.ToString().Contains("BODYSTRUCTURE", StringComparison.Ordinal))
            {
                await proceed();
                return;
            }
            session.Say(answer);
            session.Say($"{command.Tag} OK done");
        });
        var list = await impatient.Api.Get(account.Messages("inbox"));
        Assert.True(list.Status is HttpStatusCode.OK or HttpStatusCode.BadGateway, $"{what}: {list.Status} {list.Text}");
        await impatient.StillWorks();
        server.On("UID FETCH", (_, _, proceed) => proceed());
        Assert.Equal("one", (await account.Newest()).GetProperty("subject").GetString());
    }

    [Fact]
    public async Task A_message_with_a_header_field_of_any_length_is_listed_with_the_others()
    {
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add("before");
        server.Inbox.Add(uid => new(uid, Messages.Mail.Octets($"Subject: long\nTo: {string.Concat(Enumerable.Repeat("a@example.com,\n ", 17_000))}b@example.com\n\ntext\n")));
        server.Inbox.Add("after");
        // The scripted server parses the message, too, and is slow at it.
        await using var gateway = await GatewayProcess.Start();
        var account = await Add(new ApiClient(gateway), server);
        Assert.Equal(["after", "long", "before"], (await account.Items(account.Messages("inbox"))).Select(message => message.GetProperty("subject").GetString()));
        Assert.Contains(server.Commands.Entries, command => command.ToString().Contains("BODY.PEEK[HEADER]", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Brackets_in_a_text_or_a_subject_are_no_structure()
    {
        var (many, some) = (new string('(', 100_000), new string('(', 400));
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add(uid => new(uid, ScriptedMessage.Text(some, many)));
        var account = await Add(server);
        var message = await account.Newest();
        Assert.Equal(some, message.GetProperty("subject").GetString());
        var raw = (await impatient.Api.Get(account.Message(message.GetProperty("id").GetString()!) + "/raw")).Is(HttpStatusCode.OK);
        Assert.Contains(many, raw.Text, StringComparison.Ordinal);
    }

    private Task<ApiAccount> Add(ScriptedImapServer server) => Add(impatient.Api, server);

    private static async Task<ApiAccount> Add(ApiClient api, ScriptedImapServer server)
    {
        var added = (await api.Post("/v1/accounts", new
        {
            email = "anna@example.com",
            watch = "none",
            imap = new { host = "127.0.0.1", port = server.Port, security = "none", username = "anna", password = "pass" },
        })).Is(HttpStatusCode.Created);
        return new ApiAccount(api, added.Text("id"));
    }
}
