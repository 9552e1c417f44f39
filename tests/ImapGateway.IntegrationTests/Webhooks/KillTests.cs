using ImapGateway.IntegrationTests.Servers;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace ImapGateway.IntegrationTests.Webhooks;

/// <summary>The gateway is killed while it delivers to a receiver that fails at random.</summary>
public class KillTests
{
    private const int Kills = 6;
    private const int Messages = 300;

    [Theory]
    [Trait("Category", "long")]
    [InlineData("Sqlite")]
    [InlineData("Postgres")]
    public async Task Every_change_arrives_in_order_with_the_same_bytes_however_often_the_gateway_is_killed(string store)
    {
        (string, string)[] storage = store == "Sqlite" ? [] : PostgresServer.Settings(await (await SharedServers.Postgres).NewDatabase());
        // Long enough that no run of failures comes to its end.
        var schedule = Enumerable.Range(0, 20).Select(step => ($"Webhooks:RetrySchedule:{step}", "50ms"));
        await using var world = await World.OfItsOwn(new DovecotOptions(), [.. storage, .. schedule]);
        await using var receiver = await Receiver.Start();
        var random = new Random(4711);
        receiver.Answer = (_, response) =>
        {
            lock (random)
            {
                response.StatusCode = random.Next(10) == 0 ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status204NoContent;
            }
            return Task.CompletedTask;
        };
        var account = await world.AddAccount(watch: "all");
        await TestWait.For(async () => (await world.Api.Get($"{account.Path}/changes?after=0&types=account.synced")).Json.GetProperty("items").GetArrayLength() == 1);
        (await world.Api.Post("/v1/webhooks", new { url = receiver.Url(), types = new[] { "message.added" } })).Is(HttpStatusCode.Created);

        var delivering = Task.Run(async () =>
        {
            for (var n = 1; n <= Messages; n++)
            {
                await world.Deliver($"message {n}");
            }
        });
        for (var kill = 0; kill < Kills; kill++)
        {
            var seen = receiver.Count;
            await TestWait.For(() => receiver.Count > seen + 5 || delivering.IsCompleted);
            await world.Gateway.Kill();
            await world.Gateway.Resume();
        }
        await delivering;

        static string SubjectOf(Received call) => call.Json.GetProperty("data").GetProperty("message").GetProperty("subject").GetString()!;
        int Arrived() => receiver.Calls.Select(call => call.Id).Distinct().Count();
        for (var before = -1; before < Messages; before = Arrived())
        {
            await TestWait.For(() => Arrived() > before || before == Messages);
        }
        var firsts = receiver.Calls.DistinctBy(call => call.Id).ToList();
        Assert.Equal(Enumerable.Range(1, Messages).Select(n => $"message {n}"), firsts.Select(SubjectOf));
        Assert.All(receiver.Calls.GroupBy(call => call.Id), same => Assert.Single(same.Select(call => Convert.ToHexString(call.Body)).Distinct()));
        var sequences = firsts.Select(call => long.Parse(call.Json.GetProperty("sequence").GetString()!, CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(sequences.Order(), sequences);
    }
}
