using System.Net;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Sync.Watching;

namespace ImapGateway.IntegrationTests.Imap;

/// <summary>The budget and the repair of connections, through the API in front of a real server.</summary>
public sealed class PoolThroughHttpTests
{
    [Fact]
    public async Task A_thousand_lists_at_once_stay_within_the_budget_and_all_are_answered()
    {
        var world = await World.WithDovecot();
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        await world.Dovecot.Seed(world.User, 300, i => System.Text.Encoding.ASCII.GetBytes($"Subject: number {i}\r\n\r\n{i}\r\n"));
        var account = await world.AddAccount(tap.Port);
        var most = 0;
        tap.OnCommand = _ =>
        {
            InterlockedMax(ref most, tap.OpenConnections);
            return Task.FromResult(TapAction.Pass);
        };
        // A third are shared looks, a third searches of their own, a third mailbox lists.
        var answers = await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => world.Api.Get((i % 3) switch
        {
            0 => account.Messages("inbox", "?limit=10"),
            1 => account.Messages("inbox", $"?limit=10&subject=number+{i % 300}"),
            _ => account.Mailboxes,
        })));
        Assert.All(answers, answer => Assert.True((int)answer.Status is 200 or 429 or 503, answer.Text));
        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.OK), answer => answer.IsProblem(answer.Text("code")));
        Assert.True(answers.Count(answer => answer.Status == HttpStatusCode.OK) > 100, $"{answers.Count(answer => answer.Status == HttpStatusCode.OK)}");
        Assert.InRange(most, 2, 4);
        (await world.Api.Get(account.Messages("inbox"))).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Requests_that_are_cancelled_at_any_moment_leave_an_account_that_works()
    {
        var world = await World.WithDovecot();
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        await world.Dovecot.Seed(world.User, 100, i => System.Text.Encoding.ASCII.GetBytes($"Subject: number {i}\r\n\r\n{i}\r\n"));
        var account = await world.AddAccount(tap.Port);
        tap.Delay = TimeSpan.FromMilliseconds(2);
        var random = new Random(7);
        for (var i = 0; i < 100; i++)
        {
            using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(random.Next(0, 40)));
            try
            {
                using var answer = await world.Gateway.Http.GetAsync(new Uri(account.Messages("inbox", $"?limit=20&subject=number+{i}"), UriKind.Relative), cancel.Token);
            }
            catch (OperationCanceledException)
            {
                // That was the point.
            }
        }
        tap.Delay = TimeSpan.Zero;
        // All of the budget works: four commands are in flight at once, which no fewer sessions could have.
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
                await all.Task;
            }
            return TapAction.Pass;
        };
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => world.Api.Get(account.Messages("inbox", $"?subject=number+{i}"))));
        Assert.All(answers, answer => answer.Is(HttpStatusCode.OK));
        Assert.InRange(tap.OpenConnections, 1, 4);
    }

    [Fact]
    public async Task Connections_that_are_reset_between_and_during_requests_are_not_noticed_by_readers()
    {
        var world = await World.WithDovecot();
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        await world.Deliver("one");
        var account = await world.AddAccount(tap.Port);
        await account.Newest();
        // A login that is cut off, too, would be a reason to wait.
        await new Committed(world.Gateway, account.Id).Fingerprinted();
        tap.Cut();
        await account.Newest();
        foreach (var command in new[] { "EXAMINE", "UID SEARCH", "NOOP" })
        {
            var cuts = 1;
            tap.OnCommand = line => Task.FromResult(line.Command == command && Interlocked.Decrement(ref cuts) == 0 ? TapAction.Cut : TapAction.Pass);
            (await world.Api.Get(account.Messages("inbox", "?subject=one"))).Is(HttpStatusCode.OK);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_move_whose_answer_is_lost_is_not_done_twice(bool reachesTheServer)
    {
        var world = await World.WithDovecot();
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        await world.Deliver("one");
        var account = await world.AddAccount(tap.Port);
        var message = await account.Newest();
        tap.OnCommand = async line =>
        {
            if (line.Command is "UID MOVE" && reachesTheServer)
            {
                // The server does it, and nobody hears of it.
                using var client = await world.OtherClient();
                await client.Inbox.OpenAsync(MailKit.FolderAccess.ReadWrite);
                await client.Inbox.MoveToAsync(0, await client.GetFolderAsync("Archive"));
            }
            return line.Command is "UID MOVE" ? TapAction.Cut : TapAction.Pass;
        };
        (await world.Api.Patch(account.Message(message.GetProperty("id").GetString()!), new { mailboxId = "archive" })).IsProblem("account.unavailable");
        Assert.Equal(1, tap.CountOf("UID MOVE"));
        tap.OnCommand = null;
        Assert.Equal(reachesTheServer ? 0 : 1, (await account.Items(account.Messages("inbox"))).Count);
        Assert.Equal(reachesTheServer ? 1 : 0, (await account.Items(account.Messages("archive"))).Count);
    }

    [Fact]
    public async Task A_real_server_with_room_for_two_is_used_with_two_and_the_account_says_so()
    {
        await using var dovecot = await DovecotServer.Start(new() { MaxConnectionsPerUser = 2 });
        await using var tap = TapProxy.Start(dovecot.Port);
        var world = await World.WithDovecot();
        await dovecot.Seed(world.User, 50, i => System.Text.Encoding.ASCII.GetBytes($"Subject: number {i}\r\n\r\n{i}\r\n"));
        var account = await world.AddAccount(tap.Port);
        // More than two searches at once, held until the third connection has been refused.
        var refused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        tap.OnCommand = async line =>
        {
            if (line.Command == "UID SEARCH" && line.Text.Contains("SUBJECT", StringComparison.OrdinalIgnoreCase))
            {
                await refused.Task.WaitAsync(Journal<string>.Patience);
            }
            return TapAction.Pass;
        };
        var lists = Enumerable.Range(0, 20).Select(i => world.Api.Get(account.Messages("inbox", $"?subject=number+{i}"))).ToList();
        await tap.Lines.First(line => !line.FromClient && line.Text.Contains(" NO [LIMIT]", StringComparison.Ordinal));
        refused.SetResult();
        Assert.All(await Task.WhenAll(lists), answer => answer.Is(HttpStatusCode.OK));
        var state = await world.Api.Get(account.Path);
        Assert.Equal(("connected", "account.limit", "LIMIT"), (state.Text("state"), state.Text("lastError", "code"), state.Text("lastError", "upstream", "code")));
        Assert.EndsWith("In use: 2.", state.Text("lastError", "detail"), StringComparison.Ordinal);
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); value > seen && Interlocked.CompareExchange(ref most, value, seen) != seen; seen = Volatile.Read(ref most))
        {
            // Somebody else was quicker.
        }
    }
}
