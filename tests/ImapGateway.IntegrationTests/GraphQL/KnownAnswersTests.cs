using System.Net;
using System.Text.Json;
using ImapGateway.IntegrationTests.Sync.Watching;

namespace ImapGateway.IntegrationTests.GraphQL;

/// <summary>An answer that is sent again is the one that would be given anew.</summary>
public sealed class KnownAnswersTests(ListeningGateway gateway) : IClassFixture<ListeningGateway>
{
    private const string View = """
        query ($account: ID!) { account(id: $account) { name state feedPosition mailbox(role: INBOX) { total unseen messages(first: 2) { feedPosition nodes { id subject flags body { content } } } } } }
        """;

    private async Task<Watched> Account()
    {
        var world = World.With(await SharedServers.Dovecot, gateway.Process);
        await world.Deliver("one");
        var watched = await Watched.Start(world);
        await watched.Tap.WaitFor("IDLE");
        await watched.Committed.Fingerprinted();
        return watched;
    }

    private static async Task<JsonElement> Read(Watched account, ApiClient? api = null) => (await (api ?? account.World.Api).Data(View, new { account = account.Account.Id })).GetProperty("account");

    [Fact]
    public async Task Whatever_happens_to_an_account_shows_in_the_next_answer()
    {
        await using var account = await Account();
        var world = account.World;
        var before = await Read(account);
        Assert.Equal(before.GetRawText(), (await Read(account)).GetRawText());
        var id = before.At("mailbox.messages.nodes.0.id").GetString()!;
        (await world.Api.Patch(account.Account.Message(id), new { flags = new { add = new[] { "$seen", "todo" } } })).Is(HttpStatusCode.OK);
        var flagged = await Read(account);
        Assert.Equal("[\"$seen\",\"todo\"]", flagged.At("mailbox.messages.nodes.0.flags").GetRawText());
        Assert.Equal(0, flagged.At("mailbox.unseen").GetInt32());
        Assert.NotEqual(before.At("mailbox.messages.feedPosition").GetString(), flagged.At("mailbox.messages.feedPosition").GetString());
        await world.Deliver("two");
        await TestWait.For(async () => (await Read(account)).At("mailbox.messages.nodes").Texts("subject").SequenceEqual(["two", "one"]));
        (await world.Api.Patch(account.Account.Path, new { name = "Ann" })).Is(HttpStatusCode.OK);
        Assert.Equal("Ann", (await Read(account)).GetProperty("name").GetString());
        (await world.Api.Post($"{account.Account.Path}/pause")).Is(HttpStatusCode.OK);
        Assert.Equal("PAUSED", (await Read(account)).GetProperty("state").GetString());
        await world.Api.Delete(account.Account.Path);
        Assert.Equal(JsonValueKind.Null, (await world.Api.Data(View, new { account = account.Account.Id })).GetProperty("account").ValueKind);
    }

    [Fact]
    public async Task Nothing_is_asked_for_twice_and_everything_with_no_cache()
    {
        await using var account = await Account();
        await Read(account);
        account.Tap.Lines.Clear();
        await Read(account);
        Assert.Empty(account.Tap.Commands);
        Assert.Equal(HttpStatusCode.OK, (await account.World.Api.Graph(View, new { account = account.Account.Id }, ("Cache-Control", "no-cache"))).Status);
        Assert.NotEmpty(account.Tap.Commands);
    }

    [Fact]
    public async Task What_one_key_was_shown_is_not_shown_to_another()
    {
        await using var account = await Account();
        await using var other = await Account();
        await Read(account);
        var world = account.World;
        var (basic, limited) = (await Key(["mail.readBasic"], null), await Key(["mail.read"], [other.Account.Id]));
        Assert.Equal("forbidden", (await basic.Graph(View, new { account = account.Account.Id })).Error().Code());
        Assert.Equal(JsonValueKind.Null, (await limited.Data(View, new { account = account.Account.Id })).GetProperty("account").ValueKind);
        Assert.Equal(JsonValueKind.Object, (await Read(other, limited)).ValueKind);
        const string preview = "query ($account: ID!) { account(id: $account) { mailbox(role: INBOX) { messages { nodes { preview } } } } }";
        Assert.Contains("The text of one", (await world.Api.Graph(preview, new { account = account.Account.Id })).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("The text of one", (await basic.Graph(preview, new { account = account.Account.Id })).Text, StringComparison.Ordinal);

        async Task<ApiClient> Key(string[] scopes, string[]? accounts) =>
            new(world.Gateway.ClientWithKey((await world.Api.Post("/v1/keys", new { name = "k", scopes, accounts })).Is(HttpStatusCode.Created).Text("key")));
    }

    [Fact]
    public async Task An_answer_from_two_accounts_follows_both()
    {
        await using var one = await Account();
        await using var two = await Account();
        var query = $"{{ {Part("a", one)} {Part("b", two)} }}";
        await one.World.Api.Data(query);
        await two.World.Deliver("new");
        await TestWait.For(async () => (await one.World.Api.Data(query)).At("b.mailbox.messages.nodes").GetArrayLength() == 2);
        await one.World.Deliver("new");
        await TestWait.For(async () => (await one.World.Api.Data(query)).At("a.mailbox.messages.nodes").GetArrayLength() == 2);

        static string Part(string alias, Watched account) => $"{alias}: account(id: \"{account.Account.Id}\") {{ mailbox(role: INBOX) {{ messages {{ nodes {{ subject }} }} }} }}";
    }
}
