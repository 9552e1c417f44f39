using System.Globalization;
using System.Text.Json;
using ImapGateway.IntegrationTests.Contract;
using ImapGateway.IntegrationTests.Servers;
using static ImapGateway.IntegrationTests.Changes.SampleChanges;

namespace ImapGateway.IntegrationTests.Changes;

/// <summary>Streams as public clients read them: they come back after the connection is lost, and miss and repeat nothing.</summary>
[Trait("Category", "judges")]
public class EventJudgesTests
{
    private const int Events = 20;

    [Fact]
    public async Task The_npm_package_eventsource_follows_over_a_lost_connection()
    {
        await using var feed = await LiveFeed.Start();
        await Follow(feed, address => Judges.Run("events.mjs", address, Events.ToString(CultureInfo.InvariantCulture)));
    }

    [Fact]
    public async Task A_page_in_Chromium_follows_over_a_lost_connection()
    {
        var port = FreePort.Next();
        await using var feed = await LiveFeed.Start(postgres: false, ("Cors:Origins:0", string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")));
        using var profile = new TemporaryDirectory();
        await Follow(feed, address => Judges.Run("browser-events.mjs", profile["profile"], port.ToString(CultureInfo.InvariantCulture), address, Events.ToString(CultureInfo.InvariantCulture)));
    }

    private static async Task Follow(LiveFeed feed, Func<string, Task<IReadOnlyList<string>>> client)
    {
        var anna = await feed.AddAccount("anna");
        var ticket = (await feed.Api.Post("/v1/tickets", new { accounts = new[] { "anna" } })).Text("ticket");
        await using var proxy = TapProxy.Start(feed.Address.Port);
        await feed.Append(anna, "anna", Many(1, 5));
        var following = client(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{proxy.Port}/v1/events?after=0&ticket={ticket}"));
        for (var n = 6; n <= Events; n += 5)
        {
            // One is there, and then lost while more happens.
            var connections = proxy.Connections;
            await TestWait.For(() => proxy.OpenConnections > 0 && feed.Log.Waiting > 0 || following.IsCompleted);
            proxy.Cut();
            await feed.Append(anna, "anna", [Added(n, $"größer\n{n}"), .. Many(n + 1, 4)]);
            await TestWait.For(() => proxy.Connections > connections || following.IsCompleted);
        }
        var output = await following;
        Assert.True(output.Count(line => line == "open") > 1, "The connection was never lost.");
        var seen = output.Where(line => line != "open").Select(line => JsonElement.Parse(line)).ToList();
        var kept = (await feed.Api.Get("/v1/changes?limit=500")).Json.GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(kept.Select(change => change.GetRawText()), seen.Select(each => each.GetProperty("data").GetString()));
        Assert.Equal(kept.Select(change => change.GetProperty("type").GetString()), seen.Select(each => each.GetProperty("type").GetString()));
        Assert.Equal((await feed.Api.Get("/v1/changes?after=latest")).Text("nextAfter"), seen[^1].GetProperty("id").GetString());
    }
}
