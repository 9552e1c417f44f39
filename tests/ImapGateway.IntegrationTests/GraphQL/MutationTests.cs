using System.Net;
using System.Text.Json;
using ImapGateway.IntegrationTests.Webhooks;

namespace ImapGateway.IntegrationTests.GraphQL;

/// <summary>Mutations do what REST does, and tell what the client can do something about in their payloads.</summary>
public sealed class MutationTests
{
    private const string UpdateMessage = "mutation ($input: UpdateMessageInput!) { updateMessage(input: $input) { message { id flags mailbox { role } } errors { code message path } } }";

    [Fact]
    public async Task A_message_is_flagged_moved_and_deleted()
    {
        await using var world = await World.WithDovecot();
        await world.Deliver("one");
        var account = await world.AddAccount();
        (await world.Api.Post(account.Mailboxes, new { path = "Plans" })).Is(HttpStatusCode.Created);
        var id = (await account.Newest()).GetProperty("id").GetString()!;
        var flagged = (await world.Api.Data(UpdateMessage, new { input = new { id, flags = new { add = new[] { "$flagged", "todo" } } } })).GetProperty("updateMessage");
        Assert.Equal(["$flagged", "todo"], flagged.At("message.flags").EnumerateArray().Select(flag => flag.GetString()));
        Assert.Equal("INBOX", flagged.At("message.mailbox.role").GetString());
        var plans = (await world.Api.Data("query ($id: ID!) { account(id: $id) { mailbox(path: \"Plans\") { id } } }", new { id = account.Id })).At("account.mailbox.id").GetString();
        var moved = (await world.Api.Data(UpdateMessage, new { input = new { id, mailboxId = plans } })).GetProperty("updateMessage");
        Assert.Equal(id, moved.At("message.id").GetString());
        Assert.Equal(plans, (await world.Api.Get(account.Message(id))).Json.GetProperty("mailboxId").GetString());
        var deleted = await world.Api.Data("mutation ($input: DeleteMessageInput!) { deleteMessage(input: $input) { deletedId errors { code } } }", new { input = new { id, permanent = true } });
        Assert.Equal(id, deleted.At("deleteMessage.deletedId").GetString());
        (await world.Api.Get(account.Message(id))).Is(HttpStatusCode.Gone);
        var gone = (await world.Api.Data(UpdateMessage, new { input = new { id, flags = new { add = new[] { "$seen" } } } })).GetProperty("updateMessage");
        Assert.Equal(JsonValueKind.Null, gone.GetProperty("message").ValueKind);
        Assert.Equal("gone", Assert.Single(gone.GetProperty("errors").EnumerateArray()).GetProperty("code").GetString());
    }

    [Fact]
    public async Task What_is_wrong_with_the_input_is_told_with_its_path()
    {
        await using var world = await World.WithDovecot();
        await world.Deliver("one");
        var account = await world.AddAccount();
        var id = (await account.Newest()).GetProperty("id").GetString()!;
        var refused = (await world.Api.Data(UpdateMessage, new { input = new { id, flags = new { add = new[] { "not a flag" } } } })).At("updateMessage.errors");
        var error = Assert.Single(refused.EnumerateArray());
        Assert.Equal("bad_request", error.GetProperty("code").GetString());
        Assert.Equal(["input", "flags", "add", "0"], error.GetProperty("path").EnumerateArray().Select(step => step.GetString()));
    }

    [Fact]
    public async Task Mailboxes_are_made_renamed_and_deleted()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var created = (await world.Api.Data("mutation ($input: CreateMailboxInput!) { createMailbox(input: $input) { mailbox { id path } errors { code } } }", new { input = new { account = account.Id, name = "Plans" } })).At("createMailbox.mailbox");
        Assert.Equal("Plans", created.GetProperty("path").GetString());
        var id = created.GetProperty("id").GetString();
        var renamed = await world.Api.Data("mutation ($input: UpdateMailboxInput!) { updateMailbox(input: $input) { mailbox { id name subscribed } errors { code } } }", new { input = new { id, name = "Deeds" } });
        Assert.Equal((id, "Deeds", true), (renamed.At("updateMailbox.mailbox.id").GetString(), renamed.At("updateMailbox.mailbox.name").GetString(), renamed.At("updateMailbox.mailbox.subscribed").GetBoolean()));
        var twice = await world.Api.Data("mutation ($input: CreateMailboxInput!) { createMailbox(input: $input) { mailbox { id } errors { code } } }", new { input = new { account = account.Id, name = "Deeds" } });
        Assert.Equal("conflict", twice.At("createMailbox.errors.0.code").GetString());
        var deleted = await world.Api.Data("mutation ($input: DeleteMailboxInput!) { deleteMailbox(input: $input) { deletedId errors { code } } }", new { input = new { id } });
        Assert.Equal(id, deleted.At("deleteMailbox.deletedId").GetString());
        Assert.DoesNotContain("Deeds", (await account.Items(account.Mailboxes)).Select(one => one.GetProperty("path").GetString()));
    }

    [Fact]
    public async Task Accounts_are_added_changed_paused_and_removed()
    {
        await using var world = await World.WithDovecot();
        const string create = "mutation ($input: CreateAccountInput!) { createAccount(input: $input) { account { id name watch metadata { key value } } errors { code path message } } }";
        object Input(string password) => new { email = world.User, metadata = new[] { new { key = "customer", value = "4711" } }, watch = "NONE", imap = new { host = "127.0.0.1", port = world.Dovecot.Port, security = "NONE", username = world.User, password } };

        var wrong = await world.Api.Data(create, new { input = Input("wrong") });
        Assert.Equal("account.auth_failed", wrong.At("createAccount.errors.0.code").GetString());
        const string verify = "mutation ($input: VerifyAccountInput!) { verifyAccount(input: $input) { verification { imap { ok code capabilities } smtp { ok } } errors { code } } }";
        object Trial(string password) => new { input = new { email = world.User, imap = new { host = "127.0.0.1", port = world.Dovecot.Port, security = "NONE", username = world.User, password } } };
        Assert.Equal("account.auth_failed", (await world.Api.Data(verify, Trial("wrong"))).At("verifyAccount.verification.imap.code").GetString());
        Assert.True((await world.Api.Data(verify, Trial(Servers.DovecotServer.Password))).At("verifyAccount.verification.imap.ok").GetBoolean());
        var account = (await world.Api.Data(create, new { input = Input(Servers.DovecotServer.Password) })).At("createAccount.account");
        Assert.Equal("4711", account.At("metadata.0.value").GetString());
        var id = account.GetProperty("id").GetString()!;
        var changed = await world.Api.Data(
            "mutation ($input: UpdateAccountInput!) { updateAccount(input: $input) { account { name metadata { key value } imap { port } } errors { code } } }",
            new { input = new { id, name = "Ann", metadata = new[] { new { key = "customer", value = (string?)null }, new { key = "plan", value = (string?)"small" } } } });
        Assert.Equal("Ann", changed.At("updateAccount.account.name").GetString());
        Assert.Equal(["plan"], changed.At("updateAccount.account.metadata").Texts("key"));
        Assert.Equal(world.Dovecot.Port, changed.At("updateAccount.account.imap.port").GetInt32());
        var paused = await world.Api.Data("mutation ($input: PauseAccountInput!) { pauseAccount(input: $input) { account { state } } }", new { input = new { id } });
        Assert.Equal("PAUSED", paused.At("pauseAccount.account.state").GetString());
        Assert.Equal(id, (await world.Api.Data("mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) { deletedId } }", new { input = new { id } })).At("deleteAccount.deletedId").GetString());
        Assert.Equal(JsonValueKind.Null, (await world.Api.Data("query ($id: ID!) { account(id: $id) { id } }", new { id })).GetProperty("account").ValueKind);
    }

    [Fact]
    public async Task Webhooks_are_made_changed_paused_and_deleted()
    {
        await using var world = await World.WithDovecot();
        var created = (await world.Api.Data(
            "mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id url types roles format secret headerNames } errors { code message } } }",
            new { input = new { url = "http://127.0.0.1:9/hook", types = new[] { "message.*" }, roles = new[] { "INBOX" }, format = "CLOUD_EVENTS", headers = new[] { new { key = "X-Own", value = "secret" } } } })).At("createWebhook");
        Assert.Empty(created.GetProperty("errors").EnumerateArray());
        var id = created.At("webhook.id").GetString()!;
        Assert.StartsWith("whsec_", created.At("webhook.secret").GetString(), StringComparison.Ordinal);
        Assert.Equal("inbox", created.At("webhook.roles.0").GetString());
        Assert.Equal("X-Own", created.At("webhook.headerNames.0").GetString());
        var changed = await world.Api.Data("mutation ($input: UpdateWebhookInput!) { updateWebhook(input: $input) { webhook { types format secret } errors { code } } }", new { input = new { id, types = (string[]?)null } });
        Assert.Equal(("*", "CLOUD_EVENTS"), (changed.At("updateWebhook.webhook.types.0").GetString(), changed.At("updateWebhook.webhook.format").GetString()));
        Assert.Equal(JsonValueKind.Null, changed.At("updateWebhook.webhook.secret").ValueKind);
        var paused = await world.Api.Data("mutation ($input: PauseWebhookInput!) { pauseWebhook(input: $input) { webhook { state } } }", new { input = new { id } });
        Assert.Equal("PAUSED", paused.At("pauseWebhook.webhook.state").GetString());
        var tried = await world.Api.Data("mutation ($input: TestWebhookInput!) { testWebhook(input: $input) { result { id delivered answer } errors { code } } }", new { input = new { id } });
        Assert.False(tried.At("testWebhook.result.delivered").GetBoolean());
        Assert.Contains(id, (await world.Api.Data("{ webhooks(first: 500) { nodes { id } } }")).At("webhooks.nodes").Texts("id"));
        Assert.Equal(id, (await world.Api.Data("mutation ($input: DeleteWebhookInput!) { deleteWebhook(input: $input) { deletedId } }", new { input = new { id } })).At("deleteWebhook.deletedId").GetString());
    }

    [Fact]
    public async Task What_was_delivered_is_delivered_again()
    {
        await using var world = await World.WithDovecot();
        await using var receiver = await Receiver.Start();
        var account = await world.AddAccount(watch: "all");
        await TestWait.For(async () => (await world.Api.Get(account.Path)).Text("state") == "connected");
        var id = (await world.Api.Data(
            "mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id } } }", new { input = new { url = receiver.Url(), accounts = new[] { account.Id }, types = new[] { "message.added" } } })).At("createWebhook.webhook.id").GetString()!;
        await world.Deliver("one");
        await receiver.Has(1);
        var told = receiver.Calls[0];
        const string Redeliver = "mutation ($input: RedeliverInput!) { redeliver(input: $input) { delivery { id type accountId state } errors { code } } }";
        JsonElement again = default;
        await TestWait.For(async () =>
        {
            // What came of the first call is written after it.
            again = (await world.Api.Data(Redeliver, new { input = new { id, deliveryId = told.Id } })).GetProperty("redeliver");
            return again.GetProperty("errors").GetArrayLength() == 0;
        });
        Assert.Equal((told.Id, "message.added", account.Id, "RETRYING"), (again.At("delivery.id").GetString(), again.At("delivery.type").GetString(), again.At("delivery.accountId").GetString(), again.At("delivery.state").GetString()));
        await receiver.Has(2);
        const string Replay = "mutation ($input: ReplayWebhookInput!) { replayWebhook(input: $input) { replay { accountId from through } errors { code } } }";
        var replay = (await world.Api.Data(Replay, new { input = new { id, account = account.Id, after = "0" } })).GetProperty("replayWebhook");
        Assert.Equal((account.Id, told.Json.GetProperty("sequence").GetString()), (replay.At("replay.accountId").GetString(), replay.At("replay.through").GetString()));
        await receiver.Has(3);
        Assert.All(receiver.Calls, call => Assert.Equal((told.Id, told.Json.GetRawText()), (call.Id, call.Json.GetRawText())));
        Assert.Equal("not_found", (await world.Api.Data(Redeliver, new { input = new { id, deliveryId = "e_aaaaaaaa_1" } })).At("redeliver.errors.0.code").GetString());
        Assert.Equal("gone", (await world.Api.Data(Replay, new { input = new { id, account = account.Id, after = "a_abcdefgh_1" } })).At("replayWebhook.errors.0.code").GetString());
    }

    [Fact]
    public async Task Mutations_run_one_after_the_other()
    {
        await using var world = await World.WithDovecot();
        await world.Deliver("one");
        var account = await world.AddAccount();
        var id = (await account.Newest()).GetProperty("id").GetString()!;
        var data = await world.Api.Data(
            """
            mutation ($id: ID!) {
              a: updateMessage(input: { id: $id, flags: { add: ["first"] } }) { message { flags } }
              b: updateMessage(input: { id: $id, flags: { remove: ["first"] } }) { message { flags } }
              c: updateMessage(input: { id: $id, flags: { set: ["last"] } }) { message { flags } }
            }
            """,
            new { id });
        Assert.Equal(["[\"first\"]", "[]", "[\"last\"]"], new[] { "a", "b", "c" }.Select(name => data.At($"{name}.message.flags").GetRawText()));
    }
}
