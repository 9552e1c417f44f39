using System.Net;
using System.Text.Json;
using ImapGateway.IntegrationTests.Servers;
using MailKit;

namespace ImapGateway.IntegrationTests.Mailboxes;

/// <summary>The mailbox routes on a real Dovecot, with a second mail client beside them.</summary>
public class MailboxTests
{
    private static string? Text(JsonElement mailbox, string member) => mailbox.GetProperty(member).GetString();

    private static async Task<JsonElement> At(ApiAccount account, string path) =>
        Assert.Single(await account.Items($"{account.Mailboxes}?path={Uri.EscapeDataString(path)}"));

    private static async Task<JsonElement> Created(ApiAccount account, object body)
    {
        var answer = await account.Api.Post(account.Mailboxes, body);
        Assert.True(answer.Status == HttpStatusCode.Created, $"{answer.Status}: {answer.Text}");
        return answer.Json;
    }

    private static async Task<JsonElement> Changed(ApiAccount account, string mailbox, object body)
    {
        var answer = await account.Api.Patch(account.Mailbox(mailbox), body);
        Assert.True(answer.Status == HttpStatusCode.OK, $"{answer.Status}: {answer.Text}");
        return answer.Json;
    }

    private static async Task<HttpStatusCode> StatusOf(Task<ApiAnswer> answer) => (await answer).Status;

    /// <summary>Renames as another client does.</summary>
    private static async Task Rename(World world, string from, string to)
    {
        using var client = await world.OtherClient();
        var folder = await client.GetFolderAsync(from);
        var at = to.LastIndexOf(folder.DirectorySeparator);
        await folder.RenameAsync(await client.GetFolderAsync(at < 0 ? "" : to[..at]), to[(at + 1)..]);
    }

    private static async Task Create(World world, string path)
    {
        using var client = await world.OtherClient();
        await (await client.GetFolderAsync("")).CreateAsync(path, true);
    }

    [Fact]
    public async Task A_mailbox_is_created_read_renamed_moved_subscribed_and_deleted()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var answer = await account.Api.Post(account.Mailboxes, new { path = "Work/Offers" });
        Assert.Equal(HttpStatusCode.Created, answer.Status);
        var id = Text(answer.Json, "id")!;
        Assert.EndsWith(account.Mailbox(id), answer.Headers.Location!.ToString(), StringComparison.Ordinal);
        Assert.Equal(("Work/Offers", "Offers", "/", true, true), (Text(answer.Json, "path"), Text(answer.Json, "name"), Text(answer.Json, "delimiter"), answer.Json.GetProperty("subscribed").GetBoolean(), answer.Json.GetProperty("selectable").GetBoolean()));
        var parent = await At(account, "Work");
        Assert.Equal(Text(parent, "id"), Text(answer.Json, "parentId"));

        Assert.Equal("Work/Deals", Text(await Changed(account, id, new { name = "Deals" }), "path"));
        Assert.Equal("INBOX/Deals", Text(await Changed(account, id, new { parentId = "inbox" }), "path"));
        Assert.Equal("Deals", Text(await Changed(account, id, new { parentId = (string?)null }), "path"));
        Assert.Equal("A/B/Deals & Grüße 🎉", Text(await Changed(account, id, new { path = "A/B/Deals & Grüße 🎉" }), "path"));
        var unsubscribed = await Changed(account, id, new { subscribed = false });
        Assert.Equal((id, false), (Text(unsubscribed, "id"), unsubscribed.GetProperty("subscribed").GetBoolean()));
        var read = (await account.Api.Get(account.Mailbox(id))).Json;
        Assert.Equal(("A/B/Deals & Grüße 🎉", false), (Text(read, "path"), read.GetProperty("subscribed").GetBoolean()));
        Assert.Contains("x", Text(read, "myRights")!, StringComparison.Ordinal);

        using (var other = await world.OtherClient())
        {
            Assert.NotNull(await other.GetFolderAsync("A/B/Deals & Grüße 🎉"));
        }

        Assert.Equal(HttpStatusCode.NoContent, await StatusOf(account.Api.Delete(account.Mailbox(id))));
        Assert.Equal(HttpStatusCode.Gone, await StatusOf(account.Api.Get(account.Mailbox(id))));
        Assert.Equal(HttpStatusCode.NotFound, await StatusOf(account.Api.Get(account.Mailbox("neverminted"))));
        Assert.Empty(await account.Items($"{account.Mailboxes}?path=A/B/Deals"));
    }

    [Fact]
    public async Task Counters_are_right_at_once_after_writes_through_the_gateway()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        await world.Deliver("one");
        await world.Deliver("two");
        async Task<(long, long)> Counters()
        {
            var inbox = (await account.Api.Get(account.Mailbox("inbox"))).Json;
            return (inbox.GetProperty("total").GetInt64(), inbox.GetProperty("unseen").GetInt64());
        }

        var message = Text(await account.Newest(), "id")!;
        Assert.Equal((2, 2), await Counters());
        await account.Api.Patch(account.Message(message), new { flags = new { add = new[] { "$seen" } } });
        Assert.Equal((2, 1), await Counters());
        await account.Api.Delete(account.Message(message, "?permanent=true"));
        Assert.Equal((1, 1), await Counters());
        var listed = await At(account, "inbox");
        Assert.Equal((1, 1, "INBOX", "inbox"), (listed.GetProperty("total").GetInt64(), listed.GetProperty("unseen").GetInt64(), Text(listed, "path"), Text(listed, "role")));
    }

    [Fact]
    public async Task Names_that_no_mailbox_can_have_are_refused_with_a_pointer()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        foreach (var (body, pointer) in new (object, string)[]
        {
            (new { path = "a\0b" }, "/path"),
            (new { path = "a\r\nb" }, "/path"),
            (new { path = "a*" }, "/path"),
            (new { path = "/a" }, "/path"),
            (new { path = "a/" }, "/path"),
            (new { path = "a//b" }, "/path"),
            (new { path = "" }, "/path"),
            (new { path = new string('x', 1001) }, "/path"),
            (new { name = "a/b" }, "/name"),
            (new { name = "100%" }, "/name"),
            (new { path = "a", parentId = "inbox" }, "/parentId"),
            (new { }, ""),
        })
        {
            var answer = await account.Api.Post(account.Mailboxes, body);
            Assert.True(answer.Status == HttpStatusCode.BadRequest, $"{JsonSerializer.Serialize(body)}: {answer.Text}");
            Assert.Equal(pointer, answer.Json.GetProperty("errors")[0].GetProperty("pointer").GetString());
        }

        var parent = await account.Api.Post(account.Mailboxes, new { name = "a", parentId = "b_nosuch" });
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "/parentId"), (parent.Status, parent.Json.GetProperty("errors")[0].GetProperty("pointer").GetString()));
        Assert.DoesNotContain(await account.Items(account.Mailboxes), mailbox => Text(mailbox, "path")!.StartsWith('a'));
    }

    [Fact]
    public async Task A_path_that_is_taken_is_a_conflict()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        await Create(world, "Mine");
        Assert.Equal(HttpStatusCode.Conflict, await StatusOf(account.Api.Post(account.Mailboxes, new { path = "Mine" })));
        Assert.Equal(HttpStatusCode.Conflict, await StatusOf(account.Api.Post(account.Mailboxes, new { path = "inbox" })));
        var other = Text(await Created(account, new { name = "Other" }), "id")!;
        Assert.Equal(HttpStatusCode.Conflict, await StatusOf(account.Api.Patch(account.Mailbox(other), new { path = "Mine" })));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await StatusOf(account.Api.Patch(account.Mailbox(other), new { path = "Other/Below" })));
        Assert.Equal("Other", Text(await Changed(account, other, new { name = "Other" }), "path"));
    }

    [Fact]
    public async Task The_inbox_can_be_neither_renamed_nor_deleted()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await StatusOf(account.Api.Patch(account.Mailbox("inbox"), new { name = "Outbox" })));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await StatusOf(account.Api.Delete(account.Mailbox("inbox") + "?force=true")));
    }

    [Fact]
    public async Task Only_force_deletes_messages_and_nothing_deletes_what_lies_below()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var below = Text(await Created(account, new { path = "Top/Below" }), "id")!;
        var top = Text(await At(account, "Top"), "id")!;
        await world.Deliver("kept", "Top/Below");
        var message = Text(await account.Newest(below), "id")!;
        Assert.Equal(HttpStatusCode.Conflict, await StatusOf(account.Api.Delete(account.Mailbox(top) + "?force=true")));
        Assert.Equal(HttpStatusCode.Conflict, await StatusOf(account.Api.Delete(account.Mailbox(below))));
        Assert.Equal(HttpStatusCode.OK, await StatusOf(account.Api.Get(account.Message(message))));
        Assert.Equal(HttpStatusCode.NoContent, await StatusOf(account.Api.Delete(account.Mailbox(below) + "?force=true")));
        Assert.Equal(HttpStatusCode.Gone, await StatusOf(account.Api.Get(account.Message(message))));
        Assert.Equal(HttpStatusCode.Gone, await StatusOf(account.Api.Get(account.Messages(below))));
        Assert.Equal(HttpStatusCode.NoContent, await StatusOf(account.Api.Delete(account.Mailbox(top))));
        using var other = await world.OtherClient();
        Assert.DoesNotContain(await other.GetFoldersAsync(other.PersonalNamespaces[0], StatusItems.None, subscribedOnly: true), folder => folder.FullName.StartsWith("Top", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_rename_through_the_gateway_keeps_all_ids_and_subscriptions_of_the_tree()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var below = Text(await Created(account, new { path = "Old/Deep/Below" }), "id")!;
        var top = Text(await At(account, "Old"), "id")!;
        await world.Deliver("in the depth", "Old/Deep/Below");
        await world.Deliver("at the top", "Old");
        var (deep, high) = (Text(await account.Newest(below), "id")!, Text(await account.Newest(top), "id")!);

        await Changed(account, top, new { path = "Now/New" });

        Assert.Equal(("Now/New/Deep/Below", below), (Text((await account.Api.Get(account.Mailbox(below))).Json, "path"), Text(await At(account, "Now/New/Deep/Below"), "id")));
        Assert.Equal([deep, high], [Text(await account.Newest(below), "id"), Text(await account.Newest(top), "id")]);
        Assert.Equal(HttpStatusCode.OK, await StatusOf(account.Api.Get(account.Message(deep))));
        using var other = await world.OtherClient();
        var subscribed = (await other.GetFoldersAsync(other.PersonalNamespaces[0], StatusItems.None, subscribedOnly: true)).Select(folder => folder.FullName).ToList();
        Assert.Contains("Now/New/Deep/Below", subscribed);
        Assert.DoesNotContain(subscribed, path => path.StartsWith("Old", StringComparison.Ordinal));

        // Another one at the old path is another mailbox.
        Assert.NotEqual(top, Text(await Created(account, new { path = "Old" }), "id"));
        Assert.Empty(await account.Items(account.Messages(Text(await At(account, "Old"), "id")!)));
    }

    [Fact]
    public async Task A_rename_by_another_client_keeps_all_ids_whatever_the_gateway_is_asked_next()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        foreach (var next in new[] { "list", "messages", "message", "flags", "read" })
        {
            var (from, to) = ($"Before {next}", $"After {next}");
            var mailbox = Text(await Created(account, new { path = from }), "id")!;
            await world.Deliver("hello", from);
            var message = Text(await account.Newest(mailbox), "id")!;
            await Rename(world, from, to);
            switch (next)
            {
                case "list":
                    Assert.Equal(mailbox, Text(await At(account, to), "id"));
                    break;
                case "messages":
                    Assert.Equal(message, Text(await account.Newest(mailbox), "id"));
                    break;
                case "message":
                    Assert.Equal(HttpStatusCode.OK, await StatusOf(account.Api.Get(account.Message(message))));
                    break;
                case "flags":
                    Assert.Equal(HttpStatusCode.OK, await StatusOf(account.Api.Patch(account.Message(message), new { flags = new { add = new[] { "$flagged" } } })));
                    break;
                default:
                    Assert.Equal(to, Text((await account.Api.Get(account.Mailbox(mailbox))).Json, "path"));
                    break;
            }

            Assert.Equal((to, message), (Text((await account.Api.Get(account.Mailbox(mailbox))).Json, "path"), Text(await account.Newest(mailbox), "id")));
        }
    }

    [Fact]
    public async Task Renamed_away_and_made_anew_by_another_client_no_id_touches_another_message()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var mailbox = Text(await Created(account, new { path = "Box" }), "id")!;
        await world.Deliver("the first", "Box");
        var message = Text(await account.Newest(mailbox), "id")!;
        await Rename(world, "Box", "Elsewhere");
        await Create(world, "Box");
        await world.Deliver("another", "Box");

        Assert.Equal((message, "the first"), (Text(await account.Newest(mailbox), "id"), Text(await account.Newest(mailbox), "subject")));
        Assert.Equal(mailbox, Text(await At(account, "Elsewhere"), "id"));
        var anew = Text(await At(account, "Box"), "id")!;
        Assert.NotEqual(mailbox, anew);
        Assert.Equal("another", Text(await account.Newest(anew), "subject"));
    }

    [Fact]
    public async Task Deleted_and_made_anew_by_another_client_the_old_messages_are_gone()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var mailbox = Text(await Created(account, new { path = "Box" }), "id")!;
        await world.Deliver("the first", "Box");
        var message = Text(await account.Newest(mailbox), "id")!;
        // Elsewhere: a session of Dovecot's that still has the deleted mailbox selected damages the files of the new one (sdbox).
        await account.Items(account.Messages("inbox"));
        using (var other = await world.OtherClient())
        {
            await (await other.GetFolderAsync("Box")).DeleteAsync();
        }

        await Create(world, "Box");
        await world.Deliver("another", "Box");
        Assert.Equal((mailbox, "another"), (Text(await At(account, "Box"), "id"), Text(await account.Newest(mailbox), "subject")));
        Assert.Equal(HttpStatusCode.Gone, await StatusOf(account.Api.Get(account.Message(message))));
    }

    [Theory]
    [InlineData("list")]
    [InlineData("read")]
    [InlineData("flags")]
    [InlineData("move")]
    [InlineData("messages")]
    public async Task A_mailbox_that_another_client_deletes_while_sessions_have_it_selected_is_gone_and_nothing_else(string next)
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var mailbox = Text(await Created(account, new { path = "Doomed" }), "id")!;
        await world.Deliver("hello", "Doomed");
        var message = Text(await account.Newest(mailbox), "id")!;
        // Several sessions at once, each with the mailbox selected.
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => account.Api.Get(account.Messages(mailbox))));
        using (var other = await world.OtherClient())
        {
            await (await other.GetFolderAsync("Doomed")).DeleteAsync();
        }

        var status = await StatusOf(next switch
        {
            "list" => account.Api.Get($"{account.Mailboxes}?path=Doomed"),
            "read" => account.Api.Get(account.Mailbox(mailbox)),
            "flags" => account.Api.Patch(account.Message(message), new { flags = new { add = new[] { "$seen" } } }),
            "move" => account.Api.Patch(account.Message(message), new { mailboxId = "trash" }),
            _ => account.Api.Get(account.Messages(mailbox)),
        });
        Assert.Equal(next == "list" ? HttpStatusCode.OK : HttpStatusCode.Gone, status);
        Assert.Equal(HttpStatusCode.Gone, await StatusOf(account.Api.Get(account.Messages(mailbox))));
        Assert.Equal(HttpStatusCode.Gone, await StatusOf(account.Api.Get(account.Message(message))));
        Assert.Equal(HttpStatusCode.OK, await StatusOf(account.Api.Get(account.Messages("inbox"))));
    }

    [Fact]
    public async Task Mailboxes_others_share_are_visible_with_the_rights_given_and_have_no_role()
    {
        await using var world = await World.WithDovecot();
        var owner = World.NewUser();
        using (var bob = await world.Dovecot.Client(owner))
        {
            await (await bob.GetFolderAsync("")).CreateAsync("Trash", true);
            await (await bob.GetFolderAsync("Trash")).AddAccessRightsAsync(world.User, new AccessRights("lr"));
        }

        var account = await world.AddAccount();
        var shared = await At(account, $"Other Users/{owner}/Trash");
        Assert.Null(Text(shared, "role"));
        Assert.Equal("lr", Text((await account.Api.Get(account.Mailbox(Text(shared, "id")!))).Json, "myRights"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusOf(account.Api.Delete(account.Mailbox(Text(shared, "id")!))));
    }

    [Fact]
    public async Task The_same_idempotency_key_creates_one_mailbox()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var first = await account.Api.Post(account.Mailboxes, new { path = "Once" }, ("Idempotency-Key", "k1"));
        var second = await account.Api.Post(account.Mailboxes, new { path = "Once" }, ("Idempotency-Key", "k1"));
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created, Text(first.Json, "id")), (first.Status, second.Status, Text(second.Json, "id")));
    }

    [Fact]
    public async Task A_letter_in_two_pieces_is_the_mailbox_the_server_makes_of_it()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        var created = await Created(account, new { path = "Bu\u0308cher" });
        Assert.Equal(Text(created, "id"), Text(await Changed(account, Text(created, "id")!, new { path = "Ku\u0308che" }), "id"));
    }
}
