using System.Text.RegularExpressions;
using ImapGateway.IntegrationTests.Sync.Watching;

namespace ImapGateway.IntegrationTests.GraphQL;

/// <summary>Which commands of IMAP the screens of a mail client cost, where changes are watched: what is asked for decides what is fetched.</summary>
public sealed partial class CommandTests(ListeningGateway gateway) : IClassFixture<ListeningGateway>
{
    private const string Inbox = "query ($account: ID!) { account(id: $account) { mailbox(role: INBOX) { messages(first: 50) { nodes { FIELDS } } } } }";

    private static readonly string[] Fetches = ["UID FETCH", "UID SEARCH", "STATUS", "LIST", "UID STORE", "UID MOVE"];

    private async Task<World> World() => IntegrationTests.World.With(await SharedServers.Dovecot, gateway.Process);

    private static async Task<Watched> Account(World world, int messages)
    {
        for (var i = 0; i < messages; i++)
        {
            await world.Deliver($"message {i}");
        }
        var watched = await Watched.Start(world);
        await watched.Tap.WaitFor("IDLE");
        await watched.Committed.Fingerprinted();
        return watched;
    }

    /// <summary>What was asked of the mail server, but for logins and selections.</summary>
    private static async Task<string[]> Asked(Watched account, string query, object variables)
    {
        account.Tap.Lines.Clear();
        await account.World.Api.Data(query, variables);
        return [.. account.Tap.Lines.Entries.Where(line => line.Command is not null && Fetches.Contains(line.Command)).Select(line => What().Replace(line.Text, "").Trim())];
    }

    [GeneratedRegex(@"^\S+ (UID )?")]
    private static partial Regex What();

    private static Task<string[]> Asked(Watched account, string query) => Asked(account, query, new { account = account.Account.Id });

    private static string Verb(string command) => command[..command.IndexOf(' ', StringComparison.Ordinal)];

    [Fact]
    public async Task Ids_and_flags_alone_cost_nothing_and_a_list_one_fetch()
    {
        var world = await World();
        await using var account = await Account(world, 60);
        Assert.Empty(await Asked(account, Inbox.Replace("FIELDS", "id uid flags modSeq mailboxId", StringComparison.Ordinal)));
        // The inbox list.
        var list = Inbox.Replace("FIELDS", "id subject from { name address } date flags preview hasAttachments", StringComparison.Ordinal);
        Assert.Equal("FETCH", Verb(Assert.Single(await Asked(account, list))));
        Assert.Empty(await Asked(account, list));
        // A watch face: three fields of three messages.
        Assert.Empty(await Asked(account, "query ($account: ID!) { account(id: $account) { mailbox(role: INBOX) { unseen messages(first: 3, filter: { unseen: true }) { nodes { subject receivedAt } } } } }"));
        // All mailboxes with their counters.
        Assert.Empty(await Asked(account, "query ($account: ID!) { account(id: $account) { mailboxes(top: true) { nodes { name total unseen children { nodes { name total unseen } } } } } }"));
    }

    [Fact]
    public async Task A_page_with_bodies_costs_one_fetch_more()
    {
        var world = await World();
        await using var account = await Account(world, 50);
        var asked = await Asked(account, Inbox.Replace("FIELDS", "id subject body { content } headers(names: [\"List-Id\"]) { values }", StringComparison.Ordinal));
        Assert.Equal(["FETCH", "FETCH"], asked.Select(Verb));
        Assert.Contains("BODYSTRUCTURE", asked[0], StringComparison.Ordinal);
        Assert.Contains("BODY.PEEK[HEADER.FIELDS (List-Id)]", asked[1], StringComparison.Ordinal);
        Assert.Contains("BODY.PEEK[1]", asked[1], StringComparison.Ordinal);
        Assert.Equal("FETCH", Verb(Assert.Single(await Asked(account, Inbox.Replace("FIELDS", "body { content } html { content }", StringComparison.Ordinal)))));
    }

    [Fact]
    public async Task A_message_costs_its_headers_and_its_body()
    {
        var world = await World();
        await using var account = await Account(world, 3);
        var id = (await account.Account.Newest()).GetProperty("id").GetString();
        const string view = "query ($id: ID!) { node(id: $id) { ... on Message { subject from { name address } to { address } date flags body(kind: HTML) { content } attachments { filename url } mailbox { name } account { email } } } }";
        Assert.Equal("FETCH", Verb(Assert.Single(await Asked(account, view, new { id }))));
    }

    [Fact]
    public async Task A_filter_costs_one_search()
    {
        var world = await World();
        await using var account = await Account(world, 10);
        var asked = await Asked(account, "query ($account: ID!) { account(id: $account) { mailbox(role: INBOX) { messages(first: 5, filter: { from: \"anna\" }) { nodes { subject } } } } }");
        Assert.Equal(["SEARCH", "FETCH"], asked.Select(Verb));
        Assert.Equal(["SEARCH"], (await Asked(account, "query ($account: ID!) { account(id: $account) { mailbox(role: INBOX) { messages(first: 5, filter: { from: \"anna\" }) { nodes { id } } } } }")).Select(Verb));
    }

    [Fact]
    public async Task Accounts_are_asked_side_by_side()
    {
        const int All = 10;
        List<Watched> accounts = [];
        try
        {
            for (var i = 0; i < All; i++)
            {
                accounts.Add(await Account(await World(), 5));
            }
            var parts = accounts.Select((account, i) => $"a{i}: account(id: \"{account.Account.Id}\") {{ mailbox(role: INBOX) {{ messages(first: 5) {{ nodes {{ subject body {{ content }} }} }} }} }}");
            foreach (var account in accounts)
            {
                account.Tap.Lines.Clear();
            }
            accounts[0].Tap.Stall();
            var answer = accounts[0].World.Api.Data($"{{ {string.Join('\n', parts)} }}");
            // The others have all they need while the first waits for its server.
            await Task.WhenAll(accounts.Skip(1).Select(account => account.Tap.WaitFor("UID FETCH", 2)));
            Assert.False(answer.IsCompleted);
            accounts[0].Tap.Resume();
            var data = await answer;
            Assert.All(Enumerable.Range(0, All), i => Assert.Equal(5, data.At($"a{i}.mailbox.messages.nodes").GetArrayLength()));
            Assert.All(accounts, account => Assert.Equal(2, account.Tap.CountOf("UID FETCH")));
        }
        finally
        {
            foreach (var account in accounts)
            {
                await account.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task A_server_that_is_away_fails_its_own_part_alone()
    {
        var world = await World();
        await using var account = await Account(world, 1);
        await using var other = await Account(await World(), 1);
        other.Tap.GoDown();
        var answer = await world.Api.Graph($"{{ good: account(id: \"{account.Account.Id}\") {{ ...P }} bad: account(id: \"{other.Account.Id}\") {{ ...P }} }} fragment P on Account {{ email mailbox(role: INBOX) {{ name messages {{ nodes {{ body {{ content }} }} }} }} }}");
        Assert.Contains("The text of message 0", answer.Json.At("data.good.mailbox.messages.nodes.0.body.content").GetString(), StringComparison.Ordinal);
        Assert.Equal(other.World.User, answer.Json.At("data.bad.email").GetString());
        var error = answer.Error();
        Assert.Equal("account.unavailable", error.Code());
        Assert.Equal("bad", error.At("path.0").GetString());
    }

    /// <summary>By SELECT with QRESYNC (RFC 7162 section 3.2.5); what belongs to a list that was just read is not looked for again.</summary>
    [Fact]
    public async Task Where_nobody_watches_a_screen_costs_one_look()
    {
        var world = await World();
        await world.Deliver("one");
        await using var tap = Servers.TapProxy.Start(world.Dovecot.Port);
        var account = await world.AddAccount(tap.Port);
        var list = Inbox.Replace("FIELDS", "id subject", StringComparison.Ordinal);
        var bodies = Inbox.Replace("FIELDS", "id subject body { content }", StringComparison.Ordinal);
        await world.Api.Data(list, new { account = account.Id });
        await new Committed(world.Gateway, account.Id).Fingerprinted();
        await world.Api.Data(list, new { account = account.Id });
        Assert.Equal(1, await Commands(list));
        Assert.Equal(2, await Commands(bodies));
        Assert.Equal(1, await Commands(Inbox.Replace("FIELDS", "id flags", StringComparison.Ordinal)));

        async Task<int> Commands(string query)
        {
            tap.Lines.Clear();
            await world.Api.Data(query, new { account = account.Id });
            return tap.Lines.Count(line => line.Command is not null);
        }
    }
}
