using System.Globalization;
using System.Net.Sockets;
using System.Text;
using static ImapGateway.IntegrationTests.Changes.SampleChanges;

namespace ImapGateway.IntegrationTests.Changes;

/// <summary>What measures the memory of the test process itself: nothing else runs beside it.</summary>
[CollectionDefinition(nameof(AloneInTheProcess), DisableParallelization = true)]
public sealed class AloneInTheProcess;

/// <summary>A thousand streams on one gateway.</summary>
[Collection(nameof(AloneInTheProcess))]
public class ManyReadersTests
{
    private const int Readers = 1000;

    [Fact]
    public async Task A_thousand_readers_get_everything_while_one_of_them_takes_nothing()
    {
        const int Changes = 60;
        await using var feed = await LiveFeed.Start();
        var anna = await feed.AddAccount("anna");
        using var stalled = await Connect(feed);
        using var http = feed.Client(feed.AdminKey);
        var readers = await Task.WhenAll(Enumerable.Range(0, Readers - 1).Select(n => EventReader.Open(http, n % 2 == 0 ? "/v1/events" : "/v1/accounts/anna/events")));
        try
        {
            await TestWait.For(() => feed.Log.Waiting == Readers);
            for (var n = 1; n <= Changes; n += 3)
            {
                await feed.Append(anna, "anna", Added(n), Removed(n), Flagged(n));
            }
            await Task.WhenAll(readers.Select(async events =>
            {
                for (var n = 1; n <= Changes; n++)
                {
                    Assert.Equal(n.ToString(CultureInfo.InvariantCulture), (await events.Next())!.Json.GetProperty("sequence").GetString());
                }
            }));
        }
        finally
        {
            foreach (var events in readers)
            {
                await events.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task A_reader_who_takes_nothing_costs_little_memory_and_delays_nobody()
    {
        // 4 KB each: 40 MB in all, which could not be held for a reader without being noticed.
        const int Rounds = 100;
        const int Each = 100;
        await using var feed = await LiveFeed.Start();
        var anna = await feed.AddAccount("anna");
        using var stalled = await Connect(feed);
        await using var healthy = await EventReader.Open(feed.Client(feed.AdminKey), "/v1/events");
        await healthy.NextBlock();
        var subject = new string('x', 4000);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var round = 0; round < Rounds; round++)
        {
            await feed.Append(anna, "anna", [.. Enumerable.Range(1, Each).Select(n => Added(round * Each + n, subject))]);
            for (var n = 1; n <= Each; n++)
            {
                Assert.Equal((round * Each + n).ToString(CultureInfo.InvariantCulture), (await healthy.Next())!.Json.GetProperty("sequence").GetString());
            }
        }
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.InRange(grown, long.MinValue, 25 * 1024 * 1024);
    }

    /// <summary>A client that reads nothing but the beginning.</summary>
    private static async Task<Socket> Connect(LiveFeed feed)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 8192 };
        await socket.ConnectAsync(feed.Address.Host, feed.Address.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /v1/events HTTP/1.1\r\nHost: {feed.Address.Authority}\r\nAuthorization: Bearer {feed.AdminKey}\r\n\r\n"));
        var buffer = new byte[1024];
        Assert.True(await socket.ReceiveAsync(buffer) > 0);
        return socket;
    }
}
