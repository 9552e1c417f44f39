using System.Collections.Concurrent;
using ImapGateway.IntegrationTests.Webhooks;
using Microsoft.AspNetCore.Http;

namespace ImapGateway.IntegrationTests.Changes;

/// <summary>A receiver of webhooks that refuses every fifth call or so, and remembers what it took.</summary>
public sealed class FailingReceiver : IAsyncDisposable
{
    private readonly Receiver _receiver;
    private readonly ConcurrentQueue<string> _taken = new();

    private FailingReceiver(Receiver receiver) => _receiver = receiver;

    public string Url => _receiver.Url();

    public int Calls => _receiver.Count;

    public static async Task<FailingReceiver> Start(int seed)
    {
        var random = new Random(seed);
        var receiver = new FailingReceiver(await Receiver.Start());
        receiver._receiver.Answer = (call, response) =>
        {
            bool takes;
            lock (random)
            {
                takes = random.Next(5) > 0;
            }
            if (takes)
            {
                receiver._taken.Enqueue(call.Id);
            }
            response.StatusCode = takes ? StatusCodes.Status204NoContent : StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        };
        return receiver;
    }

    /// <summary>Every one of these was taken, in this order; a kill may repeat some, always with the same bytes. Nothing else came.</summary>
    /// <param name="ids">Of the changes.</param>
    /// <param name="explain">What the gateway says of the deliveries, for whoever has to find out why one did not come.</param>
    public async Task HasTaken(IReadOnlyList<string> ids, Func<Task<string>> explain)
    {
        // Each refusal costs a pause: many take long, but something comes all the time.
        for (var taken = -1; _taken.Distinct().Count() is var now && now < ids.Count; taken = now)
        {
            try
            {
                await TestWait.For(() => _taken.Distinct().Count() > taken);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"{now} of {ids.Count} were taken; the first that was not: {ids.Except(_taken).FirstOrDefault()}\n{await explain()}");
            }
        }
        Assert.Equal(ids, _taken.Distinct());
        Assert.All(_receiver.Calls.GroupBy(call => call.Id), calls => Assert.Single(calls.Select(call => Convert.ToBase64String(call.Body)).Distinct()));
    }

    public ValueTask DisposeAsync() => _receiver.DisposeAsync();
}
