using System.Net;
using ImapGateway.IntegrationTests.Messages;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.IntegrationTests.Sync.Watching;

namespace ImapGateway.IntegrationTests.Sync;

/// <summary>A mail server that was restored from a backup gives uids a second time under the same UIDVALIDITY: no id, and nothing cached, means another message.</summary>
public sealed class RestoredServerTests(PollingGateway gateway) : IClassFixture<PollingGateway>
{
    private readonly ApiClient _api = new(gateway.Process);

    private async Task<(ApiAccount Account, Committed Committed)> Add(ScriptedImapServer server, string watch)
    {
        var added = (await _api.Post("/v1/accounts", new { email = "anna@example.com", watch, imap = new { host = "127.0.0.1", port = server.Port, security = "none", username = "anna", password = "pass" } }))
            .Is(HttpStatusCode.Created);
        return (new ApiAccount(_api, added.Text("id")), new Committed(gateway.Process, added.Text("id")));
    }

    private static ScriptedImapServer Start(string capabilities)
    {
        var server = ScriptedImapServer.Start(new ScriptedOptions { Capabilities = $"{ScriptedOptions.Modest} {capabilities}" });
        server.AddMailbox("Other");
        foreach (var subject in new[] { "one", "two", "three", "four" })
        {
            server.Inbox.Add(subject);
        }
        return server;
    }

    /// <summary>To the state after the second message, then two others arrive under the uids of the lost ones.</summary>
    private static void Restore(ScriptedImapServer server, params string[] arrived)
    {
        foreach (var lost in server.Inbox.Messages.Skip(2))
        {
            server.Inbox.Remove(lost);
        }
        server.Inbox.UidNext = 3;
        foreach (var subject in arrived)
        {
            server.Inbox.Add(subject);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("CONDSTORE")]
    public async Task Ids_of_lost_messages_are_gone_and_others_with_their_uids_are_new(string capabilities)
    {
        await using var server = Start(capabilities);
        var (account, committed) = await Add(server, "none");
        var before = (await account.Items(account.Messages("inbox"))).ToDictionary(message => message.Subject()!, message => message.Id());
        await committed.Fingerprinted();
        Restore(server, "other");
        Assert.Equal("other[] two[] one[]", await account.Shown());
        var after = (await account.Items(account.Messages("inbox"))).ToDictionary(message => message.Subject()!, message => message.Id());
        Assert.Equal((before["one"], before["two"]), (after["one"], after["two"]));
        Assert.DoesNotContain(after["other"], before.Values);
        (await _api.Get(account.Message(before["three"]))).Is(HttpStatusCode.Gone);
        (await _api.Get(account.Message(before["four"]))).Is(HttpStatusCode.Gone);
        server.Inbox.Add("later");
        Assert.Equal("later[] other[] two[] one[]", await account.Shown());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_arrives_after_the_restore_is_told(bool isSeenBefore)
    {
        await using var server = Start("");
        var (account, committed) = await Add(server, "all");
        await committed.Becomes("4[] 3[] 2[] 1[]");
        await committed.Fingerprinted();
        Restore(server);
        if (isSeenBefore)
        {
            await committed.Becomes("2[] 1[]");
        }
        server.Inbox.Add("other");
        await committed.Becomes("3[] 2[] 1[]");
        server.Inbox.Add("later");
        await committed.Becomes("4[] 3[] 2[] 1[]");
        var told = (await account.Items($"{account.Path}/changes?after=0&limit=500")).Where(change => change.GetProperty("type").GetString() == "message.added").ToList();
        Assert.Equal(["other", "later"], told.Select(change => change.GetProperty("data").GetProperty("message").Subject()));
        var removed = (await account.Items($"{account.Path}/changes?after=0&limit=500")).Where(change => change.GetProperty("type").GetString() == "message.removed").ToList();
        Assert.Equal(2, removed.Count);
        Assert.DoesNotContain(removed, change => change.ToString().Contains("other", StringComparison.Ordinal) || change.ToString().Contains("later", StringComparison.Ordinal));
    }
}
