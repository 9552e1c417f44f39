using System.Diagnostics;
using System.Text;
using ImapGateway.IntegrationTests;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.Benchmarks.Load;

/// <summary>Many accounts, all of the same mailbox: to the gateway each is an account like any other.</summary>
/// <param name="port">Of the server that has the account of this number.</param>
public sealed class WatchedAccounts(MeasuredGateway gateway, Func<int, int> port, string watch = "all")
{
    public const string User = "bench@example.com";

    public int Count { get; private set; }

    public static Task SeedAsync(DovecotServer dovecot, int messages) =>
        dovecot.Seed(User, messages, i => Encoding.ASCII.GetBytes($"From: Anna <a@example.org>\r\nTo: b@example.org\r\nSubject: {i}\r\nMessage-ID: <{i}@example.org>\r\n\r\nx\r\n"));

    public static string Id(int number) => $"a{number}";

    /// <summary>Until there are so many, and all that has to be known of them is stored, fingerprints too.</summary>
    public async Task GrowAsync(int count)
    {
        var added = Enumerable.Range(Count, count - Count).ToList();
        await Parallel.ForEachAsync(added, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (number, _) => await gateway.PutAsync(Id(number), port(number), User, watch));
        foreach (var number in added)
        {
            await gateway.ConnectedAsync(Id(number));
        }
        Count = count;
        await gateway.Cost.QuietAsync();
    }

    /// <summary>Stops the gateway and starts it again.</summary>
    /// <returns>The time from the start until all are watched, and the memory when that has settled.</returns>
    public async Task<(TimeSpan Watched, long Resident)> RestartAsync()
    {
        await gateway.Process.Stop();
        var start = Stopwatch.GetTimestamp();
        await gateway.Process.Resume();
        await TestWait.For(
            () => Task.FromResult(gateway.Process.Output.Count(line => line.Contains(" is watched by ", StringComparison.Ordinal)) >= Count), MeasuredGateway.Patience);
        var watched = Stopwatch.GetElapsedTime(start);
        await gateway.Cost.QuietAsync();
        return (watched, gateway.Cost.ResidentBytes);
    }
}
