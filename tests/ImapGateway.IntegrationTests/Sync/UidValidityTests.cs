using System.Net;
using ImapGateway.IntegrationTests.Messages;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Sync.Watching;
using MailKit;

namespace ImapGateway.IntegrationTests.Sync;

/// <summary>A mailbox whose uids mean other messages than before, between requests and in the middle of one: no id ever touches another message (RFC 3501 section 2.3.1.1).</summary>
public class UidValidityTests
{
    private const string Mailbox = "Work";

    private static async Task<string> Work(ApiAccount account) => (await account.Api.Get($"{account.Mailboxes}?path={Mailbox}")).Json.GetProperty("items")[0].GetProperty("id").GetString()!;

    private static async Task Make(World world, params string[] subjects)
    {
        using var client = await world.OtherClient();
        await client.GetFolder(client.PersonalNamespaces[0]).CreateAsync(Mailbox, true);
        foreach (var subject in subjects)
        {
            await world.Deliver(subject, Mailbox);
        }
    }

    /// <summary>The same path and the same uids, other messages.</summary>
    private static async Task MakeAnew(World world, params string[] subjects)
    {
        using (var client = await world.OtherClient())
        {
            await (await client.GetFolderAsync(Mailbox)).DeleteAsync();
        }
        await Make(world, subjects);
    }

    /// <summary>
    /// Until the gateway reads nothing in the background. In a session that reads a mailbox while it is deleted and made anew, Dovecot takes files of the new one for those of the old,
    /// and may lose the index of the new one.
    /// </summary>
    private static Task Quiet(World world, ApiAccount account) => new Committed(world.Gateway, account.Id).Fingerprinted();

    /// <summary>What the mail server itself has.</summary>
    private static async Task<string> Stored(World world)
    {
        using var client = await world.OtherClient();
        var folder = await client.GetFolderAsync(Mailbox);
        await folder.OpenAsync(FolderAccess.ReadOnly);
        var summaries = await folder.FetchAsync(0, -1, MessageSummaryItems.Envelope | MessageSummaryItems.Flags);
        return string.Join(' ', summaries.Select(one => $"{one.Envelope?.Subject}[{one.Flags & ~MessageFlags.Recent}]"));
    }

    [Theory]
    [InlineData(Tier.A)]
    [InlineData(Tier.B)]
    [InlineData(Tier.C)]
    public async Task After_a_new_uidvalidity_messages_that_are_found_again_keep_their_ids_and_cursors_are_gone(Tier tier)
    {
        await using var world = await TierServers.World(tier);
        var account = await world.AddAccount();
        await Make(world, "one", "two", "three");
        var mailbox = await Work(account);
        var page = (await account.Api.Get(account.Messages(mailbox, "?limit=2"))).Is(HttpStatusCode.OK);
        var before = await account.Items(account.Messages(mailbox));
        await Quiet(world, account);
        await world.Dovecot.Doveadm("mailbox", "update", "--uid-validity", "77", "-u", world.User, Mailbox);

        var after = await account.Items(account.Messages(mailbox));
        Assert.Equal(["three", "two", "one"], after.Select(message => message.Subject()));
        Assert.Equal(before.Select(message => message.Id()), after.Select(message => message.Id()));
        (await account.Api.Get(ListedMessages.NextLink(page))).Is(HttpStatusCode.Gone).IsProblem("gone");
        (await account.Api.Patch(account.Message(before[1].Id()), new { flags = new { add = new[] { "$seen" } } })).Is(HttpStatusCode.OK);
        (await account.Api.Delete(account.Message(before[0].Id()) + "?permanent=true")).Is(HttpStatusCode.NoContent);
        Assert.Equal("one[None] two[Seen]", await Stored(world));
        Assert.Equal(77, (await account.Api.Get(account.Mailbox(mailbox))).Json.GetProperty("uidValidity").GetInt64());
    }

    [Theory]
    [InlineData(Tier.A)]
    [InlineData(Tier.B)]
    [InlineData(Tier.C)]
    public async Task After_a_new_uidvalidity_ids_of_messages_that_are_not_there_are_gone(Tier tier)
    {
        await using var world = await TierServers.World(tier);
        var account = await world.AddAccount();
        await Make(world, "one", "two", "three");
        var mailbox = await Work(account);
        var before = await account.Items(account.Messages(mailbox));
        await Quiet(world, account);
        await MakeAnew(world, "four", "five", "six");

        var after = await account.Items(account.Messages(mailbox));
        Assert.Equal(["six", "five", "four"], after.Select(message => message.Subject()));
        Assert.Empty(after.Select(message => message.Id()).Intersect(before.Select(message => message.Id())));
        foreach (var message in before)
        {
            (await account.Api.Get(account.Message(message.Id()))).Is(HttpStatusCode.Gone).IsProblem("gone");
            (await account.Api.Patch(account.Message(message.Id()), new { flags = new { add = new[] { "$seen" } } })).IsProblem("gone");
            (await account.Api.Delete(account.Message(message.Id()))).IsProblem("gone");
        }
        Assert.Equal("four[None] five[None] six[None]", await Stored(world));
    }

    [Theory]
    [InlineData("flags")]
    [InlineData("move")]
    [InlineData("trash")]
    [InlineData("expunge")]
    [InlineData("get")]
    public async Task A_stale_id_is_gone_without_a_list_in_between(string request)
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        await Make(world, "one", "two");
        var message = await account.Newest(await Work(account));
        await Quiet(world, account);
        await MakeAnew(world, "other", "another");
        (await Send(account, request, message.Id())).Is(HttpStatusCode.Gone).IsProblem("gone");
        Assert.Equal("other[None] another[None]", await Stored(world));
    }

    private static Task<ApiAnswer> Send(ApiAccount account, string request, string id) => request switch
    {
        "flags" => account.Api.Patch(account.Message(id), new { flags = new { add = new[] { "$flagged" } } }),
        "move" => account.Api.Patch(account.Message(id), new { mailboxId = "archive" }),
        "trash" => account.Api.Delete(account.Message(id)),
        "expunge" => account.Api.Delete(account.Message(id) + "?permanent=true"),
        _ => account.Api.Get(account.Message(id)),
    };

    // Not later than at SELECT: see Quiet.
    [Theory]
    [InlineData("flags", "SELECT")]
    [InlineData("move", "SELECT")]
    [InlineData("expunge", "SELECT")]
    [InlineData("get", "EXAMINE")]
    public async Task A_mailbox_made_anew_in_the_middle_of_a_request_is_not_touched(string request, string moment)
    {
        await using var world = await World.WithDovecot();
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        var account = await world.AddAccount(tap.Port);
        await Make(world, "one", "two");
        var message = await account.Newest(await Work(account));
        await Quiet(world, account);
        var times = 0;
        var made = new TaskCompletionSource();
        tap.OnCommand = async line =>
        {
            if (line.Command == moment && line.Text.Contains(moment is "SELECT" or "EXAMINE" ? Mailbox : "", StringComparison.Ordinal) && Interlocked.Increment(ref times) == 1)
            {
                await MakeAnew(world, "other", "another");
                made.SetResult();
            }
            return TapAction.Pass;
        };
        var answer = await Send(account, request, message.Id());
        await made.Task.WaitAsync(Journal<TapLine>.Patience);
        Assert.Equal("other[None] another[None]", await Stored(world));
        Assert.Equal("another[] other[]", await account.Shown(await Work(account)));
        Assert.Contains(answer.Status, new[] { HttpStatusCode.Gone, HttpStatusCode.ServiceUnavailable });
        (await account.Api.Get(account.Message(message.Id()))).Is(HttpStatusCode.Gone);
    }

    [Theory]
    [InlineData("EXAMINE")]
    [InlineData("UID FETCH")]
    public async Task A_uidvalidity_that_changes_during_a_list_leaves_no_id_on_the_wrong_message(string moment)
    {
        await using var world = await World.WithDovecot();
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        var account = await world.AddAccount(tap.Port);
        await Make(world, "one", "two", "three");
        var mailbox = await Work(account);
        // Known by their flags alone: their headers are still to be fetched.
        (await account.Api.Get(account.Messages(mailbox, "?unseen=false"))).Is(HttpStatusCode.OK);
        var times = 0;
        tap.OnCommand = async line =>
        {
            if (line.Command == moment && Interlocked.Increment(ref times) == 1)
            {
                await world.Dovecot.Doveadm("mailbox", "update", "--uid-validity", "88", "-u", world.User, Mailbox);
            }
            return TapAction.Pass;
        };
        var listed = (await account.Items(account.Messages(mailbox))).ToDictionary(message => message.Id(), message => message.Subject());
        Assert.True(times > 0, "The moment did not come.");
        var now = (await account.Items(account.Messages(mailbox))).ToDictionary(message => message.Id(), message => message.Subject());
        Assert.Equal(["three", "two", "one"], now.Values);
        Assert.All(listed, message => Assert.True(!now.TryGetValue(message.Key, out var subject) || subject == message.Value));
    }

    [Fact]
    public async Task A_message_moved_to_a_mailbox_made_anew_meanwhile_is_shown_there_once()
    {
        await using var world = await World.WithDovecot();
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        var account = await world.AddAccount(tap.Port);
        await Make(world, "one", "two");
        await world.Deliver("mine");
        var mailbox = await Work(account);
        await account.Shown(mailbox);
        var message = await account.Newest();
        await Quiet(world, account);
        var times = 0;
        var made = new TaskCompletionSource();
        tap.OnCommand = async line =>
        {
            if (line.Command == "UID MOVE" && Interlocked.Increment(ref times) == 1)
            {
                await MakeAnew(world, "other");
                made.SetResult();
            }
            return TapAction.Pass;
        };
        var answer = await account.Api.Patch(account.Message(message.Id()), new { mailboxId = mailbox });
        await made.Task.WaitAsync(Journal<TapLine>.Patience);
        Assert.Contains(answer.Status, new[] { HttpStatusCode.OK, HttpStatusCode.Gone });
        Assert.Equal("mine[] other[]", await account.Shown(mailbox));
        Assert.Equal("", await account.Shown());
    }
}
