using System.Net;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.IntegrationTests.Sync.Watching;

namespace ImapGateway.IntegrationTests.Imap;

/// <summary>What a server advertises and refuses at every use is learnt, shown, and done without.</summary>
public sealed class RefusedExtensionsTests(PollingGateway gateway) : IClassFixture<PollingGateway>
{
    private const string Much = "IMAP4rev1 LITERAL+ SASL-IR AUTH=PLAIN NAMESPACE CHILDREN UNSELECT IDLE UIDPLUS MOVE LIST-EXTENDED LIST-STATUS SPECIAL-USE ESEARCH CONDSTORE ENABLE PREVIEW NOTIFY";
    private const string Old = "IMAP4rev1 LITERAL+ NAMESPACE IDLE UIDPLUS XLIST";

    private readonly ApiClient _api = new(gateway.Process);

    private static readonly (string Name, string Capabilities, string Command, string Word)[] Extensions =
    [
        ("LIST-STATUS", Much, "LIST", "STATUS"),
        ("LIST-EXTENDED", Much, "LIST", "RETURN"),
        ("SPECIAL-USE", Much, "LIST", "(SPECIAL-USE)"),
        ("XLIST", Old, "XLIST", ""),
        ("LSUB", Old, "LSUB", ""),
        ("CONDSTORE", Much, "EXAMINE", "CONDSTORE"),
        ("ESEARCH", Much, "UID SEARCH", "RETURN"),
        ("CHARSET UTF-8", Old, "UID SEARCH", "CHARSET"),
        ("PREVIEW", Much, "UID FETCH", "PREVIEW"),
        ("NOTIFY", Much, "NOTIFY", ""),
        ("IDLE", Old, "IDLE", ""),
        ("MOVE", Much, "UID MOVE", ""),
        ("QRESYNC", Much + " QRESYNC", "ENABLE", ""),
        ("ID", Much + " ID", "ID", ""),
    ];

    public static TheoryData<string, string> Refusals
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var (name, _, _, _) in Extensions)
            {
                data.Add(name, "BAD unknown to this server");
                data.Add(name, "NO unknown to this server");
            }
            return data;
        }
    }

    private async Task<ApiAccount> Watch(ScriptedImapServer server)
    {
        var added = (await _api.Post("/v1/accounts", new { email = "anna@example.com", imap = new { host = "127.0.0.1", port = server.Port, security = "none", username = "anna", password = "pass" } })).Is(HttpStatusCode.Created);
        return new ApiAccount(_api, added.Text("id"));
    }

    private static ScriptedImapServer Start(string capabilities)
    {
        var server = ScriptedImapServer.Start(new ScriptedOptions { Capabilities = capabilities });
        server.On("NOTIFY", (session, command, _) =>
        {
            session.Say($"{command.Tag} OK done");
            return Task.CompletedTask;
        });
        server.Inbox.Add("Grüße");
        server.AddMailbox("Archive");
        server.AddMailbox("Sent", @"\Sent");
        return server;
    }

    private async Task Works(ScriptedImapServer server, ApiAccount account)
    {
        await TestWait.For(async () => (await _api.Get(account.Path)).Text("state") == "connected", "connected");
        Assert.Equal(["Archive", "INBOX", "Sent"], (await account.Items(account.Mailboxes)).Select(mailbox => mailbox.GetProperty("path").GetString()));
        Assert.Equal("Grüße", (await account.Newest()).GetProperty("subject").GetString());
        Assert.Single(await account.Items(account.Messages("inbox", "?subject=Gr%C3%BC%C3%9Fe")));
        server["Archive"].Add("pushed or polled");
        var archive = (await account.Items(account.Mailboxes))[0].GetProperty("id").GetString()!;
        var committed = new Committed(gateway.Process, account.Id);
        await committed.Becomes($"{server["Archive"].UidNext - 1}[]", "Archive");
        var message = (await account.Newest(archive)).GetProperty("id").GetString()!;
        (await _api.Patch(account.Message(message), new { mailboxId = "sent" })).Is(HttpStatusCode.OK);
        server["Sent"].SetFlags(server["Sent"].Messages[^1], @"\Flagged");
        await TestWait.For(async () => (await committed.Shown("Sent"))?.EndsWith("[$flagged]", StringComparison.Ordinal) == true, "flags are seen");
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task It_is_done_without_and_shown(string name, string refusal)
    {
        var (_, capabilities, refused, word) = Extensions.Single(one => one.Name == name);
        await using var server = Start(capabilities);
        bool IsIt(ScriptedCommand command) => command.Name == refused && command.ToString().Contains(word, StringComparison.OrdinalIgnoreCase);
        server.On(refused, (session, command, proceed) =>
        {
            if (!IsIt(command))
            {
                return command.Name == "NOTIFY" ? Task.CompletedTask : proceed();
            }
            session.Say($"{command.Tag} {refusal}");
            return Task.CompletedTask;
        });
        var account = await Watch(server);
        await Works(server, account);

        var shown = (await _api.Get(account.Path)).Json.GetProperty("quirks").EnumerateArray().ToList();
        var quirk = Assert.Single(shown, one => one.GetProperty("name").GetString() == name);
        Assert.Contains("unknown to this server", quirk.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.True(quirk.GetProperty("since").GetDateTimeOffset() <= DateTimeOffset.UtcNow);
        Assert.Single(shown);
        var query = $$"""{ account(id: "{{account.Id}}") { quirks { name since detail } } }""";
        Assert.Equal(name, (await _api.Post("/graphql", new { query })).Json.GetProperty("data").GetProperty("account").GetProperty("quirks")[0].GetProperty("name").GetString());
        Assert.Single(gateway.Process.Output.Entries, line => line.Contains($"account {account.Id} advertises {name} and refuses it", StringComparison.Ordinal));

        // A second connection of the account does not try it again.
        var times = server.Commands.Count(IsIt);
        await Works(server, account);
        Assert.Equal(times, server.Commands.Count(IsIt));
    }

    [Fact]
    public async Task A_server_that_ends_the_connection_at_a_search_in_utf8_is_searched_without_it()
    {
        await using var server = Start(Old);
        server.On("UID SEARCH", (session, command, proceed) =>
        {
            if (!command.ToString().Contains("CHARSET", StringComparison.OrdinalIgnoreCase))
            {
                return proceed();
            }
            session.Close();
            return Task.CompletedTask;
        });
        var account = await Watch(server);
        await Works(server, account);
        Assert.Equal(1, server.Commands.Count(command => command.ToString().Contains("CHARSET", StringComparison.OrdinalIgnoreCase)));
        Assert.Equal("CHARSET UTF-8", (await _api.Get(account.Path)).Json.GetProperty("quirks")[0].GetProperty("name").GetString());
    }

    [Theory]
    [InlineData("NO [NOPERM] not yours")]
    [InlineData("NO [UNAVAILABLE] later")]
    [InlineData("NO Temporary failure")]
    public async Task A_refusal_that_speaks_of_the_mailbox_or_of_the_moment_teaches_nothing(string refusal)
    {
        await using var server = Start(Much);
        server.On("EXAMINE", (session, command, proceed) =>
        {
            if (command[0] != "Archive")
            {
                return proceed();
            }
            session.Say($"{command.Tag} {refusal}");
            return Task.CompletedTask;
        });
        var account = await Watch(server);
        await TestWait.For(async () => (await account.Items(account.Mailboxes))[0].TryGetProperty("problem", out _), "the problem is shown");
        Assert.Empty((await _api.Get(account.Path)).Json.GetProperty("quirks").EnumerateArray());
    }
}
