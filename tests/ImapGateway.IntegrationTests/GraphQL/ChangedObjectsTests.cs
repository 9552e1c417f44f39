using System.Net;
using System.Text.Json;

namespace ImapGateway.IntegrationTests.GraphQL;

/// <summary>From a change to what it is about.</summary>
public sealed class ChangedObjectsTests
{
    [Fact]
    public async Task A_change_leads_to_its_message_its_mailbox_and_its_account()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount(watch: "all");
        await TestWait.For(async () => (await world.Api.Get(account.Path)).Text("state") == "connected");
        var position = (await world.Api.Get(account.Path)).Text("feedPosition");
        await world.Deliver("one");
        using var socket = await GraphSocket.Open(world.Gateway.Http.BaseAddress!, world.Gateway.AdminKey);
        await socket.Subscribe(
            "1",
            """
            subscription ($account: ID!, $after: String) { changes(account: $account, after: $after, types: [MESSAGE_ADDED, MESSAGE_REMOVED]) {
              account { email }
              ... on MessageAdded { mailbox { role total } message { subject mailbox { unseen } account { id } body(kind: TEXT) { content } } }
              ... on MessageRemoved { objectId mailbox { total } message { subject } } } }
            """,
            new { account = account.Id, after = position });
        var added = await socket.NextItem();
        Assert.Equal(world.User, added.At("account.email").GetString());
        Assert.Equal(("INBOX", 1, 1), (added.At("mailbox.role").GetString(), added.At("mailbox.total").GetInt32(), added.At("message.mailbox.unseen").GetInt32()));
        Assert.Equal(("one", account.Id), (added.At("message.subject").GetString(), added.At("message.account.id").GetString()));
        Assert.Contains("The text of one.", added.At("message.body.content").GetString(), StringComparison.Ordinal);

        var id = (await account.Newest()).GetProperty("id").GetString()!;
        (await world.Api.Delete(account.Message(id, "?permanent=true"))).Is(HttpStatusCode.NoContent);
        var removed = await socket.NextItem();
        Assert.Equal((id, 0), (removed.GetProperty("objectId").GetString(), removed.At("mailbox.total").GetInt32()));
        Assert.Equal(JsonValueKind.Object, removed.GetProperty("account").ValueKind);
    }
}
