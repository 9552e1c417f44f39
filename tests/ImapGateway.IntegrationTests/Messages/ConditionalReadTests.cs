using System.Net;
using System.Text.Json;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Sync;
using MailKit;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>If-None-Match on everything that shows state of mail (RFC 9110 section 13.1.2): 304 as long as the answer would be the same, and only that long.</summary>
public class ConditionalReadTests
{
    private static string Tag(ApiAnswer answer) => Assert.Single(answer.Headers.GetValues("ETag"));

    private static Task<ApiAnswer> Again(ApiAccount account, string path, string tag) => account.Api.Get(path, ("If-None-Match", tag));

    private static async Task Flag(World world, MessageFlags flags, StoreAction action = StoreAction.Add)
    {
        using var client = await world.OtherClient();
        await client.Inbox.OpenAsync(FolderAccess.ReadWrite);
        await client.Inbox.StoreAsync(0, new StoreFlagsRequest(action, flags) { Silent = true });
        await client.Inbox.CloseAsync();
    }

    [Theory]
    [InlineData(Tier.A)]
    [InlineData(Tier.B)]
    [InlineData(Tier.C)]
    public async Task What_has_not_changed_is_304_and_what_has_is_shown(Tier tier)
    {
        await using var world = await TierServers.World(tier);
        await world.Deliver("one");
        var account = await world.AddAccount();
        var id = (await account.Newest()).GetProperty("id").GetString()!;
        string[] lists = [account.Messages("inbox"), account.Messages("inbox", "?unseen=true&fields=subject"), account.Messages("inbox", "?subject=one"), $"{account.Path}/messages?ids={id}", account.Mailboxes];
        string[] paths = [.. lists, account.Message(id), account.Message(id, "?body=text&headers=all"), account.Mailbox("inbox")];
        var tags = new Dictionary<string, string>();
        foreach (var path in paths)
        {
            var first = (await account.Api.Get(path)).Is(HttpStatusCode.OK);
            tags[path] = Tag(first);
            Assert.Equal(lists.Contains(path), tags[path].StartsWith("W/", StringComparison.Ordinal));
            Assert.Equal(("no-cache, private", "Authorization"), (first.Headers.CacheControl!.ToString(), first.Headers.Vary.ToString()));

            var again = (await Again(account, path, $"\"other\", {tags[path]}")).Is(HttpStatusCode.NotModified);
            Assert.Equal((tags[path], "no-cache, private", "Authorization", ""), (Tag(again), again.Headers.CacheControl!.ToString(), again.Headers.Vary.ToString(), again.Text));
            (await Again(account, path, "\"other\"")).Is(HttpStatusCode.OK);
        }
        Assert.Equal(paths.Length, tags.Values.Distinct().Count());

        await Flag(world, MessageFlags.Seen);
        foreach (var path in paths)
        {
            var changed = (await Again(account, path, tags[path])).Is(HttpStatusCode.OK);
            Assert.NotEqual(tags[path], Tag(changed));
        }
        Assert.Empty((await Again(account, lists[1], tags[lists[1]])).Json.GetProperty("items").EnumerateArray());
        Assert.Equal("$seen", (await Again(account, account.Message(id), tags[account.Message(id)])).Json.GetProperty("flags")[0].GetString());
    }

    [Fact]
    public async Task A_304_reads_no_headers_and_no_body()
    {
        await using var world = await World.OfItsOwn();
        await using var proxy = TapProxy.Start(world.Dovecot.Port);
        await world.Deliver("one");
        var account = await world.AddAccount(proxy.Port);
        var id = (await account.Newest()).GetProperty("id").GetString()!;
        string[] paths = [account.Messages("inbox"), account.Message(id, "?body=text"), account.Message(id, "/raw")];
        var tags = new List<string>();
        foreach (var path in paths)
        {
            tags.Add(Tag((await account.Api.Get(path)).Is(HttpStatusCode.OK)));
        }
        // Nothing that is remembered helps: tags are known from storage alone; of lists they end with the process.
        await world.Gateway.Restart();
        tags[0] = Tag((await account.Api.Get(paths[0])).Is(HttpStatusCode.OK));
        await world.Gateway.Restart();
        proxy.Lines.Clear();
        foreach (var (path, tag) in paths.Zip(tags).Skip(1))
        {
            (await Again(account, path, tag)).Is(HttpStatusCode.NotModified);
        }
        Assert.DoesNotContain(proxy.Lines.Entries, line => line.Text.Contains("BODYSTRUCTURE", StringComparison.Ordinal) || line.Text.Contains("BODY", StringComparison.Ordinal));

        (await Again(account, paths[0], tags[0])).Is(HttpStatusCode.OK);
        var list = Tag(await account.Api.Get(paths[0]));
        proxy.Lines.Clear();
        (await Again(account, paths[0], list)).Is(HttpStatusCode.NotModified);
        Assert.DoesNotContain(proxy.Lines.Entries, line => line.Text.Contains("BODYSTRUCTURE", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Keys_that_may_see_different_things_have_different_tags()
    {
        await using var world = await World.WithDovecot();
        await world.Deliver("one");
        var account = await world.AddAccount();
        var path = account.Messages("inbox");
        var tag = Tag(await account.Api.Get(path));
        var key = (await account.Api.Post("/v1/keys", new { name = "basic", scopes = new[] { "mail.readBasic" } })).Is(HttpStatusCode.Created).Text("key");
        var basic = (await account.Api.Get(path, ("Authorization", $"Bearer {key}"), ("If-None-Match", tag))).Is(HttpStatusCode.OK);
        Assert.NotEqual(tag, Tag(basic));
    }

    [Fact]
    public async Task The_tag_of_a_list_ends_with_half_of_the_time_that_changes_are_kept()
    {
        await using var world = await World.OfItsOwn(null, ("Changes__Retention", "2s"), ("Changes__MaxRetention", "2s"));
        await world.Deliver("one");
        var account = await world.AddAccount();
        foreach (var path in new[] { account.Messages("inbox"), account.Mailboxes, "/v1/accounts" })
        {
            var tag = Tag(await account.Api.Get(path));
            await TestWait.For(async () => (await Again(account, path, tag)).Status == HttpStatusCode.OK);
        }
    }

    [Fact]
    public async Task Flags_that_only_a_question_would_show_have_no_tag()
    {
        await using var world = await TierServers.World(Tier.C);
        await world.Dovecot.Seed(world.User, 1_100, i => Servers.Scripted.ScriptedMessage.Text($"m{i + 1}"));
        var account = await world.AddAccount();
        var first = (await account.Api.Get(account.Messages("inbox", "?limit=50"))).Is(HttpStatusCode.OK);
        // The first look has compared all.
        var newest = (await Again(account, account.Messages("inbox", "?limit=50"), Tag(first))).Is(HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.NotModified, (await Again(account, account.Messages("inbox", "?limit=50"), Tag(newest))).Status);
        var oldest = await account.Pages("?limit=500");
        Assert.Equal(1_100, oldest.Count);
        var cursor = "";
        ApiAnswer page;
        do
        {
            page = (await account.Api.Get(account.Messages("inbox", $"?limit=500{cursor}"))).Is(HttpStatusCode.OK);
            cursor = page.Json.GetProperty("nextCursor") is { ValueKind: JsonValueKind.String } next ? $"&cursor={next.GetString()}" : "";
        }
        while (cursor != "");
        Assert.False(page.Headers.Contains("ETag"));
        Assert.False((await account.Api.Get(account.Messages("inbox", "?unseen=true"))).Is(HttpStatusCode.OK).Headers.Contains("ETag"));
    }

    [Fact]
    public async Task The_octets_of_a_message_are_immutable()
    {
        await using var world = await World.WithDovecot();
        await world.Deliver("one");
        var account = await world.AddAccount();
        var path = account.Message((await account.Newest()).GetProperty("id").GetString()!, "/raw");
        var raw = (await account.Api.Get(path)).Is(HttpStatusCode.OK);
        Assert.Equal("max-age=31536000, private, immutable", raw.Headers.CacheControl!.ToString());
        Assert.Equal("Authorization", raw.Headers.Vary.ToString());
        Assert.Equal("max-age=31536000, private, immutable", (await Again(account, path, Tag(raw))).Is(HttpStatusCode.NotModified).Headers.CacheControl!.ToString());
    }
}
