using System.Net;
using System.Text.Json;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.IntegrationTests.Sync.Watching;

namespace ImapGateway.IntegrationTests.Mailboxes;

/// <summary>A mailbox for which the mail server closes the connection, or falls silent, when it is counted or opened costs nothing but itself.</summary>
[Trait("Category", "judges")]
public sealed class FatalMailboxTests(FatalMailboxTests.Gateway gateway) : IClassFixture<FatalMailboxTests.Gateway>
{
    private const string Plain = "IMAP4rev1 IDLE UIDPLUS";
    private const string Extended = "IMAP4rev1 IDLE UIDPLUS LIST-EXTENDED LIST-STATUS CONDSTORE ENABLE ESEARCH";
    private const string Notify = Extended + " NOTIFY";
    private const string Broken = "Broken";

    private readonly ApiClient _api = new(gateway.Process);

    /// <summary>Polls often, and waits two seconds for a mail server.</summary>
    public sealed class Gateway() : WatchingGateway(("Watch:PollInterval", "200ms"), ("Imap:CommandTimeout", "2s"));

    private static readonly (string Capabilities, string[] Commands)[] Faults =
    [
        (Plain, ["STATUS"]),
        (Plain, ["EXAMINE"]),
        (Extended, ["STATUS", "LIST"]),
        (Extended, ["STATUS", "LIST", "EXAMINE"]),
        (Notify, ["STATUS", "LIST", "NOTIFY"]),
        (Notify, ["EXAMINE"]),
    ];

    private static ScriptedImapServer Start(string capabilities)
    {
        var server = ScriptedImapServer.Start(new ScriptedOptions { Capabilities = capabilities });
        server.AddMailbox(Broken).Add("unreadable");
        server.AddMailbox("Work").Add("one");
        server.On("NOTIFY", Done);
        return server;
    }

    private static Task Done(ScriptedSession session, ScriptedCommand command, Func<Task> proceed)
    {
        session.Say($"{command.Tag} OK done");
        return Task.CompletedTask;
    }

    /// <summary>Whether the command counts or opens the mailbox.</summary>
    private static bool Concerns(ScriptedCommand command, string mailbox) => command.Name switch
    {
        "LIST" => command.ToString().Contains("MESSAGES", StringComparison.Ordinal),
        "NOTIFY" => true,
        _ => command[0] == mailbox,
    };

    private static void Break(ScriptedImapServer server, IEnumerable<string> commands, string how, string mailbox = Broken)
    {
        foreach (var name in commands)
        {
            server.On(name, async (session, command, proceed) =>
            {
                if (!Concerns(command, mailbox))
                {
                    await proceed();
                }
                else if (how == Refusals.Hangs)
                {
                    await session.Silence();
                }
                else
                {
                    session.Close();
                }
            });
        }
    }

    private static void Mend(ScriptedImapServer server)
    {
        foreach (var name in new[] { "STATUS", "LIST", "EXAMINE" })
        {
            server.On(name, (_, _, proceed) => proceed());
        }
        server.On("NOTIFY", Done);
    }

    private async Task<ApiAccount> Add(ScriptedImapServer server, string watch)
    {
        var added = (await _api.Post("/v1/accounts", new { email = "anna@example.com", watch, imap = new { host = "127.0.0.1", port = server.Port, security = "none", username = "anna", password = "pass" } })).Is(HttpStatusCode.Created);
        return new ApiAccount(_api, added.Text("id"));
    }

    private static async Task<Dictionary<string, JsonElement>> Mailboxes(ApiAccount account) => (await account.Items(account.Mailboxes)).ToDictionary(mailbox => mailbox.GetProperty("path").GetString()!);

    private static void IsCounted(JsonElement mailbox)
    {
        Assert.False(mailbox.TryGetProperty("problem", out _), mailbox.GetRawText());
        Assert.Equal(1, mailbox.GetProperty("total").GetInt32());
    }

    private static void HasProblem(JsonElement mailbox, string how)
    {
        Assert.Equal(how == Refusals.Hangs ? "account.timeout" : "account.unavailable", mailbox.GetProperty("problem").GetProperty("code").GetString());
        Assert.All(new[] { "total", "unseen", "uidValidity", "uidNext" }, name => Assert.Equal(JsonValueKind.Null, mailbox.GetProperty(name).ValueKind));
    }

    /// <summary>All at once: it takes a while until a mailbox is tried again.</summary>
    [Theory]
    [InlineData(Refusals.Closes)]
    [InlineData(Refusals.Hangs)]
    public Task All_others_are_listed_and_watched_and_it_is_tried_again(string how) => Task.WhenAll(Faults.Select(fault => IsTriedAgain(fault.Capabilities, fault.Commands, how)));

    private async Task IsTriedAgain(string capabilities, string[] commands, string how)
    {
        var fault = $"{string.Join(' ', commands)} of {capabilities}: ";
        await using var server = Start(capabilities);
        Break(server, commands, how);
        var account = await Add(server, "all");
        Dictionary<string, JsonElement> listed = [];
        await TestWait.For(async () => (listed = await Mailboxes(account))[Broken].TryGetProperty("problem", out _), fault + "a problem is shown");
        HasProblem(listed[Broken], how);
        IsCounted(listed["Work"]);
        await TestWait.For(async () => (await _api.Get(account.Path)).Text("state") == "connected", fault + "connected");

        foreach (var subject in new[] { "two", "three" })
        {
            server["Work"].Add(subject);
            var total = server["Work"].Messages.Count;
            await TestWait.For(async () => (await account.Items($"{account.Path}/changes?after=0&types=message.added")).Count == total - 1, fault + "the arrival is told");
            Assert.Equal(total, (await Mailboxes(account))["Work"].GetProperty("total").GetInt32());
        }

        Mend(server);
        await TestWait.For(async () => !(listed = await Mailboxes(account))[Broken].TryGetProperty("problem", out _), fault + "the problem is over");
        IsCounted(listed[Broken]);
        Assert.Equal("unreadable", (await account.Newest(listed[Broken].GetProperty("id").GetString()!)).GetProperty("subject").GetString());
        server[Broken].Add("another");
        await TestWait.For(async () => (await account.Items($"{account.Path}/changes?after=0&types=message.added")).Count == 3, fault + "it is watched again");
    }

    [Theory]
    [InlineData(Plain, "STATUS", Refusals.Closes)]
    [InlineData(Plain, "STATUS", Refusals.Hangs)]
    [InlineData(Extended, "STATUS LIST", Refusals.Closes)]
    [InlineData(Extended, "STATUS LIST", Refusals.Hangs)]
    public async Task The_first_list_shows_all_others_and_the_next_one_asks_nothing_about_it(string capabilities, string commands, string how)
    {
        await using var server = Start(capabilities);
        Break(server, commands.Split(' '), how);
        var account = await Add(server, "none");
        var listed = await Mailboxes(account);
        HasProblem(listed[Broken], how);
        IsCounted(listed["Work"]);
        var connections = server.Connections;
        var asked = server.Commands.Count(IsFatal);
        Assert.InRange(asked, 2, 4);
        IsCounted((await Mailboxes(account))["Work"]);
        Assert.Equal(asked, server.Commands.Count(IsFatal));
        // After a silence the pool replaces the connections that were idle meanwhile.
        Assert.InRange(server.Connections - connections, 0, how == Refusals.Hangs ? 1 : 0);
        // Only counting it fails.
        Assert.Equal("unreadable", (await account.Newest(listed[Broken].GetProperty("id").GetString()!)).GetProperty("subject").GetString());

        static bool IsFatal(ScriptedCommand command) => command.Name is "STATUS" or "LIST" && Concerns(command, Broken);
    }

    [Theory]
    [InlineData(Refusals.Closes, "account.unavailable")]
    [InlineData(Refusals.Hangs, "account.timeout")]
    public async Task A_mailbox_that_cannot_be_opened_is_refused_without_asking_until_its_time_has_come(string how, string code)
    {
        await using var server = Start(Plain);
        var account = await Add(server, "none");
        var listed = await Mailboxes(account);
        Break(server, ["EXAMINE"], how);
        var messages = account.Messages(listed[Broken].GetProperty("id").GetString()!);
        await TestWait.For(async () => (await Mailboxes(account))[Broken].TryGetProperty("problem", out _) || (await _api.Get(messages)).Status == HttpStatusCode.OK, "it is given up");
        HasProblem((await Mailboxes(account))[Broken], how);
        var opened = server.Commands.Count(command => command.Name == "EXAMINE" && command[0] == Broken);
        (await _api.Get(messages)).IsProblem(code);
        Assert.Equal(opened, server.Commands.Count(command => command.Name == "EXAMINE" && command[0] == Broken));
        Assert.Equal("one", (await account.Newest(listed["Work"].GetProperty("id").GetString()!)).GetProperty("subject").GetString());
    }

    [Fact]
    public async Task A_connection_that_ends_once_is_no_problem_of_the_mailbox()
    {
        await using var server = Start(Plain);
        var account = await Add(server, "none");
        var left = 1;
        server.On("STATUS", (session, command, proceed) =>
        {
            if (command[0] != Broken || Interlocked.Decrement(ref left) < 0)
            {
                return proceed();
            }
            session.Close();
            return Task.CompletedTask;
        });
        var listed = await Mailboxes(account);
        Assert.All(listed.Values.Where(mailbox => mailbox.GetProperty("path").GetString() != "INBOX"), IsCounted);
        Assert.True(left < 0);
    }

    [Theory]
    [InlineData("LIST", Extended, "LIST-STATUS")]
    [InlineData("NOTIFY", Notify, "NOTIFY")]
    public async Task An_extension_that_ends_connections_while_each_mailbox_can_be_counted_is_done_without(string command, string capabilities, string quirk)
    {
        await using var server = Start(capabilities);
        Break(server, [command], Refusals.Closes);
        var account = await Add(server, "all");
        JsonElement shown = default;
        await TestWait.For(async () => (shown = (await _api.Get(account.Path)).Json).TryGetProperty("quirks", out var quirks) && quirks.GetArrayLength() > 0, "it is learnt");
        Assert.Equal(quirk, Assert.Single(shown.GetProperty("quirks").EnumerateArray()).GetProperty("name").GetString());
        await TestWait.For(async () => (await _api.Get(account.Path)).Text("state") == "connected", "connected");
        Assert.All((await Mailboxes(account)).Values.Where(mailbox => mailbox.GetProperty("path").GetString() != "INBOX"), IsCounted);
        server["Work"].Add("two");
        await TestWait.For(async () => (await account.Items($"{account.Path}/changes?after=0&types=message.added")).Count == 1, "the arrival is told");
    }
}
