using System.Net;
using System.Text.Json;
using MailKit;

namespace ImapGateway.IntegrationTests.GraphQL;

/// <summary>What the graph shows is what REST shows.</summary>
public sealed class QueryTests
{
    private const string Everything = """
        query ($account: ID!) { account(id: $account) { mailbox(role: INBOX) { messages {
          feedPosition nodes {
            id mailboxId uid emailId threadId messageId inReplyTo references subject from { name address } sender { name address } replyTo { name address }
            to { name address } cc { name address } bcc { name address } date receivedAt flags size preview hasAttachments modSeq
          } } } } }
        """;

    [Fact]
    public async Task A_list_shows_of_messages_what_REST_shows()
    {
        await using var world = await World.WithDovecot();
        await world.Deliver("one");
        await world.Deliver("two", flags: MessageFlags.Flagged);
        var account = await world.AddAccount();
        var rest = (await world.Api.Get(account.Messages("inbox"))).Is(HttpStatusCode.OK).Json;
        var page = (await world.Api.Data(Everything, new { account = account.Id })).At("account.mailbox.messages");
        Assert.Equal(["two", "one"], page.GetProperty("nodes").Texts("subject"));
        Assert.Equal(rest.GetProperty("feedPosition").GetString(), page.GetProperty("feedPosition").GetString());
        foreach (var (shown, expected) in page.GetProperty("nodes").EnumerateArray().Zip(rest.GetProperty("items").EnumerateArray()))
        {
            foreach (var member in shown.EnumerateObject())
            {
                var own = expected.TryGetProperty(member.Name, out var there) ? there.GetRawText() : "null";
                Assert.Equal(own, member.Value.GetRawText());
            }
        }
    }

    [Fact]
    public async Task Accounts_and_mailboxes_are_found_from_each_other()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        (await world.Api.Post(account.Mailboxes, new { path = "Plans/2026" })).Is(HttpStatusCode.Created);
        await world.Deliver("one", "Plans/2026");
        var found = (await world.Api.Data(
            """
            query ($account: ID!) { account(id: $account) {
              id email state imap { host port security username } metadata { key value } watch
              mailboxes { nodes { path total parent { path } } }
              tree: mailboxes(top: true) { nodes { name children { nodes { name total } } } }
              plans: mailbox(path: "Plans/2026") { id total account { id } messages { nodes { subject account { id } mailbox { path } } } }
            } }
            """,
            new { account = account.Id })).GetProperty("account");
        Assert.Equal(world.User, found.GetProperty("email").GetString());
        Assert.Equal("NONE", found.At("imap.security").GetString());
        Assert.Contains("Plans/2026", found.At("mailboxes.nodes").Texts("path"));
        var plans = Assert.Single(found.At("tree.nodes").EnumerateArray(), one => one.GetProperty("name").GetString() == "Plans");
        Assert.Equal("2026", plans.At("children.nodes.0.name").GetString());
        Assert.Equal(1, plans.At("children.nodes.0.total").GetInt32());
        Assert.Equal(account.Id, found.At("plans.account.id").GetString());
        Assert.Equal("one", found.At("plans.messages.nodes.0.subject").GetString());
        Assert.Equal("Plans/2026", found.At("plans.messages.nodes.0.mailbox.path").GetString());
    }

    [Fact]
    public async Task Lists_are_walked_in_both_directions()
    {
        await using var world = await World.WithDovecot();
        foreach (var subject in new[] { "1", "2", "3", "4", "5" })
        {
            await world.Deliver(subject);
        }
        var account = await world.AddAccount();
        var first = await Page("first: 2");
        Assert.Equal("5 4, next: True, previous: False", Read(first));
        var second = await Page($"first: 2, after: \"{first.At("pageInfo.endCursor").GetString()}\"");
        Assert.Equal("3 2, next: True, previous: True", Read(second));
        var back = await Page($"last: 3, before: \"{second.At("pageInfo.startCursor").GetString()}\"");
        Assert.Equal("5 4, next: True, previous: False", Read(back));
        var last = await Page("last: 2");
        Assert.Equal("2 1, next: False, previous: True", Read(last));
        var before = await Page($"last: 2, before: \"{last.At("edges.0.cursor").GetString()}\"");
        Assert.Equal("4 3, next: True, previous: True", Read(before));
        Assert.Equal(first.GetProperty("feedPosition").GetString(), second.GetProperty("feedPosition").GetString());

        async Task<JsonElement> Page(string arguments) =>
            (await world.Api.Data($"{{ account(id: \"{account.Id}\") {{ mailbox(role: INBOX) {{ messages({arguments}) {{ feedPosition edges {{ cursor node {{ subject }} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }} }}")).At("account.mailbox.messages");

        static string Read(JsonElement page) =>
            string.Join(' ', page.GetProperty("edges").EnumerateArray().Select(edge => edge.At("node.subject").GetString())) + $", next: {page.At("pageInfo.hasNextPage")}, previous: {page.At("pageInfo.hasPreviousPage")}";
    }

    [Fact]
    public async Task Everything_with_an_id_is_a_node()
    {
        await using var world = await World.WithDovecot();
        await world.Deliver("one");
        var account = await world.AddAccount();
        var message = await account.Newest();
        var ids = new[] { account.Id, message.GetProperty("mailboxId").GetString()!, message.GetProperty("id").GetString()!, "m_aaaaaaaab", "nothing" };
        var nodes = (await world.Api.Data(
            "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Message { subject } ... on Mailbox { path } ... on Account { email } } }", new { ids })).GetProperty("nodes");
        Assert.Equal(["Account", "Mailbox", "Message"], nodes.EnumerateArray().Take(3).ToArray().Select(node => node.GetProperty("__typename").GetString()));
        Assert.Equal(ids[..3], nodes.EnumerateArray().Take(3).Select(node => node.GetProperty("id").GetString()));
        Assert.Equal("one", nodes.At("2.subject").GetString());
        Assert.All(nodes.EnumerateArray().Skip(3), node => Assert.Equal(JsonValueKind.Null, node.ValueKind));
    }
}
