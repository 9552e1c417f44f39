using System.Net;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Sync.Watching;

/// <summary>A mailbox that the server lists and never tells of, such as one that another user shares while NOTIFY is in force.</summary>
public sealed class UnheardMailboxTests(MovingGateway polling, ListeningGateway listening) : IClassFixture<MovingGateway>, IClassFixture<ListeningGateway>
{
    private static async Task<ApiAccount> Watch(GatewayProcess gateway, ScriptedImapServer server)
    {
        var api = new ApiClient(gateway);
        var added = (await api.Post("/v1/accounts", new { email = "anna@example.com", imap = new { host = "127.0.0.1", port = server.Port, security = "none", username = "anna", password = "pass" } })).Is(HttpStatusCode.Created);
        return new ApiAccount(api, added.Text("id"));
    }

    /// <summary>NOTIFY is answered with the STATUS of these mailboxes, and nothing is ever told of any mailbox but the selected one.</summary>
    private static ScriptedImapServer Start(bool withOthers, params string[] covered)
    {
        var server = ScriptedImapServer.Start(new ScriptedOptions { Capabilities = ScriptedOptions.Modest + " NOTIFY CONDSTORE LIST-EXTENDED LIST-STATUS" });
        server.On("NOTIFY", (session, command, _) =>
        {
            foreach (var mailbox in covered.Select(name => server[name]))
            {
                session.Say($"* STATUS \"{mailbox.Name}\" (MESSAGES {mailbox.Messages.Count} UIDNEXT {mailbox.UidNext} UIDVALIDITY {mailbox.UidValidity} HIGHESTMODSEQ {mailbox.HighestModSeq})");
            }
            session.Say($"{command.Tag} OK done");
            return Task.CompletedTask;
        });
        server.On("NAMESPACE", (session, command, _) =>
        {
            session.Say($"* NAMESPACE ((\"\" \"/\")) {(withOthers ? "((\"Others/\" \"/\"))" : "NIL")} NIL");
            session.Say($"{command.Tag} OK done");
            return Task.CompletedTask;
        });
        server.AddMailbox("Work");
        return server;
    }

    [Fact]
    public async Task A_share_is_found_within_the_poll_interval_and_lists_of_it_are_asked_for()
    {
        await using var server = Start(withOthers: true, "Work");
        var account = await Watch(polling.Process, server);
        await server.Commands.First(command => command.Name == "IDLE");
        var share = server.AddMailbox("Others/bob");
        share.Add("old");
        var committed = new Committed(polling.Process, account.Id);
        await committed.Becomes("1[]", "Others/bob");
        var told = await account.Items($"{account.Path}/changes?limit=100&after=0");
        Assert.Contains(told, change => change.GetProperty("type").GetString() == "mailbox.added");
        Assert.DoesNotContain(told, change => change.GetProperty("type").GetString() == "message.added");

        var id = (await account.Items(account.Mailboxes)).Single(mailbox => mailbox.GetProperty("path").GetString() == "Others/bob").GetProperty("id").GetString()!;
        share.Add("one");
        share.Add("two");
        Assert.Equal(["two", "one", "old"], (await account.Items(account.Messages(id))).Select(message => message.GetProperty("subject").GetString()));
        server.Delete(share);
        await committed.Becomes(null, "Others/bob");
    }

    [Fact]
    public async Task A_mailbox_that_the_answer_to_notify_leaves_out_is_polled()
    {
        await using var server = Start(withOthers: false, "Work");
        var untold = server.AddMailbox("Untold");
        var account = await Watch(polling.Process, server);
        var committed = new Committed(polling.Process, account.Id);
        await committed.Becomes("", "Untold");
        await server.Commands.First(command => command.Name == "IDLE");
        untold.Add("one");
        await committed.Becomes("1[]", "Untold");
        server.AddMailbox("Later").Add("two");
        await committed.Becomes("1[]", "Later");
    }

    [Fact]
    public async Task Lists_of_what_is_covered_are_answered_from_memory_and_others_are_not()
    {
        await using var server = Start(withOthers: false, "Work");
        var untold = server.AddMailbox("Untold");
        var account = await Watch(listening.Process, server);
        await server.Commands.First(command => command.Name == "IDLE");
        var ids = (await account.Items(account.Mailboxes)).ToDictionary(mailbox => mailbox.GetProperty("path").GetString()!, mailbox => mailbox.GetProperty("id").GetString()!);
        await TestWait.For(async () => (await account.Api.Get(account.Path)).Text("state") == "connected");
        untold.Add("one");
        server["Work"].Add("never told");
        Assert.Single(await account.Items(account.Messages(ids["Untold"])));
        Assert.Empty(await account.Items(account.Messages(ids["Work"])));
    }
}
