using System.Net;
using System.Text.Json;

namespace ImapGateway.IntegrationTests.GraphQL;

/// <summary>A key sees in the graph what it sees in REST, whichever way it takes.</summary>
public sealed class RightsTests
{
    private static async Task<ApiClient> Key(World world, string[] scopes, string[]? accounts = null) =>
        new(world.Gateway.ClientWithKey((await world.Api.Post("/v1/keys", new { name = "k", scopes, accounts })).Is(HttpStatusCode.Created).Text("key")));

    [Theory]
    [InlineData("query ($account: ID!, $id: ID!) { account(id: $account) { message(id: $id) { PART } } }")]
    [InlineData("query ($account: ID!, $id: ID!) { account(id: $account) { mailbox(role: INBOX) { messages { nodes { PART } } } } a: node(id: $id) { id } }")]
    [InlineData("query ($account: ID!, $id: ID!) { account(id: $account) { mailbox(role: INBOX) { messages { edges { node { PART } } } } } a: node(id: $id) { id } }")]
    [InlineData("query ($account: ID!, $id: ID!) { node(id: $id) { ... on Message { PART } } a: account(id: $account) { id } }")]
    [InlineData("query ($account: ID!, $id: ID!) { nodes(ids: [$id]) { ...F } a: account(id: $account) { id } } fragment F on Message { mailbox { messages { nodes { PART } } } }")]
    public async Task Without_mail_read_nobody_sees_what_a_message_says(string query)
    {
        await using var world = await World.WithDovecot();
        await world.Deliver("one");
        var account = await world.AddAccount();
        var id = (await account.Newest()).GetProperty("id").GetString();
        var basic = await Key(world, ["mail.readBasic"]);
        foreach (var part in new[] { "body { content }", "body(kind: HTML) { content }", "html { content }", "html(mode: RAW) { content }" })
        {
            var refused = await basic.Graph(query.Replace("PART", part, StringComparison.Ordinal), new { account = account.Id, id });
            Assert.Equal("forbidden", refused.Error().Code());
            Assert.False(refused.Json.TryGetProperty("data", out _), refused.Text);
        }
        var preview = query.Replace("PART", "subject preview", StringComparison.Ordinal);
        var shown = await basic.Graph(preview, new { account = account.Id, id });
        Assert.Contains("\"subject\":\"one\",\"preview\":null", shown.Text, StringComparison.Ordinal);
        Assert.Contains("The text of one", (await world.Api.Graph(preview, new { account = account.Id, id })).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_limited_to_accounts_sees_nothing_else()
    {
        await using var world = await World.WithDovecot();
        await world.Deliver("one");
        var account = await world.AddAccount();
        var message = await account.Newest();
        var ids = new[] { account.Id, message.GetProperty("id").GetString()!, message.GetProperty("mailboxId").GetString()! };
        await using var others = await World.WithDovecot();
        var own = await others.AddAccount();
        var key = await Key(world, ["mail.read", "mail.write", "accounts"], [own.Id]);

        var seen = await key.Data(
            "query ($account: ID!, $ids: [ID!]!, $id: ID!) { account(id: $account) { id } node(id: $id) { id } nodes(ids: $ids) { id } accounts { nodes { id } } }", new { account = account.Id, ids, id = ids[1] });
        Assert.Equal("""{"account":null,"node":null,"nodes":[null,null,null],"accounts":{"nodes":[{"id":"OWN"}]}}""".Replace("OWN", own.Id, StringComparison.Ordinal), seen.GetRawText());
        foreach (var (mutation, input) in new (string, object)[]
        {
            ("updateMessage", new { id = ids[1], flags = new { add = new[] { "$seen" } } }),
            ("deleteMessage", new { id = ids[1] }),
            ("createMailbox", new { account = account.Id, name = "x" }),
            ("updateMailbox", new { id = ids[2], name = "x" }),
            ("deleteMailbox", new { id = ids[2], force = true }),
            ("updateAccount", new { id = account.Id, name = "x" }),
            ("pauseAccount", new { id = account.Id }),
            ("deleteAccount", new { id = account.Id }),
        })
        {
            var type = char.ToUpperInvariant(mutation[0]) + mutation[1..];
            var refused = await key.Data($"mutation ($input: {type}Input!) {{ {mutation}(input: $input) {{ errors {{ code }} }} }}", new { input });
            Assert.Equal("not_found", refused.At($"{mutation}.errors.0.code").GetString());
        }
        var added = await key.Data("mutation ($input: CreateAccountInput!) { createAccount(input: $input) { errors { code } } }", new { input = new { email = "a@example.com", imap = new { host = "127.0.0.1", password = "x" } } });
        Assert.Equal("forbidden", added.At("createAccount.errors.0.code").GetString());
        Assert.Empty((await world.Api.Get(account.Message(ids[1]))).Is(HttpStatusCode.OK).Json.GetProperty("flags").EnumerateArray());
    }

    [Theory]
    [InlineData("{ keys { nodes { id } } }")]
    [InlineData("{ webhooks { nodes { id } } }")]
    [InlineData("mutation { deleteMessage(input: { id: \"m_aaaaaaaab\" }) { deletedId } }")]
    [InlineData("mutation { deleteAccount(input: { id: \"none\" }) { deletedId } }")]
    [InlineData("mutation { deleteWebhook(input: { id: \"none\" }) { deletedId } }")]
    public async Task Fields_need_their_scopes(string query)
    {
        await using var world = await World.WithDovecot();
        var reader = await Key(world, ["mail.read"]);
        Assert.Equal("forbidden", (await reader.Graph(query)).Error().Code());
        Assert.Equal(JsonValueKind.Object, (await world.Api.Data(query)).ValueKind);
    }

    [Fact]
    public async Task Keys_and_webhooks_are_nodes_for_those_who_may_see_them()
    {
        await using var world = await World.WithDovecot();
        var key = (await world.Api.Post("/v1/keys", new { name = "k", scopes = new[] { "mail.read" } })).Is(HttpStatusCode.Created);
        var hook = (await world.Api.Post("/v1/webhooks", new { url = "http://127.0.0.1:9/" })).Is(HttpStatusCode.Created);
        const string query = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Key { hint scopes } ... on Webhook { url } } }";
        var ids = new[] { key.Text("id"), hook.Text("id") };
        var nodes = (await world.Api.Data(query, new { ids })).GetProperty("nodes");
        Assert.Equal(["Key", "Webhook"], nodes.Texts("__typename"));
        Assert.DoesNotContain(key.Text("key"), nodes.GetRawText(), StringComparison.Ordinal);
        Assert.Equal("[null,null]", (await (await Key(world, ["mail.read"])).Data(query, new { ids })).GetProperty("nodes").GetRawText());
        await world.Api.Delete($"/v1/webhooks/{hook.Text("id")}");
    }
}
