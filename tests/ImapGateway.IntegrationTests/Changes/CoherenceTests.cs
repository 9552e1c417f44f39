using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace ImapGateway.IntegrationTests.Changes;

/// <summary>
/// Ten readers beside two mail clients, and one that writes through the gateway: each list is exactly what the feed had told up to the list's position, and to what the reader had heard before: where nothing has changed in the
/// mailbox since, it may be the answer of before.
/// </summary>
public sealed class CoherenceTests
{
    private const int Readers = 10;

    [Fact]
    public Task No_list_is_older_than_what_the_feed_has_told() => Agree(TimeSpan.FromSeconds(8));

    [Fact]
    [Trait("Category", "long")]
    public Task No_list_is_older_than_what_the_feed_has_told_for_a_minute() => Agree(TimeSpan.FromMinutes(1));

    private static async Task Agree(TimeSpan span)
    {
        await using var world = await World.OfItsOwn(null, ("Watch:MoveWindow", "2s"));
        await using var one = await Churn.Start(world.OtherClient, 1);
        await using var other = await Churn.Start(world.OtherClient, 2);
        var account = await world.AddAccount(watch: "all");
        await TestWait.For(async () => (await account.Api.Get(account.Path)).Text("state") == "connected");
        var samples = new ConcurrentBag<(long Position, string[] Shown)>();
        using var stop = new CancellationTokenSource(span);
        var churn = Task.WhenAll(one.Run(stop.Token), other.Run(stop.Token));
        var own = Task.Run(() => OwnWrites(account, stop.Token));
        await Task.WhenAll(Enumerable.Range(0, Readers).Select(_ => Task.Run(() => Read(account, samples, stop.Token))));
        await churn;
        await own;
        await Check(account, samples);
    }

    private static long SequenceOf(string position) => long.Parse(position[(position.LastIndexOf('_') + 1)..], CultureInfo.InvariantCulture);

    private static string Line(string id, JsonElement flags) => $"{id} {string.Join(',', flags.EnumerateArray().Select(flag => flag.GetString()).Order(StringComparer.Ordinal))}";

    private static async Task Read(ApiAccount account, ConcurrentBag<(long Position, string[] Shown)> samples, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var heard = SequenceOf((await account.Api.Get($"{account.Path}/changes?after=latest")).Is(HttpStatusCode.OK).Text("nextAfter"));
            var list = (await account.Api.Get(account.Messages("inbox", "?limit=500&fields=id,flags"))).Is(HttpStatusCode.OK);
            var position = SequenceOf(list.Text("feedPosition"));
            Assert.False(list.Headers.Contains("Gateway-Stale"));
            string[] shown = [.. list.Json.GetProperty("items").EnumerateArray().Select(message => Line(message.GetProperty("id").GetString()!, message.GetProperty("flags")))];
            samples.Add((position, shown));
            samples.Add((Math.Max(position, heard), shown));
        }
    }

    /// <summary>A client that writes through the gateway sees what it has written at once.</summary>
    private static async Task OwnWrites(ApiAccount account, CancellationToken stop)
    {
        for (var n = 0; !stop.IsCancellationRequested; n++)
        {
            var items = await account.Items(account.Messages("inbox", "?limit=50"));
            if (items.Count == 0)
            {
                continue;
            }
            var id = items[n % items.Count].GetProperty("id").GetString()!;
            var keyword = $"own{n}";
            if ((await account.Api.Patch(account.Message(id), new { flags = new { add = new[] { keyword } } })).Status != HttpStatusCode.OK)
            {
                // Gone meanwhile, or on the move.
                continue;
            }
            var seen = await account.Api.Get(account.Message(id));
            Assert.True(seen.Status is HttpStatusCode.Gone or HttpStatusCode.ServiceUnavailable || seen.Json.GetProperty("flags").EnumerateArray().Any(flag => flag.GetString() == keyword), seen.Text);
        }
    }

    private static async Task Check(ApiAccount account, ConcurrentBag<(long Position, string[] Shown)> samples)
    {
        Assert.NotEmpty(samples);
        var inbox = (await account.Api.Get(account.Mailbox("inbox"))).Text("id");
        var wanted = samples.ToLookup(sample => sample.Position);
        var shown = new Dictionary<string, string>();
        var after = "0";
        var compared = Compare(0);
        while (true)
        {
            var page = (await account.Api.Get($"{account.Path}/changes?limit=500&after={after}")).Is(HttpStatusCode.OK);
            after = page.Text("nextAfter");
            foreach (var change in page.Json.GetProperty("items").EnumerateArray())
            {
                Apply(change, inbox, shown);
                compared += Compare(long.Parse(change.GetProperty("sequence").GetString()!, CultureInfo.InvariantCulture));
            }
            if (page.Json.GetProperty("items").GetArrayLength() == 0)
            {
                break;
            }
        }
        Assert.Equal(samples.Count, compared);
        Assert.True(wanted.Count > 10, "Hardly anything has changed.");

        int Compare(long position)
        {
            foreach (var (_, lines) in wanted[position])
            {
                Assert.Equal(shown.Values.Order(StringComparer.Ordinal), lines.Order(StringComparer.Ordinal));
            }
            return wanted[position].Count();
        }
    }

    private static void Apply(JsonElement change, string inbox, Dictionary<string, string> shown)
    {
        var (type, data) = (change.GetProperty("type").GetString()!, change.GetProperty("data"));
        if (!type.StartsWith("message.", StringComparison.Ordinal))
        {
            return;
        }
        var (id, isThere) = (data.GetProperty("id").GetString()!, data.GetProperty("mailboxId").GetString() == inbox);
        switch (type)
        {
            case "message.added" when isThere:
                shown[id] = Line(id, data.GetProperty("message").GetProperty("flags"));
                break;
            case "message.flags_changed" when isThere:
                shown[id] = Line(id, data.GetProperty("flags"));
                break;
            case "message.moved" when isThere:
                shown[id] = Line(id, data.GetProperty("flags"));
                break;
            case "message.moved":
            case "message.removed" when isThere:
                shown.Remove(id);
                break;
        }
    }
}
