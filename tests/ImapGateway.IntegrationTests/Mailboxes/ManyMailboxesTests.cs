using System.Net;
using System.Text.Json;
using ImapGateway.IntegrationTests.GraphQL;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Mailboxes;

/// <summary>More mailboxes than an account can have, and more than fit on a page.</summary>
[Trait("Category", "judges")]
public sealed class ManyMailboxesTests : IAsyncLifetime
{
    private const int Most = 40;

    private readonly ScriptedImapServer _server = ScriptedImapServer.Start(new ScriptedOptions { Capabilities = ScriptedOptions.Modest + " LIST-EXTENDED LIST-STATUS" });
    private GatewayProcess _gateway = null!;
    private ApiAccount _account = null!;

    public async ValueTask InitializeAsync()
    {
        _gateway = await GatewayProcess.Start(("Imap:MaxMailboxes", $"{Most}"));
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _server.DisposeAsync();
    }

    private async Task Add(string watch)
    {
        var added = await new ApiClient(_gateway).Post(
            "/v1/accounts", new { email = "anna@example.com", watch, imap = new { host = "127.0.0.1", port = _server.Port, security = "none", username = "anna", password = "pass" } });
        _account = new ApiAccount(new ApiClient(_gateway), added.Is(HttpStatusCode.Created).Text("id"));
    }

    private void Make(string name, int count)
    {
        for (var i = 0; i < count; i++)
        {
            _server.AddMailbox($"{name}{i:D4}");
        }
    }

    private async Task<IReadOnlyList<string>> Paths(int limit = 500)
    {
        var paths = new List<string>();
        for (string? next = $"{_account.Mailboxes}?limit={limit}"; next is not null;)
        {
            var page = (await _account.Api.Get(next)).Is(HttpStatusCode.OK);
            var items = page.Json.GetProperty("items");
            Assert.InRange(items.GetArrayLength(), 0, limit);
            paths.AddRange(items.Texts("path"));
            var cursor = page.Json.GetProperty("nextCursor").GetString();
            Assert.Equal(cursor is not null, page.Headers.Contains("Link"));
            next = cursor is null ? null : $"{_account.Mailboxes}?limit={limit}&cursor={cursor}";
        }
        return paths;
    }

    private async Task<string?> LastError() =>
        (await _account.Api.Get(_account.Path)).Json.TryGetProperty("lastError", out var error) && error.ValueKind == JsonValueKind.Object ? error.GetProperty("code").GetString() : null;

    [Theory]
    [InlineData("none")]
    [InlineData("all")]
    public async Task The_account_works_with_the_first_ones_and_says_so(string watch)
    {
        Make("a", 10_000);
        _server.AddMailbox("Trash");
        _server.Inbox.Add("there");
        await Add(watch);
        var paths = await Paths();
        Assert.Equal((true, true), (paths.Contains("INBOX"), paths.Contains("Trash")));
        Assert.Equal(Enumerable.Range(0, Most - 1).Select(i => $"a{i:D4}"), paths.Where(path => path.StartsWith('a')));
        Assert.Equal("there", (await _account.Newest()).GetProperty("subject").GetString());
        await TestWait.For(async () => await LastError() == "account.mailbox_limit");
        Assert.Contains("state\":\"connected", (await _account.Api.Get(_account.Path)).Text.Replace(" ", "", StringComparison.Ordinal).Replace("syncing", "connected", StringComparison.Ordinal), StringComparison.Ordinal);
        (await _account.Api.Post(_account.Mailboxes, new { path = "one more" })).Is(HttpStatusCode.Conflict).IsProblem("account.mailbox_limit");
    }

    [Fact]
    public async Task What_the_account_has_is_not_pushed_out_by_what_comes_later_and_the_limit_is_forgotten_with_its_cause()
    {
        Make("m", Most - 1);
        await Add("none");
        var before = await _account.Items(_account.Mailboxes);
        Assert.Equal((Most, null), (before.Count, await LastError()));
        for (var i = 0; i < 1000; i++)
        {
            _server.AddMailbox($"b{i}");
        }
        // The server lists them first.
        _server.Mailboxes.Reverse();
        Assert.Equal(before.Select(one => one.GetProperty("id").GetString()), (await _account.Items(_account.Mailboxes)).Select(one => one.GetProperty("id").GetString()));
        Assert.Equal("account.mailbox_limit", await LastError());
        Assert.DoesNotContain("mailbox.removed", (await _account.Api.Get($"{_account.Path}/changes")).Text, StringComparison.Ordinal);
        foreach (var mailbox in _server.Mailboxes.Where(mailbox => mailbox.Name.StartsWith('b')).ToList())
        {
            _server.Delete(mailbox);
        }
        Assert.Equal(Most, (await Paths()).Count);
        Assert.Null(await LastError());
    }

    [Fact]
    public async Task Pages_neither_skip_nor_repeat_while_mailboxes_come_and_go()
    {
        Make("m", 20);
        await Add("none");
        var first = (await _account.Api.Get($"{_account.Mailboxes}?limit=5")).Is(HttpStatusCode.OK);
        Assert.Equal(["INBOX", "m0000", "m0001", "m0002", "m0003"], first.Json.GetProperty("items").Texts("path"));
        _server.Delete(_server["m0003"]);
        _server.AddMailbox("a new one before the cursor");
        var second = (await _account.Api.Get($"{_account.Mailboxes}?limit=5&cursor={first.Text("nextCursor")}")).Is(HttpStatusCode.OK);
        Assert.Equal(["m0004", "m0005", "m0006", "m0007", "m0008"], second.Json.GetProperty("items").Texts("path"));
        Assert.Equal(first.Text("feedPosition"), second.Text("feedPosition"));
        (await _account.Api.Get($"{_account.Mailboxes}?limit=5&path=INBOX&cursor={first.Text("nextCursor")}")).Is(HttpStatusCode.BadRequest);
        (await _account.Api.Get($"{_account.Mailboxes}?limit=501")).Is(HttpStatusCode.BadRequest);
        (await _account.Api.Get($"{_account.Mailboxes}?cursor=nonsense")).Is(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Paths_longer_than_a_cursor_are_walked_all_the_same()
    {
        var names = Enumerable.Range(0, 9).Select(i => new string('x', 1500) + i).ToList();
        names.ForEach(name => _server.AddMailbox(name));
        await Add("none");
        Assert.Equal(["INBOX", .. names], await Paths(limit: 2));
    }

    [Fact]
    public async Task GraphQL_has_the_same_pages_flat_and_as_a_tree()
    {
        for (var i = 0; i < 9; i++)
        {
            _server.AddMailbox($"p{i}");
            _server.AddMailbox($"p0/c{i}");
        }
        await Add("none");
        const string Query =
            """
            query ($account: ID!, $after: String) { account(id: $account) {
              mailboxes(first: 4, after: $after) { nodes { path parent { path } } pageInfo { hasNextPage endCursor } }
              top: mailboxes(top: true, first: 3) { nodes { path children(first: 2) { nodes { path } pageInfo { hasNextPage endCursor } } } pageInfo { hasNextPage } }
            } }
            """;
        var (paths, after) = (new List<string>(), (string?)null);
        do
        {
            var found = (await _account.Api.Data(Query, new { account = _account.Id, after })).GetProperty("account");
            paths.AddRange(found.At("mailboxes.nodes").Texts("path"));
            Assert.All(found.At("mailboxes.nodes").EnumerateArray(), one => Assert.Equal(one.GetProperty("path").GetString()!.Contains('/', StringComparison.Ordinal), one.GetProperty("parent").ValueKind == JsonValueKind.Object));
            Assert.Equal(["INBOX", "p0", "p1"], found.At("top.nodes").Texts("path"));
            Assert.Equal(["p0/c0", "p0/c1"], found.At("top.nodes.1.children.nodes").Texts("path"));
            Assert.True(found.At("top.nodes.1.children.pageInfo.hasNextPage").GetBoolean());
            after = found.At("mailboxes.pageInfo.hasNextPage").GetBoolean() ? found.At("mailboxes.pageInfo.endCursor").GetString() : null;
        }
        while (after is not null);
        Assert.Equal(["INBOX", "p0", .. Enumerable.Range(0, 9).Select(i => $"p0/c{i}"), .. Enumerable.Range(1, 8).Select(i => $"p{i}")], paths);
    }
}
