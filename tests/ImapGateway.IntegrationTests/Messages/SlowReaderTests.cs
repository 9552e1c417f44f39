using System.Net;
using System.Net.Sockets;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>Downloads whose readers are slow, many, or gone.</summary>
[Trait("Category", "judges")]
public sealed class SlowReaderTests
{
    private const int Large = 50_000_000;

    private static async Task<(World World, TapProxy Tap, ApiAccount Account, string Id)> With(byte[] content)
    {
        var world = await World.WithDovecot();
        var tap = TapProxy.Start(world.Dovecot.Port);
        await world.Dovecot.Seed(world.User, 60, i => Mail.Octets($"Subject: number {i}\n\n{i}\n"));
        var account = await world.AddAccount(tap.Port);
        return (world, tap, account, await world.Deliver(account, Mail.WithFile(content)));
    }

    [Fact]
    public async Task A_slow_reader_of_50_MB_gets_every_octet_and_a_hundred_lists_beside_it_are_answered()
    {
        var content = Mail.Content(Large);
        var (world, tap, account, id) = await With(content);
        await using var _ = tap;
        using var reader = await SlowReader.Get(world.Gateway, account.Message(id, "/parts/2"));
        var (header, first) = await reader.Header();
        Assert.StartsWith("HTTP/1.1 200", header, StringComparison.Ordinal);
        using var received = new MemoryStream();
        received.Write(first);
        var lists = Task.WhenAll(Enumerable.Range(0, 100).Select(i => world.Api.Get(account.Messages("inbox", i % 2 == 0 ? "?limit=50" : $"?subject=number+{i % 60}"))));
        // The rest stays where it is until all lists are answered.
        while (!lists.IsCompleted && received.Length < Large / 2)
        {
            received.Write(await reader.Take(1024));
        }

        Assert.All(await lists, answer => answer.Is(HttpStatusCode.OK));
        while (await reader.Take(int.MaxValue) is { Length: > 0 } octets)
        {
            received.Write(octets);
        }

        Assert.True(content.AsSpan().SequenceEqual(received.ToArray()), $"{received.Length} octets came.");
    }

    [Fact]
    public async Task Downloads_never_hold_the_last_worker()
    {
        var (world, tap, account, id) = await With(Mail.Content(Large));
        await using var _ = tap;
        var readers = new List<SlowReader>();
        try
        {
            // Three of four workers stream; a fourth download waits its turn in vain and says so.
            for (var i = 0; i < 3; i++)
            {
                readers.Add(await SlowReader.Get(world.Gateway, account.Message(id, "/raw")));
                Assert.StartsWith("HTTP/1.1 200", (await readers[^1].Header()).Header, StringComparison.Ordinal);
            }

            var fourth = world.Api.Get(account.Message(id, "/raw"));
            Assert.All(await Task.WhenAll(Enumerable.Range(0, 40).Select(i => world.Api.Get(account.Messages("inbox", $"?subject=number+{i}")))), answer => answer.Is(HttpStatusCode.OK));
            (await fourth).Is(HttpStatusCode.TooManyRequests).IsProblem("account.busy");
        }
        finally
        {
            readers.ForEach(reader => reader.Dispose());
        }

        // Their ends free the workers.
        Assert.Equal(HttpStatusCode.OK, (await world.Gateway.Http.Download(account.Message(id, "/parts/1"))).Status);
    }

    [Theory]
    [InlineData("/raw", true)]
    [InlineData("/parts/2", false)]
    public async Task A_download_breaks_off_when_its_key_loses_the_right_and_others_go_on(string section, bool isDeleted)
    {
        var content = Mail.Content(20_000_000);
        var (world, tap, account, id) = await With(content);
        await using var _ = tap;
        var made = (await world.Api.Post("/v1/keys", new { name = "reader", scopes = new[] { "mail.read" } })).Is(HttpStatusCode.Created);
        using var reader = await SlowReader.Get(world.Gateway, account.Message(id, section), made.Text("key"));
        using var other = await SlowReader.Get(world.Gateway, account.Message(id, "/parts/2"));
        Assert.StartsWith("HTTP/1.1 200", (await reader.Header()).Header, StringComparison.Ordinal);
        var received = (await other.Header()).Octets.Length;

        var key = $"/v1/keys/{made.Text("id")}";
        var lost = await (isDeleted ? world.Api.Delete(key) : world.Api.Patch(key, new { scopes = new[] { "mail.readBasic" } }));
        lost.Is(isDeleted ? HttpStatusCode.NoContent : HttpStatusCode.OK);
        // Octet by octet, so that the end cannot come first.
        await Assert.ThrowsAsync<SocketException>(async () =>
        {
            while ((await reader.Take(1)).Length > 0)
            {
            }
        });
        while (await other.Take(int.MaxValue) is { Length: > 0 } octets)
        {
            received += octets.Length;
        }
        Assert.Equal(content.Length, received);
    }

    [Fact]
    public async Task Readers_that_go_in_the_middle_leave_an_account_that_works()
    {
        var (world, tap, account, id) = await With(Mail.Content(20_000_000));
        await using var _ = tap;
        var random = new Random(3);
        await Task.WhenAll(Enumerable.Range(0, 12).Select(async i =>
        {
            using var reader = await SlowReader.Get(world.Gateway, account.Message(id, i % 2 == 0 ? "/raw" : "/parts/2"));
            // At any moment: before the first octet, after some.
            for (var octets = random.Next(0, 3) * 200_000; octets > 0;)
            {
                octets -= Math.Max(1, (await reader.Take(octets)).Length);
            }
        }));
        // All workers can be had at once: four commands are in flight, which no fewer sessions could have.
        var inFlight = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        tap.OnCommand = async line =>
        {
            if (line.Command == "UID SEARCH")
            {
                if (Interlocked.Increment(ref inFlight) == 4)
                {
                    all.SetResult();
                }

                await all.Task.WaitAsync(Journal<string>.Patience);
            }

            return TapAction.Pass;
        };
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 8).Select(i => world.Api.Get(account.Messages("inbox", $"?subject=number+{i}")))), answer => answer.Is(HttpStatusCode.OK));
        Assert.InRange(tap.OpenConnections, 1, 4);
        Assert.Equal(HttpStatusCode.OK, (await world.Gateway.Http.Download(account.Message(id, "/parts/1"))).Status);
    }
}
