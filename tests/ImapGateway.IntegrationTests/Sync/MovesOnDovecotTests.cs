using System.Globalization;
using System.Text.Json;
using ImapGateway.IntegrationTests.Messages;
using ImapGateway.IntegrationTests.Sync.Watching;

namespace ImapGateway.IntegrationTests.Sync;

/// <summary>Moves by other clients as an application hears of them: from a real server, however little it tells, watched or not, and over the death of the gateway.</summary>
public sealed class MovesOnDovecotTests(MovingGateway gateway) : IClassFixture<MovingGateway>
{
    /// <summary>At once: a client without MOVE marks the message $deleted first, which may be seen and told.</summary>
    private static Task<string> Move(World world, uint uid, string from, string to) =>
        world.Dovecot.Doveadm("move", "-u", world.User, to, "mailbox", from, "uid", uid.ToString(CultureInfo.InvariantCulture));

    private static async Task Make(World world, string mailbox)
    {
        using var client = await world.OtherClient();
        await client.GetFolder(client.PersonalNamespaces[0]).CreateAsync(mailbox, true);
    }

    private static async Task<IReadOnlyList<JsonElement>> Changes(ApiAccount account) =>
        [.. (await account.Items($"{account.Path}/changes?limit=500")).Where(change => change.GetProperty("type").GetString()!.StartsWith("message.", StringComparison.Ordinal))];

    private static string Short(JsonElement change) =>
        $"{change.GetProperty("type").GetString()} {(change.GetProperty("data").TryGetProperty("message", out var message) ? message.GetProperty("subject").GetString() : "-")}";

    private static async Task Tells(ApiAccount account, params string[] expected)
    {
        IReadOnlyList<string> told = [];
        try
        {
            await TestWait.For(async () => (told = [.. (await Changes(account)).Select(Short)]).Count >= expected.Length);
        }
        catch (OperationCanceledException)
        {
            // Shown below.
        }
        Assert.Equal(expected, told);
    }

    [Theory]
    [InlineData(Tier.A)]
    [InlineData(Tier.B)]
    [InlineData(Tier.C)]
    public async Task A_watched_message_that_is_moved_about_keeps_its_id(Tier tier)
    {
        await using var world = await TierServers.World(tier, gateway.Process);
        await Make(world, "Work");
        var account = await world.AddAccount(watch: "all");
        await TestWait.For(async () => (await account.Api.Get(account.Path)).Text("state") == "connected");
        var uid = await world.Deliver("one");
        await Tells(account, "message.added one");
        var id = (await account.Newest()).Id();
        await Move(world, uid, "INBOX", "Work");
        await Tells(account, "message.added one", "message.moved one");
        await Move(world, 1, "Work", "INBOX");
        await Tells(account, "message.added one", "message.moved one", "message.moved one");
        var (added, there, back) = ((await Changes(account))[0].GetProperty("data"), (await Changes(account))[1].GetProperty("data"), (await Changes(account))[2].GetProperty("data"));
        Assert.Equal([id, id, id], new[] { added, there, back }.Select(data => data.GetProperty("id").GetString()));
        Assert.Equal(added.GetProperty("mailboxId").GetString(), there.GetProperty("fromMailboxId").GetString());
        Assert.Equal(there.GetProperty("mailboxId").GetString(), back.GetProperty("fromMailboxId").GetString());
        Assert.Equal(added.GetProperty("mailboxId").GetString(), back.GetProperty("mailboxId").GetString());
        // What is really gone is told, too, once the window has passed.
        await world.Dovecot.Doveadm("expunge", "-u", world.User, "mailbox", "INBOX", "all");
        await Tells(account, "message.added one", "message.moved one", "message.moved one", "message.removed one");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Category", "long")]
    public async Task Killed_between_the_halves_of_a_move_it_joins_them_afterwards(bool sourceFirst)
    {
        await using var world = await World.OfItsOwn(null, ("Watch:MoveWindow", "20s"));
        await Make(world, "Work");
        var account = await world.AddAccount();
        var work = (await account.Api.Get($"{account.Mailboxes}?path=Work")).Json.GetProperty("items")[0].Id();
        await account.Items(account.Messages(work));
        await account.Shown();
        var uid = await world.Deliver("one");
        await world.Deliver("two");
        Assert.Equal("two[] one[]", await account.Shown());
        var ids = (await account.Items(account.Messages("inbox"))).ToDictionary(message => message.Subject()!, message => message.Id());
        await Move(world, uid, "INBOX", "Work");
        Assert.Equal(sourceFirst ? "two[] one[]" : "", await account.Shown(sourceFirst ? "inbox" : work));
        await world.Gateway.Kill();
        await world.Gateway.Resume();
        Assert.Equal(sourceFirst ? "one[]" : "two[]", await account.Shown(sourceFirst ? work : "inbox"));
        await Tells(account, "message.added one", "message.added two", "message.moved one");
        await world.Gateway.Kill();
        await world.Gateway.Resume();
        Assert.Equal("two[]", await account.Shown());
        Assert.Equal(ids["one"], (await account.Items(account.Messages(work))).Single().Id());
        await Tells(account, "message.added one", "message.added two", "message.moved one");
    }

    [Fact]
    [Trait("Category", "long")]
    public async Task Killed_while_a_message_waits_it_tells_of_its_removal_once()
    {
        await using var world = await World.OfItsOwn(null, ("Watch:MoveWindow", "1s"));
        await Make(world, "Work");
        var account = await world.AddAccount();
        await account.Shown();
        await world.Deliver("one");
        Assert.Equal("one[]", await account.Shown());
        await world.Dovecot.Doveadm("expunge", "-u", world.User, "mailbox", "INBOX", "all");
        await account.Shown();
        await world.Gateway.Kill();
        await world.Gateway.Resume();
        // Nobody looks: what waited is settled all the same once the account is awake.
        await account.Api.Get(account.Mailboxes);
        // What it was is known no more: nobody had asked since the restart.
        await Tells(account, "message.added one", "message.removed -");
        await world.Gateway.Restart();
        Assert.Equal("", await account.Shown());
        await Tells(account, "message.added one", "message.removed -");
    }

    [Theory]
    [InlineData(Tier.A)]
    [InlineData(Tier.C)]
    public async Task What_the_gateway_does_itself_is_told_once_while_it_watches(Tier tier)
    {
        await using var world = await TierServers.World(tier, gateway.Process);
        await Make(world, "Work");
        var account = await world.AddAccount(watch: "all");
        await TestWait.For(async () => (await account.Api.Get(account.Path)).Text("state") == "connected");
        await world.Deliver("one");
        await Tells(account, "message.added one");
        var id = (await account.Newest()).Id();
        var work = (await account.Api.Get($"{account.Mailboxes}?path=Work")).Json.GetProperty("items")[0].Id();
        (await account.Api.Patch(account.Message(id), new { flags = new { add = new[] { "$flagged" } } })).Is(System.Net.HttpStatusCode.OK);
        (await account.Api.Patch(account.Message(id), new { mailboxId = work })).Is(System.Net.HttpStatusCode.OK);
        (await account.Api.Patch(account.Message(id), new { flags = new { add = new[] { "$seen" } } })).Is(System.Net.HttpStatusCode.OK);
        await world.Deliver("two");
        var expected = new[] { "message.added one", "message.flags_changed -", "message.moved one", "message.flags_changed -", "message.added two" };
        await Tells(account, expected);
        (await account.Api.Delete(account.Message(id) + "?permanent=true")).Is(System.Net.HttpStatusCode.NoContent);
        await world.Deliver("three");
        await Tells(account, [.. expected, "message.removed one", "message.added three"]);
    }
}
