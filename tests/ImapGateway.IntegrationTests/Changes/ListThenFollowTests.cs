using System.Net;
using ImapGateway.IntegrationTests.Servers;
using MailKit;

namespace ImapGateway.IntegrationTests.Changes;

/// <summary>Whoever lists and then follows from the list's position knows at the end what there is, however much happens meanwhile.</summary>
public class ListThenFollowTests
{
    private const int Followers = 6;
    private const int Steps = 120;

    [Fact]
    public async Task A_list_and_what_follows_from_its_position_are_the_mailbox()
    {
        var world = await World.WithDovecot();
        for (var n = 0; n < 20; n++)
        {
            await world.Deliver($"first {n}");
        }
        var imap = new { host = DovecotServer.Host, port = world.Dovecot.Port, security = "none", username = world.User, password = DovecotServer.Password };
        var account = await world.AddAccount(new { name = world.User, email = world.User, imap, watch = "all" });

        // Each begins at another moment of the churn.
        var churn = Task.Run(() => Churn(world));
        var followers = new List<Follower>();
        for (var n = 0; n < Followers; n++)
        {
            followers.Add(await Follower.List(account));
        }
        await churn;
        // What has happened last may be seen by the gateway only while they compare.
        await TestWait.For(async () =>
        {
            await Task.WhenAll(followers.Select(follower => follower.Follow()));
            var listed = (await Follower.List(account)).Messages.ToHashSet();
            return followers.TrueForAll(follower => listed.SetEquals(follower.Messages));
        });
    }

    [Fact]
    public async Task Every_page_has_the_position_of_the_first_and_an_account_has_one_too()
    {
        var world = await World.WithDovecot();
        for (var n = 0; n < 5; n++)
        {
            await world.Deliver($"first {n}");
        }
        var account = await world.AddAccount();
        var first = (await world.Api.Get(account.Messages("inbox", "?limit=2"))).Is(HttpStatusCode.OK);
        var position = first.Text("feedPosition");
        await world.Deliver("second");
        Assert.NotEqual(position, (await world.Api.Get(account.Messages("inbox"))).Is(HttpStatusCode.OK).Text("feedPosition"));
        var next = (await world.Api.Get(account.Messages("inbox", $"?limit=2&cursor={first.Text("nextCursor")}"))).Is(HttpStatusCode.OK);
        Assert.Equal(position, next.Text("feedPosition"));
        var added = Assert.Single((await world.Api.Get($"{account.Path}/changes?after={position}")).Is(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray());
        Assert.Equal("message.added", added.GetProperty("type").GetString());
        foreach (var path in new[] { account.Path, account.Mailboxes })
        {
            var now = (await world.Api.Get(path)).Is(HttpStatusCode.OK).Text("feedPosition");
            Assert.Equal(now, (await world.Api.Get($"{account.Path}/changes?after=latest")).Text("nextAfter"));
        }
    }

    /// <summary>Mail arrives, is flagged and unflagged, and goes.</summary>
    private static async Task Churn(World world)
    {
        var random = new Random(7);
        using var client = await world.OtherClient();
        await client.Inbox.OpenAsync(FolderAccess.ReadWrite);
        for (var step = 0; step < Steps; step++)
        {
            if (random.Next(3) == 0 || client.Inbox.Count < 5)
            {
                await world.Deliver($"step {step}");
                await client.NoOpAsync();
                continue;
            }
            var index = random.Next(client.Inbox.Count);
            switch (random.Next(3))
            {
                case 0:
                    await client.Inbox.AddFlagsAsync(index, MessageFlags.Deleted, silent: true);
                    await client.Inbox.ExpungeAsync();
                    break;
                case 1:
                    await client.Inbox.AddFlagsAsync(index, MessageFlags.Flagged | MessageFlags.Seen, silent: true);
                    break;
                default:
                    await client.Inbox.SetFlagsAsync(index, MessageFlags.Answered, silent: true);
                    break;
            }
        }
        await client.DisconnectAsync(quit: true);
    }

    /// <summary>What a client knows of the inbox: each message with its flags.</summary>
    private sealed class Follower(ApiAccount account, string position)
    {
        private readonly Dictionary<string, string> _flags = [];
        private string _position = position;

        public IEnumerable<string> Messages => _flags.Select(pair => $"{pair.Key} {pair.Value}");

        public static async Task<Follower> List(ApiAccount account)
        {
            var page = (await account.Api.Get(account.Messages("inbox", "?limit=4"))).Is(HttpStatusCode.OK);
            var follower = new Follower(account, page.Text("feedPosition"));
            while (true)
            {
                foreach (var message in page.Json.GetProperty("items").EnumerateArray())
                {
                    follower._flags[message.GetProperty("id").GetString()!] = message.GetProperty("flags").GetRawText();
                }
                if (page.Json.GetProperty("nextCursor").GetString() is not { } cursor)
                {
                    return follower;
                }
                page = (await account.Api.Get(account.Messages("inbox", $"?limit=4&cursor={cursor}"))).Is(HttpStatusCode.OK);
                Assert.Equal(follower._position, page.Text("feedPosition"));
            }
        }

        public async Task Follow()
        {
            var page = (await account.Api.Get($"{account.Path}/changes?limit=500&types=message.*&after={_position}")).Is(HttpStatusCode.OK);
            _position = page.Text("nextAfter");
            foreach (var change in page.Json.GetProperty("items").EnumerateArray())
            {
                var data = change.GetProperty("data");
                var id = data.GetProperty("id").GetString()!;
                switch (change.GetProperty("type").GetString())
                {
                    case "message.added":
                        _flags[id] = data.GetProperty("message").GetProperty("flags").GetRawText();
                        break;
                    case "message.flags_changed" when _flags.ContainsKey(id):
                        _flags[id] = data.GetProperty("flags").GetRawText();
                        break;
                    case "message.removed":
                        _flags.Remove(id);
                        break;
                }
            }
        }
    }
}
