using System.Net;

namespace ImapGateway.IntegrationTests.Changes;

/// <summary>Reads the feed of an account as a client does that keeps nothing but its position: page by page, over every restart of the gateway.</summary>
public sealed class Follower(ApiAccount account)
{
    private string _after = "0";

    public FeedReplay Replay { get; } = new();

    /// <summary>All there is now.</summary>
    public async Task CatchUp()
    {
        while (true)
        {
            var answer = (await account.Api.Get($"{account.Path}/changes?limit=500&after={Uri.EscapeDataString(_after)}")).Is(HttpStatusCode.OK);
            foreach (var change in answer.Json.GetProperty("items").EnumerateArray())
            {
                Replay.Apply(change);
            }
            _after = answer.Text("nextAfter");
            if (answer.Json.GetProperty("items").GetArrayLength() == 0)
            {
                return;
            }
        }
    }

    /// <summary>Until what the feed tells is what is there.</summary>
    /// <param name="truth">See <see cref="Churn.Truth"/>.</param>
    public async Task Shows(IReadOnlyList<string> truth)
    {
        foreach (var mailbox in await account.Items(account.Mailboxes))
        {
            Replay.Name(mailbox.GetProperty("id").GetString()!, Churn.NameOf(mailbox.GetProperty("path").GetString()!));
        }
        try
        {
            await TestWait.For(async () =>
            {
                await CatchUp();
                return Replay.State.SequenceEqual(truth);
            });
        }
        catch (OperationCanceledException)
        {
            var (lost, extra) = (truth.Except(Replay.State).ToList(), Replay.State.Except(truth).ToList());
            Assert.Fail($"{lost.Count} are not told: {string.Join("; ", lost.Take(5))}\n{extra.Count} are not there: {string.Join("; ", extra.Take(5))}\n{string.Join('\n', Replay.Faults.Take(5))}");
        }
    }

    /// <summary>Nothing contradicts what came before, and each message was told of as one: not removed and added again.</summary>
    /// <param name="added">How often each Message-ID must have been.</param>
    public void IsSound(IReadOnlyDictionary<string, int> added)
    {
        Assert.True(Replay.Faults.Count == 0, string.Join('\n', Replay.Faults.Take(5)));
        var wrong = Replay.Added.Where(one => added.GetValueOrDefault(one.Key) < one.Value).ToList();
        Assert.True(
            wrong.Count == 0,
            $"{wrong.Count} were added too often: {string.Join(", ", wrong.Take(10).Select(one => $"{one.Key} {one.Value} times"))}\n{string.Join('\n', wrong.Take(3).SelectMany(one => Replay.Told[one.Key]))}");
        Assert.Equal(Replay.Ids.Count, Replay.Ids.Distinct().Count());
    }
}
