using System.Net;
using ImapGateway.IntegrationTests.Messages;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Sync.Watching;
using MailKit;

namespace ImapGateway.IntegrationTests.Sync;

/// <summary>What a second client does is seen by the next request, however little the mail server tells; and the server is asked for nothing it does not offer.</summary>
public class TierTests
{
    /// <summary>A second client's hands on the inbox.</summary>
    private static async Task Other(World world, Func<IMailFolder, Task> change, string mailbox = "INBOX")
    {
        using var client = await world.OtherClient();
        var folder = await client.GetFolderAsync(mailbox);
        await folder.OpenAsync(FolderAccess.ReadWrite);
        await change(folder);
        await folder.CloseAsync();
    }

    private static Task Flag(World world, uint uid, MessageFlags flags, StoreAction action = StoreAction.Add) =>
        Other(world, inbox => inbox.StoreAsync(new UniqueId(uid), new StoreFlagsRequest(action, flags) { Silent = true }));

    private static Task Expunge(World world, params uint[] uids) => Other(world, async inbox =>
    {
        var ids = uids.Select(uid => new UniqueId(uid)).ToList();
        await inbox.StoreAsync(ids, new StoreFlagsRequest(StoreAction.Add, MessageFlags.Deleted) { Silent = true });
        await inbox.ExpungeAsync(ids);
    });

    [Theory]
    [InlineData(Tier.A)]
    [InlineData(Tier.B)]
    [InlineData(Tier.C)]
    public async Task The_next_list_shows_new_mail_flags_and_removals(Tier tier)
    {
        await using var world = await TierServers.World(tier);
        var account = await world.AddAccount();
        var one = await world.Deliver("one");
        var two = await world.Deliver("two", flags: MessageFlags.Seen);
        Assert.Equal("two[$seen] one[]", await account.Shown());
        var ids = (await account.Items(account.Messages("inbox"))).Select(message => message.Id()).ToList();

        await world.Deliver("three");
        Assert.Equal("three[] two[$seen] one[]", await account.Shown());
        await Flag(world, one, MessageFlags.Flagged | MessageFlags.Answered);
        await Flag(world, two, MessageFlags.Seen, StoreAction.Remove);
        Assert.Equal("three[] two[] one[$answered $flagged]", await account.Shown());
        await Expunge(world, two);
        Assert.Equal("three[] one[$answered $flagged]", await account.Shown());

        // One comes as another goes: the number of messages stays the same.
        await Expunge(world, one);
        await world.Deliver("four", flags: MessageFlags.Draft);
        Assert.Equal("four[$draft] three[]", await account.Shown());
        foreach (var id in ids)
        {
            (await account.Api.Get(account.Message(id))).Is(HttpStatusCode.Gone).IsProblem("gone");
        }
    }

    [Theory]
    [InlineData(Tier.A)]
    [InlineData(Tier.B)]
    [InlineData(Tier.C)]
    public async Task The_next_get_shows_flags_and_removals(Tier tier)
    {
        await using var world = await TierServers.World(tier);
        var account = await world.AddAccount();
        var one = await world.Deliver("one");
        var two = await world.Deliver("two");
        var listed = (await account.Items(account.Messages("inbox"))).ToDictionary(message => message.Uid(), message => message.Id());
        await Flag(world, one, MessageFlags.Seen);
        await Other(world, inbox => inbox.StoreAsync(new UniqueId(one), new StoreFlagsRequest(StoreAction.Add, new HashSet<string> { "$Forwarded", "Invoices" }) { Silent = true }));
        Assert.Equal("$Forwarded $seen Invoices", (await account.Api.Get(account.Message(listed[one]))).Json.Flags());
        await Expunge(world, two);
        (await account.Api.Get(account.Message(listed[two]))).Is(HttpStatusCode.Gone).IsProblem("gone");
        (await account.Api.Get(account.Message(listed[one]))).Is(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(Tier.A, "exact")]
    [InlineData(Tier.B, "exact")]
    [InlineData(Tier.C, "windowed")]
    public async Task Flags_and_removals_among_thousands_are_seen(Tier tier, string precision)
    {
        await using var world = await TierServers.World(tier);
        await world.Dovecot.Seed(world.User, 2_500, i => Servers.Scripted.ScriptedMessage.Text($"m{i + 1}"));
        var account = await world.AddAccount();
        var oldest = (await account.Pages("?limit=500")).ToDictionary(message => message.Uid(), message => message.Id());
        Assert.Equal(2_500, oldest.Count);

        await Flag(world, 3, MessageFlags.Flagged);
        Assert.Equal("m3[$flagged]", await account.Shown(query: "?flagged=true"));
        Assert.Equal("$flagged", (await account.Api.Get(account.Message(oldest[3]))).Json.Flags());
        await Flag(world, 4, MessageFlags.Flagged);
        Assert.Equal("$flagged", (await account.Api.Get(account.Message(oldest[4]))).Json.Flags());
        await Flag(world, 5, MessageFlags.Flagged);
        Assert.Equal("m5", Assert.Single(await account.Pages("?limit=500"), message => message.Uid() == 5 && message.Flags() == "$flagged").Subject());
        await Flag(world, 4, MessageFlags.Flagged, StoreAction.Remove);
        Assert.Equal("m5[$flagged] m3[$flagged]", await account.Shown(query: "?flagged=true"));
        await Expunge(world, 1, 2, 1_200, 2_499);
        var left = await account.Pages("?limit=500");
        Assert.Equal(Enumerable.Range(1, 2_500).Except([1, 2, 1_200, 2_499]).OrderDescending(), left.Select(message => (int)message.Uid()));
        Assert.All(left, message => Assert.Equal(oldest[message.Uid()], message.Id()));
        Assert.Equal(precision, (await account.Items(account.Mailboxes)).Single(mailbox => mailbox.GetProperty("role").GetString() == "inbox").GetProperty("precision").GetString());
    }

    [Theory]
    [InlineData(Tier.A, "(QRESYNC ")]
    [InlineData(Tier.B, "(CHANGEDSINCE ")]
    public async Task What_has_changed_is_asked_for_and_nothing_more(Tier tier, string question)
    {
        await using var world = await TierServers.World(tier);
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        var account = await world.AddAccount(tap.Port);
        var uid = await world.Deliver("one");
        await world.Deliver("two");
        await account.Shown();
        await new Committed(world.Gateway, account.Id).Fingerprinted();
        await Flag(world, uid, MessageFlags.Flagged);
        tap.Lines.Clear();
        Assert.Equal("two[] one[$flagged]", await account.Shown());
        Assert.Contains(tap.Lines.Entries, line => line.FromClient && line.Text.Contains(question, StringComparison.Ordinal));
        Assert.Single(tap.Lines.Entries, line => !line.FromClient && line.Text.Contains(" FETCH (", StringComparison.Ordinal));
        Assert.DoesNotContain(tap.Lines.Entries, line => line.Command is "UID SEARCH");
    }

    public static TheoryData<string, string[]> Reduced => new()
    {
        { "IMAP4rev1 IDLE NAMESPACE UIDPLUS", ["ENABLE", "QRESYNC", "CONDSTORE", "CHANGEDSINCE", "MODSEQ", "RETURN", "MOVE", "LITERAL", "UNSELECT", "NOTIFY", "MYRIGHTS", "SPECIAL-USE", "ID ("] },
        { "IMAP4rev1", ["ENABLE", "QRESYNC", "CONDSTORE", "CHANGEDSINCE", "MODSEQ", "RETURN", "MOVE", "EXPUNGE", "LITERAL", "UNSELECT", "NOTIFY", "MYRIGHTS", "SPECIAL-USE", "NAMESPACE", "IDLE"] },
        { "IMAP4rev1 CONDSTORE ENABLE UIDPLUS", ["QRESYNC", "RETURN", "MOVE", "NOTIFY", "UNSELECT", "NAMESPACE"] },
        { "IMAP4rev1 ESEARCH LIST-EXTENDED LIST-STATUS MOVE", ["ENABLE", "QRESYNC", "CONDSTORE", "CHANGEDSINCE", "MODSEQ", "EXPUNGE", "NOTIFY", "UNSELECT"] },
    };

    [Theory]
    [MemberData(nameof(Reduced))]
    public async Task Nothing_is_asked_for_that_is_not_advertised(string capabilities, string[] never)
    {
        var options = new DovecotOptions { Profile = DovecotProfile.Plain, Capabilities = capabilities };
        await using var dovecot = await DovecotServer.Start(options);
        await using var world = await World.With(dovecot);
        await using var tap = TapProxy.Start(dovecot.Port);
        var account = await world.AddAccount(tap.Port);
        var uid = await world.Deliver("one");
        await world.Deliver("two");
        await world.Deliver("three");
        await account.Items(account.Mailboxes);
        var ids = (await account.Items(account.Messages("inbox"))).Select(message => message.Id()).ToList();
        await Flag(world, uid, MessageFlags.Seen);
        Assert.Equal("one[$seen]", await account.Shown(query: "?unseen=false"));
        Assert.Equal("two[]", await account.Shown(query: "?subject=two"));
        Assert.Equal("three[] two[]", await account.Shown(query: "?unseen=true&since=2020-01-01T00:00:00Z"));
        (await account.Api.Get(account.Message(ids[0]))).Is(HttpStatusCode.OK);
        (await account.Api.Patch(account.Message(ids[0]), new { flags = new { add = new[] { "$flagged" } } })).Is(HttpStatusCode.OK);
        (await account.Api.Patch(account.Message(ids[0]), new { mailboxId = "archive" })).Is(HttpStatusCode.OK);
        var expunges = capabilities.Contains("UIDPLUS", StringComparison.Ordinal);
        (await account.Api.Delete(account.Message(ids[1]) + "?permanent=true")).Is(expunges ? HttpStatusCode.NoContent : HttpStatusCode.UnprocessableEntity);
        await world.Deliver("four");
        // Without UIDPLUS the original stays behind, marked, where there is no MOVE either.
        Assert.Equal(expunges ? "four[] one[$seen]" : "four[] two[] one[$seen]", await account.Shown(query: "?notFlag=$deleted"));
        Assert.Equal("three[$flagged]", await account.Shown("archive"));

        Assert.DoesNotContain(tap.Lines.Entries, line => line.FromClient && never.Any(word => line.Text.Contains(word, StringComparison.OrdinalIgnoreCase)));
    }
}
