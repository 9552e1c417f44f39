using System.Net;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.IntegrationTests.Sync;
using MailKit;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>If-Match (RFC 9110 section 13.1.1): whoever changes a message that somebody else has changed since it was read gets 412, and nothing has happened.</summary>
public class ConditionalWriteTests
{
    private static readonly object Flagged = new { flags = new { add = new[] { "$flagged" } } };
    private static readonly object Both = new { flags = new { add = new[] { "$flagged" }, remove = new[] { "$draft" } } };
    private static readonly object Moved = new { mailboxId = "archive" };

    public static TheoryData<Tier, string> TiersAndChanges()
    {
        var all = new TheoryData<Tier, string>();
        foreach (var change in new[] { "flags", "both", "move", "trash", "expunge" })
        {
            all.Add(Tier.A, change);
            all.Add(Tier.B, change);
            all.Add(Tier.C, change);
        }
        return all;
    }

    private static string Tag(ApiAnswer answer) => Assert.Single(answer.Headers.GetValues("ETag"));

    private static async Task<(string Path, string Tag)> Read(ApiAccount account, string query = "")
    {
        var path = account.Message((await account.Newest()).GetProperty("id").GetString()!);
        return (path, Tag((await account.Api.Get(path + query)).Is(HttpStatusCode.OK)));
    }

    private static Task Answered(World world) => Store(world, MessageFlags.Answered);

    private static async Task Store(World world, MessageFlags flags)
    {
        using var client = await world.OtherClient();
        await client.Inbox.OpenAsync(FolderAccess.ReadWrite);
        await client.Inbox.StoreAsync(0, new StoreFlagsRequest(StoreAction.Add, flags) { Silent = true });
        await client.Inbox.CloseAsync();
    }

    /// <summary>What the server has, by another client: uid and flags.</summary>
    private static async Task<string> Stored(World world)
    {
        using var client = await world.OtherClient();
        await client.Inbox.OpenAsync(FolderAccess.ReadOnly);
        var found = await client.Inbox.FetchAsync(0, -1, MessageSummaryItems.UniqueId | MessageSummaryItems.Flags);
        return string.Join(' ', found.Select(message => $"{message.UniqueId.Id}[{message.Flags & ~MessageFlags.Recent}]"));
    }

    private static Task<ApiAnswer> Change(ApiAccount account, string change, string path, string tag) => change switch
    {
        "flags" => account.Api.Patch(path, Flagged, ("If-Match", tag)),
        "both" => account.Api.Patch(path, Both, ("If-Match", tag)),
        "move" => account.Api.Patch(path, Moved, ("If-Match", tag)),
        "trash" => account.Api.Delete(path, ("If-Match", tag)),
        _ => account.Api.Delete($"{path}?permanent=true", ("If-Match", tag)),
    };

    [Theory]
    [MemberData(nameof(TiersAndChanges))]
    public async Task A_stale_tag_is_412_and_changes_nothing(Tier tier, string change)
    {
        await using var world = await TierServers.World(tier);
        await world.Deliver("one");
        var account = await world.AddAccount();
        var (path, tag) = await Read(account);
        await Answered(world);
        (await Change(account, change, path, tag)).Is(HttpStatusCode.PreconditionFailed).IsProblem("precondition_failed");
        Assert.Equal("1[Answered]", await Stored(world));
        // The conflict has been noticed, and the next try is judged by it.
        (await Change(account, change, path, tag)).Is(HttpStatusCode.PreconditionFailed);
        var (_, fresh) = await Read(account);
        Assert.True((int)(await Change(account, change, path, fresh)).Status is 200 or 204);
    }

    [Theory]
    [InlineData(Tier.A)]
    [InlineData(Tier.B)]
    [InlineData(Tier.C)]
    public async Task A_tag_of_any_representation_will_do_and_the_answer_has_the_next_one(Tier tier)
    {
        await using var world = await TierServers.World(tier);
        await world.Deliver("one", flags: MessageFlags.Draft);
        var account = await world.AddAccount();
        var (path, tag) = await Read(account, "?body=text");
        var changed = (await account.Api.Patch(path, Both, ("If-Match", $"\"other.one\", {tag}"))).Is(HttpStatusCode.OK);
        Assert.Equal("1[Flagged]", await Stored(world));
        (await account.Api.Get(path, ("If-None-Match", Tag(changed)))).Is(HttpStatusCode.NotModified);
        (await account.Api.Patch(path, Flagged, ("If-Match", tag))).Is(HttpStatusCode.PreconditionFailed);
        (await account.Api.Patch(path, Flagged, ("If-Match", $"W/{Tag(changed)}"))).Is(HttpStatusCode.PreconditionFailed);
        (await account.Api.Patch(path, Flagged, ("If-Match", "*"))).Is(HttpStatusCode.OK);
        var moved = (await account.Api.Patch(path, new { flags = new { add = new[] { "$seen" } }, mailboxId = "trash" }, ("If-Match", Tag(changed)))).Is(HttpStatusCode.OK);
        (await account.Api.Delete($"{path}?permanent=true", ("If-Match", Tag(moved)))).Is(HttpStatusCode.NoContent);
    }

    [Theory]
    [InlineData(Tier.A, "flags")]
    [InlineData(Tier.A, "both")]
    [InlineData(Tier.A, "expunge")]
    [InlineData(Tier.B, "flags")]
    public async Task Whoever_comes_between_the_look_and_the_STORE_is_noticed_by_the_server(Tier tier, string change)
    {
        await using var world = await TierServers.World(tier);
        await using var proxy = TapProxy.Start(world.Dovecot.Port);
        await world.Deliver("one");
        var account = await world.AddAccount(proxy.Port);
        var (path, tag) = await Read(account);
        var raced = 0;
        proxy.OnCommand = async line =>
        {
            if (line.Command == "UID STORE" && Interlocked.Exchange(ref raced, 1) == 0)
            {
                await Answered(world);
            }
            return TapAction.Pass;
        };
        (await Change(account, change, path, tag)).Is(HttpStatusCode.PreconditionFailed).IsProblem("precondition_failed");
        Assert.Equal(1, raced);
        Assert.Contains(proxy.Lines.Entries, line => line.Text.Contains("UNCHANGEDSINCE", StringComparison.Ordinal));
        Assert.Equal("1[Answered]", await Stored(world));
        Assert.Equal("$answered", (await account.Api.Get(path)).Json.GetProperty("flags")[0].GetString());
    }

    [Theory]
    [InlineData("OK [MODIFIED 1] some had changed")]
    [InlineData("NO [MODIFIED 1] some had changed")]
    public async Task Either_way_to_say_MODIFIED_is_understood(string answer)
    {
        await using var server = ScriptedImapServer.Start(new ScriptedOptions { Capabilities = $"{ScriptedOptions.Modest} CONDSTORE" });
        var message = server.Inbox.Add("one");
        server.On("UID STORE", (session, command, _) =>
        {
            server.Inbox.SetFlags(message, @"\Answered");
            session.Say($"{command.Tag} {answer}");
            return Task.CompletedTask;
        });
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount(world.Settings(server.Port));
        var (path, tag) = await Read(account);
        (await account.Api.Patch(path, Flagged, ("If-Match", tag))).Is(HttpStatusCode.PreconditionFailed).IsProblem("precondition_failed");
        Assert.Equal("$answered", (await account.Api.Get(path)).Json.GetProperty("flags")[0].GetString());
    }

    [Fact]
    public async Task A_server_that_refuses_the_flags_themselves_is_not_taken_for_a_conflict()
    {
        await using var server = ScriptedImapServer.Start(new ScriptedOptions { Capabilities = $"{ScriptedOptions.Modest} CONDSTORE" });
        server.Inbox.Add("one");
        server.On("UID STORE", (session, command, _) =>
        {
            session.Say($"{command.Tag} NO [NOPERM] not yours");
            return Task.CompletedTask;
        });
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount(world.Settings(server.Port));
        var (path, tag) = await Read(account);
        (await account.Api.Patch(path, Flagged, ("If-Match", tag))).Is(HttpStatusCode.Forbidden).IsProblem("account.denied");
    }

    [Fact]
    public async Task Mailboxes_and_accounts_are_guarded_too()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var made = (await account.Api.Post(account.Mailboxes, new { name = "Work" })).Is(HttpStatusCode.Created).Text("id");
        var tag = Tag(await account.Api.Get(account.Mailbox(made)));
        await world.Deliver("one", "Work");
        (await account.Api.Patch(account.Mailbox(made), new { name = "Play" }, ("If-Match", tag))).Is(HttpStatusCode.PreconditionFailed);
        (await account.Api.Delete($"{account.Mailbox(made)}?force=true", ("If-Match", tag))).Is(HttpStatusCode.PreconditionFailed);
        tag = Tag(await account.Api.Get(account.Mailbox(made)));
        var renamed = (await account.Api.Patch(account.Mailbox(made), new { name = "Play" }, ("If-Match", tag))).Is(HttpStatusCode.OK);
        (await account.Api.Get(account.Mailbox(made), ("If-None-Match", Tag(renamed)))).Is(HttpStatusCode.NotModified);
        (await account.Api.Delete($"{account.Mailbox(made)}?force=true", ("If-Match", Tag(renamed)))).Is(HttpStatusCode.NoContent);

        var mine = Tag(await account.Api.Get(account.Path));
        var named = (await account.Api.Patch(account.Path, new { name = "first" }, ("If-Match", mine))).Is(HttpStatusCode.OK);
        (await account.Api.Patch(account.Path, new { name = "second" }, ("If-Match", mine))).Is(HttpStatusCode.PreconditionFailed);
        (await account.Api.Put(account.Path, world.Settings(world.Dovecot.Port), ("If-Match", mine))).Is(HttpStatusCode.PreconditionFailed);
        (await account.Api.Put(account.Path, world.Settings(world.Dovecot.Port), ("If-None-Match", "*"))).Is(HttpStatusCode.PreconditionFailed);
        (await account.Api.Put("/v1/accounts/nobody", world.Settings(world.Dovecot.Port), ("If-Match", "*"))).Is(HttpStatusCode.PreconditionFailed);
        (await account.Api.Delete(account.Path, ("If-Match", mine))).Is(HttpStatusCode.PreconditionFailed);
        Assert.Equal("first", (await account.Api.Get(account.Path)).Text("name"));
        (await account.Api.Delete(account.Path, ("If-Match", Tag(named)))).Is(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task A_condition_that_a_route_would_not_look_at_is_refused()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        (await account.Api.Post(account.Mailboxes, new { name = "Work" }, ("If-Match", "\"a\""))).Is(HttpStatusCode.PreconditionFailed).IsProblem("precondition_failed");
        Assert.Empty(await account.Items($"{account.Mailboxes}?path=Work"));
    }
}
