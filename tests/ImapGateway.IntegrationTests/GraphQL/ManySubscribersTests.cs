using System.Globalization;
using ImapGateway.IntegrationTests.Changes;
using static ImapGateway.IntegrationTests.Changes.SampleChanges;

namespace ImapGateway.IntegrationTests.GraphQL;

/// <summary>Subscribers beside each other on one gateway.</summary>
[Collection(nameof(AloneInTheProcess))]
public sealed class ManySubscribersTests
{
    private const string Follow = "subscription ($after: String) { allChanges(after: $after) { sequence position ... on MessageAdded { message { subject } } } }";

    [Fact]
    public async Task A_subscriber_who_takes_nothing_costs_little_memory_delays_nobody_and_misses_nothing()
    {
        // 4 KB each: 40 MB in all, which could not be held for a subscriber without being noticed.
        const int Rounds = 100;
        const int Each = 100;
        await using var feed = await LiveFeed.Start();
        var anna = await feed.AddAccount("anna");
        var slow = await GraphSocket.Open(feed.Address, feed.AdminKey);
        using var quick = await GraphSocket.Open(feed.Address, feed.AdminKey);
        await slow.Subscribe("1", Follow, new { after = "0" });
        await quick.Subscribe("1", Follow, new { after = "0" });
        var subject = new string('x', 4000);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var round = 0; round < Rounds; round++)
        {
            await feed.Append(anna, "anna", [.. Enumerable.Range(1, Each).Select(n => Added(round * Each + n, subject))]);
            await Follows(quick, round * Each + 1, Each);
        }
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.InRange(grown, long.MinValue, 25 * 1024 * 1024);
        await Resumes(feed, slow, Rounds * Each);
    }

    [Fact]
    public async Task Hundreds_of_subscribers_get_everything()
    {
        const int Subscribers = 300;
        const int Changes = 30;
        await using var feed = await LiveFeed.Start();
        var anna = await feed.AddAccount("anna");
        var sockets = await Task.WhenAll(Enumerable.Range(0, Subscribers).Select(_ => GraphSocket.Open(feed.Address, feed.AdminKey)));
        await Task.WhenAll(sockets.Select(socket => socket.Subscribe("1", Follow)));
        await TestWait.For(() => feed.Log.Waiting == Subscribers);
        for (var n = 1; n <= Changes; n += 3)
        {
            await feed.Append(anna, "anna", Added(n), Removed(n), Flagged(n));
        }
        await Task.WhenAll(sockets.Select(socket => Follows(socket, 1, Changes)));
        Array.ForEach(sockets, socket => socket.Dispose());
    }

    /// <summary>A machine that is busy may have taken so long that the gateway has cut it off: it comes back.</summary>
    private static async Task Resumes(LiveFeed feed, GraphSocket socket, int count)
    {
        var place = "0";
        for (var n = 1; n <= count;)
        {
            if (await socket.NextOrLost() is { } message)
            {
                var change = message.At("payload.data.allChanges");
                Assert.Equal(n++.ToString(CultureInfo.InvariantCulture), change.GetProperty("sequence").GetString());
                place = change.GetProperty("position").GetString()!;
                continue;
            }
            socket.Dispose();
            socket = await GraphSocket.Open(feed.Address, feed.AdminKey);
            await socket.Subscribe("1", Follow, new { after = place });
        }
        socket.Dispose();
    }

    private static async Task Follows(GraphSocket socket, int first, int count)
    {
        for (var n = first; n < first + count; n++)
        {
            Assert.Equal(n.ToString(CultureInfo.InvariantCulture), (await socket.NextItem()).GetProperty("sequence").GetString());
        }
    }
}
