using System.Net;
using System.Text;
using System.Text.Json;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.IntegrationTests.Sync.Watching;

namespace ImapGateway.IntegrationTests.Mailboxes;

/// <summary>A mailbox that the mail server refuses to count or to open costs nothing but itself.</summary>
public sealed class RefusedMailboxTests(PollingGateway gateway) : IClassFixture<PollingGateway>
{
    private const string Plain = "IMAP4rev1 IDLE UIDPLUS";
    private const string Extended = "IMAP4rev1 IDLE UIDPLUS LIST-EXTENDED LIST-STATUS CONDSTORE ENABLE ESEARCH";
    private const string Notify = Extended + " NOTIFY";

    private readonly ApiClient _api = new(gateway.Process);

    private static readonly string[][] Commands = [["STATUS"], ["EXAMINE"], ["STATUS", "EXAMINE"]];

    private static readonly (string Refusal, string Code)[] Refusals =
        [("NO cannot open that", "account.denied"), ("BAD syntax error", "account.protocol"), ("NO [SERVERBUG] oh", "account.unavailable")];

    private async Task<ApiAccount> Watch(ScriptedImapServer server)
    {
        var added = (await _api.Post("/v1/accounts", new { email = "anna@example.com", imap = new { host = "127.0.0.1", port = server.Port, security = "none", username = "anna", password = "pass" } })).Is(HttpStatusCode.Created);
        return new ApiAccount(_api, added.Text("id"));
    }

    private static ScriptedImapServer Start(string capabilities)
    {
        var server = ScriptedImapServer.Start(new ScriptedOptions { Capabilities = capabilities });
        server.AddMailbox("Broken").Add("unreadable");
        server.AddMailbox("Work").Add("one");
        server.On("NOTIFY", (session, command, _) =>
        {
            session.Say($"{command.Tag} OK done");
            return Task.CompletedTask;
        });
        return server;
    }

    /// <summary>The mailbox is counted by no answer to LIST, and the commands are refused for it.</summary>
    private static void Break(ScriptedImapServer server, IEnumerable<string> commands, string refusal)
    {
        foreach (var name in commands)
        {
            server.On(name, (session, command, proceed) =>
            {
                if (command[0] != "Broken")
                {
                    return proceed();
                }
                session.Say($"{command.Tag} {refusal}");
                return Task.CompletedTask;
            });
        }
        server.Rewrite = (_, octets) => commands.Contains("STATUS")
            ? Encoding.Latin1.GetBytes(string.Concat(Encoding.Latin1.GetString(octets).Split('\n').Where(line => !line.StartsWith("* STATUS \"Broken\"", StringComparison.Ordinal)).Select((line, i) => i == 0 ? line : "\n" + line)))
            : octets;
    }

    private static void Mend(ScriptedImapServer server)
    {
        server.Rewrite = null;
        server.On("STATUS", (_, _, proceed) => proceed());
        server.On("EXAMINE", (_, _, proceed) => proceed());
    }

    private static async Task<JsonElement> At(ApiAccount account, string path) => (await account.Items(account.Mailboxes)).Single(mailbox => mailbox.GetProperty("path").GetString() == path);

    /// <summary>All refusals at once: each waits until the mailbox is tried again.</summary>
    [Theory]
    [InlineData(Plain)]
    [InlineData(Extended)]
    [InlineData(Notify)]
    public Task It_shows_its_problem_and_all_others_work_and_are_watched(string capabilities) => Task.WhenAll(
        from commands in Commands
        from refusal in Refusals
        select ShowsItsProblem(capabilities, commands, refusal.Refusal, refusal.Code));

    private async Task ShowsItsProblem(string capabilities, string[] commands, string refusal, string code)
    {
        var fault = $"{string.Join(" and ", commands)} refused by {refusal}: ";
        await using var server = Start(capabilities);
        Break(server, commands, refusal);
        var account = await Watch(server);
        await TestWait.For(async () => (await _api.Get(account.Path)).Text("state") == "connected", fault + "connected");

        JsonElement broken = default;
        await TestWait.For(async () => (broken = await At(account, "Broken")).TryGetProperty("problem", out _), fault + "a problem is shown");
        Assert.Equal(fault + code, fault + broken.GetProperty("problem").GetProperty("code").GetString());
        Assert.Contains(refusal[(refusal.LastIndexOf(']') + 1)..].Split(' ')[^1], broken.GetProperty("problem").GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.All(new[] { "total", "unseen", "uidValidity", "uidNext" }, name => Assert.Equal(JsonValueKind.Null, broken.GetProperty(name).ValueKind));
        Assert.Equal((1, 1), await At(account, "Work") is var work ? (work.GetProperty("total").GetInt32(), work.GetProperty("unseen").GetInt32()) : default);
        Assert.False(work.TryGetProperty("problem", out _));

        var path = account.Messages(broken.GetProperty("id").GetString()!);
        if (commands.Contains("EXAMINE"))
        {
            var refused = (await _api.Get(path)).IsProblem(code);
            Assert.EndsWith(refused.Text("upstream", "text"), refusal, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal("unreadable", (await account.Items(path)).Single().GetProperty("subject").GetString());
        }
        var one = (await _api.Get(account.Mailbox(broken.GetProperty("id").GetString()!))).Is(HttpStatusCode.OK);
        Assert.Equal(code, one.Text("problem", "code"));

        server["Work"].Add("two");
        var committed = new Committed(gateway.Process, account.Id);
        await committed.Becomes("2[] 1[]", "Work");
        Assert.Equal("connected", (await _api.Get(account.Path)).Text("state"));

        Mend(server);
        await TestWait.For(async () => !(broken = await At(account, "Broken")).TryGetProperty("problem", out _), fault + "the problem is over");
        Assert.Equal(1, broken.GetProperty("total").GetInt32());
        Assert.Single(await account.Items(path));
    }

    [Fact]
    public async Task The_graph_shows_the_problem()
    {
        await using var server = Start(Extended);
        Break(server, ["STATUS", "EXAMINE"], "NO [NOPERM] not yours");
        var account = await Watch(server);
        await TestWait.For(async () => (await At(account, "Broken")).TryGetProperty("problem", out _));
        var query = $$"""{ account(id: "{{account.Id}}") { mailboxes { nodes { path total uidNext problem { code detail } } } } }""";
        var answer = (await _api.Post("/graphql", new { query })).Is(HttpStatusCode.OK);
        Assert.False(answer.Json.TryGetProperty("errors", out _), answer.Text);
        var nodes = answer.Json.GetProperty("data").GetProperty("account").GetProperty("mailboxes").GetProperty("nodes").EnumerateArray().ToDictionary(node => node.GetProperty("path").GetString()!);
        Assert.Equal("account.denied", nodes["Broken"].GetProperty("problem").GetProperty("code").GetString());
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null), (nodes["Broken"].GetProperty("total").ValueKind, nodes["Broken"].GetProperty("uidNext").ValueKind));
        Assert.Equal((1, JsonValueKind.Null), (nodes["Work"].GetProperty("total").GetInt32(), nodes["Work"].GetProperty("problem").ValueKind));
    }

    [Theory]
    [InlineData("NO no such item")]
    [InlineData("BAD unknown item")]
    public async Task A_refused_highestmodseq_costs_nothing_but_itself(string refusal)
    {
        await using var server = Start("IMAP4rev1 IDLE UIDPLUS CONDSTORE ENABLE");
        server.On("STATUS", (session, command, proceed) =>
        {
            if (command[0] != "Broken" || !command.ToString().Contains("HIGHESTMODSEQ", StringComparison.Ordinal))
            {
                return proceed();
            }
            session.Say($"{command.Tag} {refusal}");
            return Task.CompletedTask;
        });
        var account = await Watch(server);
        var committed = new Committed(gateway.Process, account.Id);
        await committed.Becomes("1[]", "Broken");
        var broken = await At(account, "Broken");
        Assert.False(broken.TryGetProperty("problem", out _));
        Assert.Equal(1, broken.GetProperty("total").GetInt32());
        server["Broken"].SetFlags(server["Broken"].Messages[0], @"\Flagged");
        await committed.Becomes("1[$flagged]", "Broken");
    }
}
